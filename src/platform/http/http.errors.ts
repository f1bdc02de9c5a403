import type { AppError } from '../errors/app-error';
import { defineError } from '../errors/error-registry';

/** Errors of the machinery itself, before any room of the vault is entered. */
export const RequestErrors = {
  malformed: defineError('REQUEST.MALFORMED', 400, 'The request could not be read.'),
  invalid: defineError(
    'REQUEST.INVALID',
    422,
    'The request is well-formed, but some of its values are not acceptable.',
  ),
  tooLarge: defineError('REQUEST.TOO_LARGE', 413, 'The body of the request is too large.'),
  unsupportedType: defineError(
    'REQUEST.UNSUPPORTED_TYPE',
    415,
    'The body of the request is not of a type that this route reads.',
  ),
  tooSlow: defineError('REQUEST.TOO_SLOW', 408, 'The body of the request arrived too slowly.'),
  headersTooLarge: defineError('REQUEST.HEADERS_TOO_LARGE', 431, 'The headers of the request are too large.'),
  expectationFailed: defineError('REQUEST.EXPECTATION_FAILED', 417, 'The server does not do what the request expects.'),
  tooMany: defineError('REQUEST.TOO_MANY', 429, 'Too many requests: wait as long as Retry-After says.'),
  noRoute: defineError('ROUTE.NOT_FOUND', 404, 'There is nothing at this address.'),
};

export const AccessErrors = {
  /** One text for no token, a malformed one, an unknown one, an expired one and a revoked one. */
  sessionRequired: defineError('AUTH.SESSION_REQUIRED', 401, 'A live session is needed: sign in first.'),
  freshPinRequired: defineError('AUTH.FRESH_PIN_REQUIRED', 403, 'This needs a PIN that was given a moment ago.'),
  /** For a request that a browser may have been tricked into: it came with a cookie and without the signs of our own page. */
  crossSite: defineError('AUTH.CROSS_SITE', 403, 'The request does not come from the page of this vault.'),
};

/** With the header that a 401 has to have (RFC 9110 section 11.6.1). */
export function noSession(): AppError {
  return AccessErrors.sessionRequired({ headers: { 'WWW-Authenticate': 'Bearer' } });
}

export const ServerErrors = {
  internal: defineError('SERVER.INTERNAL', 500, 'Something went wrong on the server.', 'error'),
  databaseAway: defineError(
    'SERVER.DATABASE_AWAY',
    503,
    'The database is not reachable just now; try again shortly.',
    'warn',
  ),
  storageFull: defineError(
    'VAULT.STORAGE_FULL',
    507,
    'There is no room left to store this. Nothing was changed.',
    'error',
  ),
  notReady: defineError('SERVER.NOT_READY', 503, 'The server is not ready to serve.', 'debug'),
};
