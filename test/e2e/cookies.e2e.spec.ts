import { setTimeout as delay } from 'node:timers/promises';
import { parseSetCookie } from 'cookie';
import { jpeg } from '../support/photos';
import { challengeHash } from '../support/pins';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { type Answer, VaultClient } from '../support/vault-client';
import { clientOf, type Manner, readPin, signIn } from '../support/whole-sign-in';

/** Browsers: tokens in cookies, and what keeps other sites from using them (security design, section 4). */
const PUBLIC_URL = 'https://photos.example.com';
let plain: TestApp;
let secure: TestApp;
let people = 0;

beforeAll(async () => {
  plain = await startTestApp();
  secure = await startTestApp({ PUBLIC_URL: `${PUBLIC_URL}/` });
});
afterAll(() => Promise.all([plain.close(), secure.close()]));

const newEmail = () => `browser-${++people}@example.com`;

/** Cookies by their names, as an answer sets them. */
function cookiesOf(answer: Answer<unknown>): Record<string, ReturnType<typeof parseSetCookie>> {
  const cookies = answer.headers.getSetCookie().map((line) => parseSetCookie(line));
  return Object.fromEntries(cookies.map((cookie) => [cookie.name, cookie]));
}

/** A browser that has signed in: its `Cookie` header, and no token. */
async function browser(
  vault: TestApp,
  manner: Manner = {},
): Promise<{ cookie: string; email: string; userId: string }> {
  const email = newEmail();
  const answer = await signIn(vault, email, { transport: 'cookie', ...manner });
  const cookie = Object.values(cookiesOf(answer))
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
  return { cookie, email, userId: answer.body.user.id };
}

describe('signing in with cookies', () => {
  it.each([
    ['over TLS', () => secure, '__Host-pv_session', '; Secure'],
    ['over plain http', () => plain, 'pv_session', ''],
  ])('%s: one that lasts until the browser is closed, and no token in the body', async (_how, vault, name, flag) => {
    const answer = await signIn(vault(), newEmail(), { transport: 'cookie' });
    expect(Object.keys(answer.body).sort()).toEqual(['expiresAt', 'idleExpiresAt', 'user']);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(new RegExp(`^${name}=pvs_[\\w-]{43}[0-9a-f]{8}; Path=/; HttpOnly${flag}; SameSite=Lax$`)),
    ]);
  });

  it.each([
    ['over TLS', () => secure, '__Host-', '; Secure'],
    ['over plain http', () => plain, '', ''],
  ])('%s, remembered: two that last as long as what they stand for', async (_how, vault, prefix, flag) => {
    const answer = await signIn(vault(), newEmail(), { transport: 'cookie', remember: true });
    expect(Object.keys(answer.body).sort()).toEqual(['expiresAt', 'idleExpiresAt', 'user']);
    const line = (kind: string, token: string, maxAge: number) =>
      expect.stringMatching(
        new RegExp(
          `^${prefix}pv_${kind}=${token}_[\\w-]{43}[0-9a-f]{8}; Max-Age=${maxAge}; Path=/; HttpOnly${flag}; SameSite=Lax$`,
        ),
      ) as string;
    expect(answer.headers.getSetCookie()).toEqual([
      line('session', 'pvs', 30 * 86_400),
      line('device', 'pvd', 180 * 86_400),
    ]);
  });

  it('is asked for: a bearer gets no cookie', async () => {
    const answer = await signIn(secure, newEmail(), { remember: true, transport: 'bearer' });
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('is one of two ways', async () => {
    const { challengeId, pin } = await readPin(plain, newEmail());
    const json = { challengeId, pin, deviceId: 'laptop', transport: 'query' };
    const answer = await plain.stranger().request('POST', '/auth/sessions', { json });
    expectProblem(answer, { status: 422, code: 'REQUEST.INVALID' });
  });
});

