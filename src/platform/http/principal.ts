import type { Request } from 'express';

/** Who acts: always the first argument of a service's method, never part of its input. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
}

/** A request whose session the guard has resolved. */
export interface AuthenticatedRequest extends Request {
  user: Principal;
}
