import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { AppModule, type AppParts } from './app.module';
import { configureApp } from './app.setup';
import { createDataSource } from './data-source';
import { AppConfig } from './platform/config/app-config';
import { migrate } from './platform/database/migrate';
import { openDatabase, withClient } from './platform/database/open-database';
import { FastExpressAdapter } from './platform/http/fast-express.adapter';
import type { SlowBodyWatch } from './platform/http/slow-body-watch';
import { createLogger } from './platform/logging/logger';
import { NestLogger } from './platform/logging/nest-logger';
import { Mailer } from './platform/mail/mailer';
import { refuseForeignObjects } from './vault/foreign-objects';
import { readCanary } from './vault/keys.repository';
import { MasterKeyring } from './vault/master-keyring';
import { stopOnSignal } from './stop';

/** Exit code for a start that cannot succeed until a person changes something. */
const EXIT_CONFIG = 78;

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
    // Errors with a name of their own are sentences for a person; anything else is a fault and needs its stack.
    const expected = /^(ConfigError|DatabaseError|EmbeddedPostgresError|MasterKeyError|ListenError)$/.test(
      (error as Error).name,
    );
    logger.fatal(expected ? {} : { err: error }, (error as Error).message);
    process.exitCode = expected ? EXIT_CONFIG : 1;
  }
}

async function run(config: AppConfig, logger: Logger): Promise<void> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const database = await openDatabase({
    url: config.get('DB_URL'),
    directory: join(config.dataDir, 'postgres'),
    log: (line) => logger.info(line),
  });
  try {
    const canary = await withClient(database.url, readCanary);
    await refuseForeignObjects(config, canary);
    const { keyring, created } = await MasterKeyring.open(config.masterKeyFile, canary);
    if (created) {
      logger.warn(
        `NEW MASTER KEY in ${config.masterKeyFile}: BACK IT UP NOW, and not next to the data. Without it nothing can be opened.`,
      );
    }
    if (await MasterKeyring.isReadableByOthers(config.masterKeyFile)) {
      logger.warn(`Others can read the master key file ${config.masterKeyFile}: chmod 400 it.`);
    }
    await migrate(createDataSource(database.url), database.url);
    const app = await buildApp({ config, logger, databaseUrl: database.url, masterKeys: keyring });
    await listen(app, config);
    const { port } = app.getHttpServer().address() as AddressInfo;
    logger.info(`Photovault listens on http://${config.get('HOST')}:${port} (API documents at /docs)`);
    logger.info(`PINs go to ${app.get(Mailer).destination}`);
    stopOnSignal({
      app,
      logger,
      graceMs: config.get('SHUTDOWN_GRACE_SECONDS') * 1000,
      afterwards: () => database.close(),
    });
  } catch (error) {
    await database.close();
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
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`Cannot listen on ${host}:${port} (${code}). Choose another with HOST and PORT.`), {
      name: 'ListenError',
    });
  }
}
