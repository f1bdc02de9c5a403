import type { IncomingMessage, Server } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { RequestErrors } from './http.errors';

/** A body must bring this many bytes ... */
const LEAST_BYTES = 30 * 1024;
/** ... in every window of this length. */
const WINDOW_MS = 30_000;

interface Watched {
  windowStart: number;
  bytesAtStart: number;
  giveUp: () => void;
}

/**
 * Ends requests whose body dribbles (below 1 KiB/s over 30 s) with 408, and leaves honest slow uploads alone however long they take.
 * Node's own `requestTimeout` cannot tell them apart, so it is off. One timer for all requests.
 */
export class SlowBodyWatch {
  private readonly open = new Map<IncomingMessage, Watched>();
  private timer?: NodeJS.Timeout;

  /** @param window in ms, with the bytes it must bring: the tests' way to be quick */
  constructor(private readonly window = { ms: WINDOW_MS, leastBytes: LEAST_BYTES }) {}

  /** Turns off Node's own limit on the length of a request and begins to look at open bodies. */
  attach(server: Server): void {
    server.requestTimeout = 0;
    this.timer = setInterval(() => this.check(Date.now()), Math.max(10, this.window.ms / 6)).unref();
    server.once('close', () => clearInterval(this.timer));
  }

  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    if (hasBody(request)) {
      this.open.set(request, {
        windowStart: Date.now(),
        bytesAtStart: request.socket.bytesRead,
        giveUp: () => giveUp(request, response),
      });
      const forget = () => this.open.delete(request);
      request.once('end', forget).once('close', forget);
      response.once('close', forget);
    }
    next();
  };

  private check(now: number): void {
    for (const [request, watched] of this.open) {
      if (now - watched.windowStart < this.window.ms) continue;
      const bytes = request.socket.bytesRead;
      // Bytes that wait here unread are our own slowness, not the client's.
      const ours = request.readableLength > 0;
      if (!ours && bytes - watched.bytesAtStart < this.window.leastBytes) {
        this.open.delete(request);
        watched.giveUp();
      } else {
        watched.windowStart = now;
        watched.bytesAtStart = bytes;
      }
    }
  }
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

/** Answers 408 by hand, because whoever waits for this body cannot, then ends the connection: the reader sees an aborted request. */
function giveUp(request: Request, response: Response): void {
  const { status, title, code } = RequestErrors.tooSlow.definition;
  if (!response.headersSent) {
    const body = JSON.stringify({
      type: `urn:photovault:error:${code}`,
      title,
      status,
      code,
      requestId: response.getHeader('X-Request-Id'),
    });
    response.writeHead(status, { 'Content-Type': 'application/problem+json', Connection: 'close' }).end(body);
  }
  setTimeout(() => request.destroy(), 50).unref();
}
