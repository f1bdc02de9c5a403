import type { Request } from 'express';

/** Somebody who has opened a share, and is nobody else to us. What a visit gives access to is the shares' to know. */
export interface Visitor {
  readonly shareId: string;
  /** The visit: the share session of this visitor. */
  readonly sessionId: string;
}

/** A request of a route for visitors; without a visitor until the share guard has let one in. */
export interface VisitorRequest<V extends Visitor = Visitor> extends Request {
  visitor?: V;
}
