import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import { requestIdOf } from './request-id';
import { routeTemplate } from './route-template';

/**
 * One line per answered request. The route's template is logged, never the path: file names are in paths.
 * Successes are `debug`, so that a busy vault does not spend its time writing; server errors are `warn` (the filter has logged why).
 */
export function accessLog(logger: Logger) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const started = process.hrtime.bigint();
    response.once('close', () => {
      const status = response.statusCode;
      const level = status >= 500 ? 'warn' : 'debug';
      if (!logger.isLevelEnabled(level)) return;
      const route = routeTemplate(request);
      const ms = Number((process.hrtime.bigint() - started) / 1000n) / 1000;
      const completed = response.writableFinished;
      logger[level](
        { requestId: requestIdOf(request), method: request.method, route, status, ms, completed },
        'request',
      );
    });
    next();
  };
}
