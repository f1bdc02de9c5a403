import type { OpenAPIObject } from '@nestjs/swagger';
import { rateLimitHeaders } from './rate-limit-headers';
import { RATE_WEIGHT_EXTENSION } from './rate-weight.decorator';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Headers = NonNullable<NonNullable<OpenAPIObject['components']>['headers']>;

const EXAMPLE = rateLimitHeaders({ policy: 'session', quota: 20_000, window: 60, remaining: 19_999, reset: 60 });

/** What the document says once of the headers that every limited answer has. */
export const RATE_LIMIT_COMPONENTS: Headers = {
  'RateLimit-Policy': {
    description:
      'The policy that counted this request: its name, how many units (`q`) it grants in how many seconds (`w`).',
    schema: { type: 'string', example: EXAMPLE['RateLimit-Policy'] },
  },
  RateLimit: {
    description: 'What is left of it: units (`r`), and seconds (`t`) until all of them are back.',
    schema: { type: 'string', example: EXAMPLE.RateLimit },
  },
  'Retry-After': {
    description: 'Seconds to wait before the next request.',
    schema: { type: 'integer', example: 17 },
  },
};

/** Whether an operation is counted at all. */
export function isLimited(operation: Operation): boolean {
  return (operation as { [RATE_WEIGHT_EXTENSION]?: number })[RATE_WEIGHT_EXTENSION] !== 0;
}

/** Adds the headers to a limited operation's good answers, and to its 429. */
export function addRateLimitHeaders(operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || '$ref' in response || !/^(?:2..|304|429)$/.test(status)) continue;
    const names = ['RateLimit-Policy', 'RateLimit', ...(status === '429' ? ['Retry-After'] : [])];
    response.headers = {
      ...response.headers,
      ...Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    };
  }
}
