import type { AppError } from '../../errors/app-error';
import { RequestErrors } from '../http.errors';

/** How much of a policy is left for one client. */
export interface RateState {
  /** Name of the policy: a token, part of the API. */
  readonly policy: string;
  /** Units in a window. */
  readonly quota: number;
  /** Length of the window, in seconds. */
  readonly window: number;
  readonly remaining: number;
  /** Seconds until there is more. */
  readonly reset: number;
}

/** `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers (sections 3 and 4) has them since its revision 08. */
export function rateLimitHeaders({ policy, quota, window, remaining, reset }: RateState): Record<string, string> {
  return {
    'RateLimit-Policy': `"${policy}";q=${quota};w=${window}`,
    RateLimit: `"${policy}";r=${remaining};t=${reset}`,
  };
}

/** 429 with everything that a client needs in order to wait. */
export function tooMany(state: RateState, detail?: string): AppError {
  return RequestErrors.tooMany({
    detail,
    headers: { ...rateLimitHeaders(state), 'Retry-After': String(Math.max(1, state.reset)) },
  });
}
