import { rateLimitHeaders, tooMany } from './rate-limit-headers';

const STATE = { policy: 'session', quota: 20_000, window: 60, remaining: 0, reset: 17 };

describe('the headers of a limited answer', () => {
  it('name the policy, what is left of it, and when there is more', () => {
    expect(rateLimitHeaders({ ...STATE, remaining: 19_999 })).toEqual({
      'RateLimit-Policy': '"session";q=20000;w=60',
      RateLimit: '"session";r=19999;t=17',
    });
  });

  it('also say how long to wait once there is nothing left', () => {
    const { definition, detail, headers } = tooMany(STATE, 'Too many PINs.');
    expect({ code: definition.code, status: definition.status, detail }).toEqual({
      code: 'REQUEST.TOO_MANY',
      status: 429,
      detail: 'Too many PINs.',
    });
    expect(headers).toEqual({ ...rateLimitHeaders(STATE), 'Retry-After': '17' });
  });

  it('never say to wait no time at all', () => {
    expect(tooMany({ ...STATE, reset: 0 }).headers['Retry-After']).toBe('1');
  });
});
