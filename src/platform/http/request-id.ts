import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

const REQUEST_ID = Symbol('requestId');

/** Gives every request an id of our own making (a client's is never believed) and every answer the header `X-Request-Id`. */
export function requestId(request: Request & { [REQUEST_ID]?: string }, response: Response, next: NextFunction): void {
  const id = randomUUID();
  request[REQUEST_ID] = id;
  response.setHeader('X-Request-Id', id);
  next();
}

/** The id that {@link requestId} gave. */
export function requestIdOf(request: Request & { [REQUEST_ID]?: string }): string {
  return request[REQUEST_ID] ?? '';
}
