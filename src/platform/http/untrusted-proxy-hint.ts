import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';

/**
 * Says once that a proxy seems to stand in front which `TRUST_PROXY` does not name: all its clients would count as one network, and soon meet
 * 429. Anybody can send the header, so it is a hint and changes nothing.
 */
export function untrustedProxyHint(logger: Logger) {
  let said = false;
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (!said && request.headers['x-forwarded-for'] !== undefined) {
      said = true;
      logger.warn('A request came with X-Forwarded-For. If a proxy stands in front, name its address in TRUST_PROXY.');
    }
    next();
  };
}