describe('the cookie of a session', () => {
  it('is as good as a bearer token', async () => {
    for (const vault of [plain, secure]) {
      const { cookie, email } = await browser(vault);
      const answer = await vault.stranger().request('GET', '/users/me', { headers: { cookie } });
      expect([answer.status, answer.body.email]).toEqual([200, email]);
    }
  });

  it('is found among others', async () => {
    const { cookie } = await browser(plain);
    const headers = { cookie: `theme=dark; ${cookie}; other="a b"; broken=%E0%A4%A` };
    expect((await plain.stranger().request('GET', '/users/me', { headers })).status).toBe(200);
  });

  it('is called one thing over TLS and another without', async () => {
    const there = await browser(secure);
    const stripped = there.cookie.replace('__Host-', '');
    expect((await secure.stranger().request('GET', '/users/me', { headers: { cookie: stripped } })).status).toBe(401);
    const here = await browser(plain);
    const prefixed = `__Host-${here.cookie}`;
    expect((await plain.stranger().request('GET', '/users/me', { headers: { cookie: prefixed } })).status).toBe(401);
  });

  it('gives way to a bearer token', async () => {
    const { cookie } = await browser(plain);
    const bob = await clientOf(plain, newEmail());
    const { body } = await bob.request('GET', '/users/me', { headers: { cookie } });
    expect(body.email).toBe(bob.email);
  });

  it.each(['', 'Bearer', 'Bearer pvs_nonsense', 'Bearer two tokens', 'Basic YWxpY2U6MTIzNA=='])(
    'does not stand in for the header Authorization: %s',
    async (authorization) => {
      const { cookie } = await browser(plain);
      const answer = await plain.stranger().request('GET', '/users/me', { headers: { cookie, authorization } });
      expectProblem(answer, { status: 401, code: 'AUTH.SESSION_REQUIRED' });
    },
  );

  it('is taken back at the sign-out, with what the browser keeps of the vault; the device’s stays', async () => {
    const { cookie } = await browser(secure, { remember: true });
    const headers = { cookie, origin: PUBLIC_URL, 'x-pv-request': '1' };
    const answer = await secure.stranger().request('DELETE', '/auth/sessions/current', { headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('clear-site-data')).toBe('"cache", "storage"');
    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-pv_session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
    expect((await secure.stranger().request('GET', '/users/me', { headers: { cookie } })).status).toBe(401);
  });

  it('is left alone when a bearer signs out', async () => {
    const { cookie } = await browser(plain);
    const bob = await clientOf(plain, newEmail());
    const answer = await bob.request('DELETE', '/auth/sessions/current', { headers: { cookie } });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([204, []]);
    expect((await plain.stranger().request('GET', '/users/me', { headers: { cookie } })).status).toBe(200);
  });
});

describe('the cookie of a device', () => {
  async function trustOf(
    vault: TestApp,
    email: string,
    json: object,
    headers: Record<string, string>,
  ): Promise<boolean> {
    const { body } = await vault
      .stranger()
      .request<{ challengeId: string }>('POST', '/auth/pin', { json: { email, deviceId: 'laptop', ...json }, headers });
    const [row] = await vault.database.query<{ trusted: boolean }>(
      'SELECT trusted_device_id IS NOT NULL AS trusted FROM login_challenges WHERE id_hash = $1',
      [challengeHash(body.challengeId)],
    );
    return row?.trusted ?? false;
  }

  it('makes a request for a PIN a trusted one, over TLS and without', async () => {
    for (const vault of [plain, secure]) {
      const { cookie, email } = await browser(vault, { remember: true });
      expect(await trustOf(vault, email, {}, { cookie })).toBe(true);
      expect(await trustOf(vault, email, {}, {})).toBe(false);
    }
  });

  it('gives way to a token in the body', async () => {
    const { cookie, email } = await browser(plain, { remember: true });
    expect(await trustOf(plain, email, { deviceToken: 'pvd_nonsense' }, { cookie })).toBe(false);
  });

  it('is replaced at the next remembered sign-in, and kept at one that is not', async () => {
    const { cookie, email } = await browser(plain, { remember: true });
    const headers = { cookie };
    const kept = cookiesOf(await signIn(plain, email, { transport: 'cookie', headers }));
    expect(Object.keys(kept)).toEqual(['pv_session']);
    const replaced = cookiesOf(await signIn(plain, email, { transport: 'cookie', remember: true, headers }));
    expect(cookie).not.toContain(replaced.pv_device?.value);
    expect(await trustOf(plain, email, {}, headers)).toBe(false);
    expect(await trustOf(plain, email, {}, { cookie: `pv_device=${replaced.pv_device?.value}` })).toBe(true);
  });

  it('is no session', async () => {
    const { cookie } = await browser(plain, { remember: true });
    const device = /pv_device=([^;]+)/.exec(cookie)?.[1];
    const headers = { cookie: `pv_session=${device}` };
    expect((await plain.stranger().request('GET', '/users/me', { headers })).status).toBe(401);
  });
});

describe('a request with a cookie that changes something', () => {
  const signs = { origin: PUBLIC_URL, 'x-pv-request': '1', 'sec-fetch-site': 'same-origin' };
  const without = (...names: string[]) =>
    Object.fromEntries(Object.entries(signs).filter(([name]) => !names.includes(name)));
  let cookie = '';
  let userId = '';

  beforeAll(async () => {
    ({ cookie, userId } = await browser(secure));
  });

  const act = (headers: Record<string, string>, vault = secure) =>
    vault.stranger().request('DELETE', '/auth/sessions', { headers: { cookie, ...headers } });

  it.each([
    ['all signs', signs],
    ['no Sec-Fetch-Site, as from an old browser', without('sec-fetch-site')],
    ['a request that the person made by hand', { ...signs, 'sec-fetch-site': 'none' }],
  ])('passes with %s', async (_what, headers) => {
    expect((await act(headers)).status).toBe(204);
  });

  it.each<[string, Record<string, string>]>([
    ['no sign at all', {}],
    ['no Origin', without('origin')],
    ['an empty Origin', { ...signs, origin: '' }],
    ['Origin: null', { ...signs, origin: 'null' }],
    ['another origin', { ...signs, origin: 'https://evil.example' }],
    ['a longer origin', { ...signs, origin: `${PUBLIC_URL}.evil.example` }],
    ['another subdomain', { ...signs, origin: 'https://other.example.com' }],
    ['another port', { ...signs, origin: `${PUBLIC_URL}:8443` }],
    ['another scheme', { ...signs, origin: PUBLIC_URL.replace('https', 'http') }],
    ['an address instead of an origin', { ...signs, origin: `${PUBLIC_URL}/` }],
    ['two origins', { ...signs, origin: `${PUBLIC_URL}, https://evil.example` }],
    ['a loopback origin, although there is a PUBLIC_URL', { ...signs, origin: 'http://localhost:3000' }],
    ['no X-PV-Request', without('x-pv-request')],
    ['another X-PV-Request', { ...signs, 'x-pv-request': 'true' }],
    ['Sec-Fetch-Site: same-site', { ...signs, 'sec-fetch-site': 'same-site' }],
    ['Sec-Fetch-Site: cross-site', { ...signs, 'sec-fetch-site': 'cross-site' }],
    ['a Sec-Fetch-Site that nobody knows', { ...signs, 'sec-fetch-site': 'friendly' }],
    ['Referer in the place of Origin', { ...without('origin'), referer: `${PUBLIC_URL}/` }],
  ])('is refused with %s', async (_what, headers) => {
    expectProblem(await act(headers), { status: 403, code: 'AUTH.CROSS_SITE' });
  });

  it.each([
    ['POST', '/auth/reauthentication', {}],
    ['PUT', '/users/me/email', { json: { email: 'burglar@example.com' } }],
    ['PATCH', '/files/019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e01', { json: { name: 'x' } }],
    ['DELETE', '/auth/sessions/current', {}],
    ['PUT', '/files/by-name/forged.jpg', { body: new Uint8Array(jpeg(1000, 'forged')) }],
  ])('is refused without signs: %s %s', async (method, path, options) => {
    const answer = await secure.stranger().request(method, path, { ...options, headers: { cookie } });
    expectProblem(answer, { status: 403, code: 'AUTH.CROSS_SITE' });
    expect(await secure.database.query('SELECT FROM files WHERE owner_id = $1', [userId])).toEqual([]);
  });

  it.each(['GET', 'HEAD'])('is none when it is a %s: no sign is needed', async (method) => {
    const headers = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await secure.stranger().request(method, '/users/me', { headers })).status).toBe(200);
  });

  it('needs no sign when a bearer token comes with it', async () => {
    const bob = await clientOf(secure, newEmail());
    expect((await bob.request('DELETE', '/auth/sessions', { headers: { cookie } })).status).toBe(204);
  });

  it('is answered 401, not 403, when the cookie stands for nothing', async () => {
    const headers = { cookie: `__Host-pv_session=pvs_nonsense` };
    const answer = await secure.stranger().request('DELETE', '/auth/sessions', { headers });
    expectProblem(answer, { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  it('does not keep a forgotten session alive when it is forged', async () => {
    const victim = await browser(secure);
    await secure.database.query(
      "UPDATE sessions SET last_seen_at = clock_timestamp() - interval '20 minutes' WHERE user_id = $1",
      [victim.userId],
    );
    const state = () => secure.database.query('SELECT * FROM sessions WHERE user_id = $1', [victim.userId]);
    const before = await state();
    const headers = { cookie: victim.cookie, origin: 'https://evil.example' };
    await secure.stranger().request('DELETE', '/auth/sessions', { headers });
    // Long enough for a write that nobody waits for.
    await delay(200);
    expect(await state()).toEqual(before);
  });

  it('may come from either name of this machine, and its real port, when there is no PUBLIC_URL', async () => {
    const here = await browser(plain);
    const { port } = new URL(plain.url);
    const answers = await Promise.all(
      [`http://127.0.0.1:${port}`, `http://localhost:${port}`, 'http://localhost:1', `https://localhost:${port}`].map(
        (origin) => act({ ...signs, origin, cookie: here.cookie }, plain),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 403, 403]);
  });
});

describe('other sites', () => {
  it('are never allowed to ask: there is no CORS', async () => {
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'x-pv-request',
    };
    for (const method of ['OPTIONS', 'GET']) {
      const answer = await new VaultClient(secure.url).request(method, '/users/me', { headers });
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});
