import type { Request } from 'express';

/** RFC 9110 section 9.2.1: these ask for nothing but an answer. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Sent by our own page with every request; a form of another site cannot, and a script of one has to ask first, which is never allowed. */
const OWN_PAGE_HEADER = 'x-pv-request';

/**
 * Whether a request may come from another site's page, in a browser that adds our cookie to it. Only a request that changes something has to
 * prove that it does not, by three signs: where it was made (Fetch Metadata, where the browser tells it), from which origin (RFC 6454), and
 * a header of ours.
 * @param publicUrl where people reach the vault; undefined = on this machine, under both of its usual names
 */
export function mayBeCrossSite(request: Request, publicUrl: string | undefined): boolean {
  if (SAFE_METHODS.has(request.method)) return false;
  const { origin, 'sec-fetch-site': site = 'none', [OWN_PAGE_HEADER]: own } = request.headers;
  const isOurs = (site === 'same-origin' || site === 'none') && own === '1' && origin !== undefined;
  return !isOurs || !ownOrigins(request, publicUrl).includes(origin);
}

/** The port is the socket's: the configured one may be 0. */
function ownOrigins({ socket }: Request, publicUrl: string | undefined): string[] {
  if (publicUrl !== undefined) return [new URL(publicUrl).origin];
  return ['localhost', '127.0.0.1'].map((host) => new URL(`http://${host}:${socket.localPort}`).origin);
}
