import type { NextFunction, Request, Response } from 'express';

/** Answers of the API are data: nothing in them may run, be framed, be sniffed or be kept by a shared cache. */
export const SECURITY_HEADERS: ReadonlyMap<string, string> = new Map([
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; sandbox"],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['X-Robots-Tag', 'noindex'],
  ['Cache-Control', 'no-store'],
]);

/** Set on every answer first, so that no error path can miss them; a route that knows better overrides one. */
export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeaders(new Map(SECURITY_HEADERS));
  next();
}
