import type { Request } from 'express';
import { cookieName, sessionCredentials } from './session-credentials';

const request = (headers: Record<string, string>) => ({ headers }) as unknown as Request;

describe('the credentials of a request', () => {
  it.each([
    ['none', {}, null],
    ['a bearer token', { authorization: 'Bearer abc' }, { token: 'abc', by: 'bearer' }],
    ['a scheme in other letters', { authorization: 'bEARER abc' }, { token: 'abc', by: 'bearer' }],
    ['a cookie', { cookie: 'pv_session=abc' }, { token: 'abc', by: 'cookie' }],
    ['both: the bearer', { authorization: 'Bearer abc', cookie: 'pv_session=x' }, { token: 'abc', by: 'bearer' }],
    ['a bad header and a cookie: none', { authorization: 'Bearer a b', cookie: 'pv_session=x' }, null],
    ['an empty header and a cookie: none', { authorization: '', cookie: 'pv_session=x' }, null],
    ['the cookie of a vault behind TLS: none', { cookie: '__Host-pv_session=abc' }, null],
    ['the first of two cookies', { cookie: 'pv_session=abc; pv_session=x' }, { token: 'abc', by: 'cookie' }],
    ['a name that every object has', { cookie: '__proto__=x; constructor=y' }, null],
  ])('are %s', (_what, headers, expected) => {
    expect(sessionCredentials(request(headers), false)).toEqual(expected);
  });

  it('have names that browsers guard, where there is TLS', () => {
    expect([cookieName('session', true), cookieName('device', true)]).toEqual([
      '__Host-pv_session',
      '__Host-pv_device',
    ]);
    expect([cookieName('session', false), cookieName('device', false)]).toEqual(['pv_session', 'pv_device']);
  });
});
