import { newToken } from '../../src/platform/crypto/tokens';
import { getInBulk } from '../support/bulk';
import { startTestApp, type TestApp } from '../support/test-app';
import { type Answer, VaultClient } from '../support/vault-client';

const LIMIT = 10;

/** A vault that these proxies stand in front of, for one test; the test is the nearest of them, or any client. */
async function behind(proxies: string, test: (vault: TestApp) => Promise<void>): Promise<void> {
  const vault = await startTestApp({
    TRUST_PROXY: proxies,
    RATE_LIMIT_PUBLIC_PER_MINUTE: String(LIMIT),
    PIN_REQUESTS_PER_IP_HOUR: '1',
  });
  try {
    await test(vault);
  } finally {
    await vault.close();
  }
}

/** How many of 2 × LIMIT requests meet a 429, when the n-th has this X-Forwarded-For. */
async function refused(vault: TestApp, forwarded: (n: number) => string): Promise<number> {
  const headers = (n: number) => ({ 'x-forwarded-for': forwarded(n) });
  const { statuses } = await getInBulk(vault.stranger(), '/server', 2 * LIMIT, { headers });
  expect((statuses[200] ?? 0) + (statuses[429] ?? 0)).toBe(2 * LIMIT);
  return statuses[429] ?? 0;
}

async function remaining(vault: TestApp, forwarded: string): Promise<number> {
  const answer = await vault.stranger().request('GET', '/server', { headers: { 'x-forwarded-for': forwarded } });
  return Number(/r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]);
}

/** Signs up through a proxy that says this of the client. */
async function signUp(vault: TestApp, forwarded: string): Promise<VaultClient> {
  const [email, deviceId, headers] = ['alice@example.com', 'laptop', { 'x-forwarded-for': forwarded }];
  const send = async (path: string, json: object) => vault.stranger().request('POST', path, { json, headers });
  const { body: asked } = await send('/users', { email, deviceId });
  const json = { challengeId: asked.challengeId, deviceId, pin: await vault.logs.pinFor(email) };
  const { body } = await send('/auth/sessions', json);
  return Object.assign(new VaultClient(vault.url), { token: body.sessionToken });
}

/** Another address for each number. */
const address = (n: number): string => `198.51.100.${n}`;

describe('without TRUST_PROXY', () => {
  it('a new forged address on every request meets 429 all the same', async () => {
    await behind('', async (vault) => {
      expect(await refused(vault, address)).toBe(LIMIT);
      // Whoever has just put a proxy in front should not have to guess.
      const hints = vault.logs.lines.filter((line) => line.includes('name its address in TRUST_PROXY'));
      expect(hints).toHaveLength(1);
    });
  });

  it('so does one with every made-up token', async () => {
    await behind('', async (vault) => {
      const forge = (n: number) => ({ 'x-forwarded-for': address(n), authorization: `Bearer ${newToken('pvs').text}` });
      const { statuses } = await getInBulk(vault.stranger(), '/users/me', 2 * LIMIT, { headers: forge });
      expect(statuses).toEqual({ 401: LIMIT, 429: LIMIT });
    });
  });

  it('no other header of that kind is believed either', async () => {
    await behind('', async (vault) => {
      const forge = (n: number) => ({
        forwarded: `for=${address(n)}`,
        'x-real-ip': address(n),
        'true-client-ip': address(n),
      });
      const { statuses } = await getInBulk(vault.stranger(), '/server', 2 * LIMIT, { headers: forge });
      expect(statuses).toEqual({ 200: LIMIT, 429: LIMIT });
    });
  });
});

