import { parseCookie } from 'cookie';
import type { Request } from 'express';

/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** What a request shows instead of a person. */
export interface SessionCredentials {
  /** Not yet checked in any way. */
  readonly token: string;
  /** A browser sends a cookie by itself, so a request that has one proves nothing about who wanted it. */
  readonly by: 'bearer' | 'cookie';
}

/** The token of `Authorization: Bearer`; null when there is none, or something else in its place. */
export function bearerToken({ headers: { authorization } }: Request): string | null {
  return BEARER.exec(authorization ?? '')?.[1] ?? null;
}

/**
 * What the cookies are called. `__Host-` makes browsers insist on TLS, on this host and on `Path=/` (RFC 6265bis, section 4.1.3.2); without
 * TLS they would refuse such a cookie.
 */
export function cookieName(kind: 'session' | 'device', secure: boolean): string {
  return `${secure ? '__Host-' : ''}pv_${kind}`;
}

/** A cookie's value, or undefined. */
export function readCookie(request: Request, name: string): string | undefined {
  const { cookie } = request.headers;
  return cookie === undefined ? undefined : parseCookie(cookie)[name];
}

/**
 * The session token of a request: the bearer's, else the cookie's, else none. A malformed `Authorization` is none, whatever the cookies
 * say.
 */
export function sessionCredentials(request: Request, secure: boolean): SessionCredentials | null {
  if (request.headers.authorization !== undefined) {
    const token = bearerToken(request);
    return token === null ? null : { token, by: 'bearer' };
  }
  const token = readCookie(request, cookieName('session', secure));
  return token === undefined ? null : { token, by: 'cookie' };
}
