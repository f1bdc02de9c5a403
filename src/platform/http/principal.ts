import type { Request } from 'express';

/** Who acts: always the first argument of a service's method, never part of its input. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  /** The 32 bytes of the session's token: what this session has unlocked is sealed under them. Never logged, stored or sent. */
  readonly token: Buffer;
  /** What the session's device calls itself: for the security log. */
  readonly device: string;
  /** Whether the session has proved itself with a PIN a moment ago (`SESSION_FRESH_SECONDS`), by the database's clock. */
  readonly fresh: boolean;
}

/** A request whose session the guard has resolved. */
export interface AuthenticatedRequest extends Request {
  user: Principal;
}