describe('behind a trusted proxy', () => {
  it('each client has a limit of its own', async () => {
    await behind('loopback', async (vault) => {
      expect(await refused(vault, address)).toBe(0);
      expect(await refused(vault, () => '203.0.113.1')).toBe(LIMIT);
    });
  });

  it('what a client has forged before the proxy added its address does not help', async () => {
    await behind('loopback', async (vault) => {
      expect(await refused(vault, (n) => `${address(n)}, 10.0.0.${n}, 203.0.113.1`)).toBe(LIMIT);
      expect(await remaining(vault, '203.0.113.2')).toBe(LIMIT - 1);
    });
  });

  it('the right-most address that is no proxy’s counts, however long the chain', async () => {
    await behind('loopback,10.0.0.0/8,2001:db8:ffff::/48', async (vault) => {
      expect(await refused(vault, (n) => `${address(n)}, 203.0.113.1, 10.1.2.3, 2001:db8:ffff::7`)).toBe(LIMIT);
      expect(await remaining(vault, '203.0.113.1')).toBe(0);
      expect(await remaining(vault, '203.0.113.1, 192.0.2.9, 10.1.2.3')).toBe(LIMIT - 1);
    });
  });

  it('an IPv6 client is its /64 network', async () => {
    await behind('loopback', async (vault) => {
      expect(await refused(vault, (n) => `2001:db8:1:2:${n.toString(16)}::${n}`)).toBe(LIMIT);
      expect(await remaining(vault, '2001:db8:1:3::1')).toBe(LIMIT - 1);
    });
  });

  it('an IPv4 client is the same however it is written', async () => {
    await behind('loopback', async (vault) => {
      const forms = ['203.0.113.1', '::ffff:203.0.113.1', '203.0.113.1:1024', '203.0.113.1:1025'];
      expect(await refused(vault, (n) => forms[n % forms.length] ?? '')).toBe(LIMIT);
    });
  });

  it('those whose address is no address share one limit: a new word on every request is no way around', async () => {
    await behind('loopback', async (vault) => {
      expect(await refused(vault, (n) => `unknown-${n}`)).toBe(LIMIT);
    });
  });

  it('the budget of PIN requests is the client’s too', async () => {
    await behind('loopback', async (vault) => {
      const ask = (ip: string, n: number): Promise<Answer> =>
        vault.stranger().request('POST', '/users', {
          json: { email: `budget${n}@example.com`, deviceId: 'laptop' },
          headers: { 'x-forwarded-for': `${address(n)}, ${ip}` },
        });
      const answers = [await ask('203.0.113.1', 1), await ask('203.0.113.1', 2), await ask('203.0.113.2', 3)];
      expect(answers.map(({ status }) => status)).toEqual([202, 429, 202]);
    });
  });

  it('a client that is no proxy’s neighbour is not believed', async () => {
    await behind('10.0.0.0/8', async (vault) => {
      expect(await refused(vault, address)).toBe(LIMIT);
    });
  });
});

describe('what is kept of a client behind a trusted proxy', () => {
  it.each([
    ['an address', '1.2.3.4', '1.2.3.4'],
    ['an address with its port', '1.2.3.4:5678', '1.2.3.4'],
    ['a mapped address', '::FFFF:0102:0304', '1.2.3.4'],
    ['an IPv6 address in brackets', '[2001:DB8:0:0::0001]:5678', '2001:db8::1'],
    ['an IPv6 address with its zone', 'fe80::1%eth0', 'fe80::1'],
    ['6,000 letters', 'x'.repeat(6000), 'unknown'],
    ['an address with a tail', '1.2.3.4<b>', 'unknown'],
  ])('is an address, or that there was none, and never the text that was passed on: %s', async (_, forwarded, kept) => {
    await behind('loopback', async (vault) => {
      const alice = await signUp(vault, forwarded);
      for (const path of ['/auth/sessions', '/users/me/events']) {
        const { body } = await alice.request<{ items: { ip: string }[] }>('GET', path);
        expect(body.items.length).toBeGreaterThan(0);
        expect(new Set(body.items.map(({ ip }) => ip))).toEqual(new Set([kept]));
      }
    });
  });

  it('is never the text of whoever has a session already either', async () => {
    await behind('loopback', async (vault) => {
      const alice = await signUp(vault, '1.2.3.4');
      const headers = { 'x-forwarded-for': 'forged' };
      expect((await alice.request('DELETE', '/auth/sessions/current', { headers })).status).toBe(204);
      const rows = await vault.database.query("SELECT ip FROM security_events WHERE kind = 'session.ended'");
      expect(rows).toEqual([{ ip: 'unknown' }]);
    });
  });
});
