import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { AppModule, type AppParts } from './app.module';
import { configureApp } from './app.setup';
import { EXIT_CONFIG, isSentence, openVault } from './open-vault';
import { AppConfig } from './platform/config/app-config';
import { FastExpressAdapter } from './platform/http/fast-express.adapter';
import type { SlowBodyWatch } from './platform/http/slow-body-watch';
import { createLogger } from './platform/logging/logger';
import { NestLogger } from './platform/logging/nest-logger';
import { Mailer } from './platform/mail/mailer';
import { Metrics } from './platform/metrics/metrics';
import { addressOf, serveMetrics } from './platform/metrics/metrics-server';
import { stopOnSignal } from './stop';

/**
 * Starts the vault, or says in a sentence why it does not. The order is the safety: configuration, database, key (nothing is
 * written before the key has proved itself), migrations, application.
 */
export async function startVault(env: NodeJS.ProcessEnv): Promise<void> {
  let logger = createLogger('info');
  try {
    const config = AppConfig.load(env);
    logger = createLogger(config.get('LOG_LEVEL'));
    await run(config, logger);
  } catch (error) {
    const expected = isSentence(error);
    logger.fatal(expected ? {} : { err: error }, (error as Error).message);
    process.exitCode = expected ? EXIT_CONFIG : 1;
  }
}

async function run(config: AppConfig, logger: Logger): Promise<void> {
  const vault = await openVault(config, logger, 'server');
  try {
    const { databaseUrl, masterKeys } = vault;
    const app = await buildApp({ config, logger, databaseUrl, masterKeys });
    await listen(app, config);
    await listenForScrapes(app, config, logger);
    const { port } = app.getHttpServer().address() as AddressInfo;
    logger.info(`Photovault listens on http://${config.get('HOST')}:${port} (API documents at /docs)`);
    logger.info(`PINs go to ${app.get(Mailer).destination}`);
    stopOnSignal({
      app,
      logger,
      delayMs: config.get('SHUTDOWN_DELAY_SECONDS') * 1000,
      graceMs: config.get('SHUTDOWN_GRACE_SECONDS') * 1000,
      afterwards: () => vault.close(),
    });
  } catch (error) {
    await vault.close();
    throw error;
  }
}

/**
 * The application without a port: the same for `main` and for the tests.
 * @param slowBodies when a body counts as too slow; for tests that cannot wait
 */
export async function buildApp(parts: AppParts, slowBodies?: SlowBodyWatch): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(parts), new FastExpressAdapter(), {
    bodyParser: false,
    logger: new NestLogger(parts.logger),
    abortOnError: false,
  });
  try {
    await configureApp(app, slowBodies);
    return app;
  } catch (error) {
    // Connections that are open already would keep the process for a while.
    await app.close();
    throw error;
  }
}

async function listen(app: NestExpressApplication, config: AppConfig): Promise<void> {
  const [host, port] = [config.get('HOST'), config.get('PORT')];
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw listenError(error, `${host}:${port}`, 'HOST and PORT');
  }
}

/** Last to come and last to go: the figures are there for as long as anything can be seen in them. */
async function listenForScrapes(app: NestExpressApplication, config: AppConfig, logger: Logger): Promise<void> {
  const [host, port] = [config.get('METRICS_HOST'), config.get('METRICS_PORT')];
  if (port === undefined) return;
  try {
    const server = await serveMetrics(app.get(Metrics).registry, { port, host });
    logger.info(`Figures for Prometheus are at ${addressOf(server)}`);
  } catch (error) {
    await app.close();
    throw listenError(error, `${host}:${port}`, 'METRICS_HOST and METRICS_PORT');
  }
}

function listenError(error: unknown, address: string, settings: string): Error {
  const { code } = error as NodeJS.ErrnoException;
  const message = `Cannot listen on ${address} (${code}). Choose another with ${settings}.`;
  return Object.assign(new Error(message), { name: 'ListenError' });
}
