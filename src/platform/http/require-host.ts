import type { NextFunction, Request, Response } from 'express';
import { RequestErrors } from './http.errors';

/**
 * RFC 9112 section 3.2: a server must answer 400 to an HTTP/1.1 request without Host. Node would, but without a problem document.
 * Nothing else is ever read from that header: links come from `PUBLIC_URL`.
 */
export function requireHost(request: Request, _response: Response, next: NextFunction): void {
  next(request.httpVersion === '1.1' && !request.headers.host ? RequestErrors.malformed() : undefined);
}
