import type { NextFunction, Request, Response } from 'express';

/** How long a client may go on sending a body that has already been answered, in ms. */
const LINGER_MS = 3000;

/**
 * A refusal (401, 413, 415 …) is often sent while the client is still sending. Closing at once would make the kernel reset the
 * connection and the client lose the answer, so the rest is read and dropped for a moment, then the connection ends
 * (RFC 9112 section 9.6).
 */
export function lingeringClose(request: Request, response: Response, next: NextFunction): void {
  response.once('finish', () => {
    if (request.complete || request.destroyed) return;
    request.resume();
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS).unref();
    request.once('close', () => clearTimeout(timer));
  });
  next();
}
