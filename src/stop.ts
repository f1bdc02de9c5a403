import { setTimeout as delay } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { HealthService } from './platform/health/health.service';

/**
 * SIGTERM and SIGINT: first the server says that it is not ready, for as long as load balancers need to see it; then no new connections,
 * transfers in flight get their time, and everything closes in order, the embedded database last. A second signal ends at once.
 */
export function stopOnSignal(options: {
  app: NestExpressApplication;
  logger: Logger;
  delayMs: number;
  graceMs: number;
  afterwards: () => Promise<void>;
}): void {
  const { app, logger, delayMs, graceMs, afterwards } = options;
  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) {
      logger.warn(`${signal} again: stopping at once`);
      process.exit(1);
    }
    stopping = true;
    logger.info(`${signal}: stopping`);
    app.get(HealthService).beginShutdown();
    if (delayMs > 0) await delay(delayMs);
    const server = app.getHttpServer();
    // A connection that becomes idle while others still transfer would wait for its keep-alive to end.
    const idle = setInterval(() => server.closeIdleConnections(), 200);
    server.closeIdleConnections();
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    try {
      await app.close();
      await afterwards();
      logger.info('stopped');
    } catch (error) {
      logger.error({ err: error }, 'did not stop cleanly');
      process.exitCode = 1;
    } finally {
      clearTimeout(grace);
      clearInterval(idle);
    }
    process.exit();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
}
