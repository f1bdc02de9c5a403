import { randomUUID } from 'node:crypto';
import { hashToken, parseToken } from '../../src/platform/crypto/tokens';
import { challengeHash } from '../support/pins';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { clientOf, type Manner, type ReadPin, readPin, signIn, trade } from '../support/whole-sign-in';

/** Devices that a person trusts (security design, sections 3 and 4): what a token is worth, and for how long. */
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

interface Device {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceName: string | null;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  readonly current: boolean;
}

const DAY_MS = 86_400_000;
const newEmail = () => `device-owner-${++people}@example.com`;

/** A whole sign-in that is to be remembered. @returns the device's token */
async function remember(email: string, manner: Manner = {}): Promise<string> {
  const { body } = await signIn(vault, email, { remember: true, ...manner });
  return body.deviceToken ?? '';
}

async function devicesOf(client: VaultClient): Promise<Device[]> {
  return (await client.request<{ items: Device[] }>('GET', '/auth/devices')).body.items;
}

async function isAlive(client: VaultClient): Promise<boolean> {
  return (await client.request('GET', '/users/me')).status === 200;
}

/** Which trusted device a challenge belongs to, or null. */
async function trustOf({ challengeId }: ReadPin): Promise<string | null> {
  const [row] = await vault.database.query<{ id: string | null }>(
    'SELECT trusted_device_id AS id FROM login_challenges WHERE id_hash = $1',
    [challengeHash(challengeId)],
  );
  return row?.id ?? null;
}

/** Whether a token makes a request for a PIN a trusted one. */
async function isTrusted(email: string, deviceToken: string, deviceId?: string): Promise<boolean> {
  return (await trustOf(await readPin(vault, email, { deviceToken, deviceId }))) !== null;
}

async function eventsOf(client: VaultClient): Promise<string[]> {
  const rows = await vault.database.query<{ kind: string }>(
    'SELECT kind FROM security_events WHERE user_id = $1 ORDER BY created_at, id',
    [client.userId],
  );
  return rows.map(({ kind }) => kind);
}

describe('the token of a device', () => {
  it('is given only to whoever wants to be remembered', async () => {
    const email = newEmail();
    expect((await signIn(vault, email)).body).not.toHaveProperty('deviceToken');
    expect((await signIn(vault, email, { remember: false })).body).not.toHaveProperty('deviceToken');
    expect((await signIn(vault, email, { remember: true })).body.deviceToken).toMatch(/^pvd_[\w-]{43}[0-9a-f]{8}$/);
  });

  it('makes the next request for a PIN a trusted one', async () => {
    const email = newEmail();
    expect(await isTrusted(email, await remember(email))).toBe(true);
  });

  it('is kept only as its SHA-256', async () => {
    const token = await remember(newEmail());
    const raw = parseToken('pvd', token) ?? Buffer.alloc(0);
    const rows = await vault.database.query<{ line: string }>(
      'SELECT trusted_devices::text AS line FROM trusted_devices',
    );
    const dump = rows.map(({ line }) => line).join('\n');
    expect(dump).toContain(hashToken(raw).toString('hex'));
    expect(dump).not.toContain(raw.toString('hex'));
    expect(dump).not.toContain(token);
  });

  it('is replaced at each sign-in that is remembered, and the one before is worth nothing', async () => {
    const email = newEmail();
    const first = await remember(email);
    const second = await remember(email, { deviceToken: first });
    expect(second).not.toBe(first);
    expect(await isTrusted(email, first, 'd0')).toBe(false);
    expect(await isTrusted(email, second)).toBe(true);
    expect(await devicesOf(await clientOf(vault, email))).toHaveLength(1);
  });

  it('stays good when a trusted device signs in without being remembered again', async () => {
    const email = newEmail();
    const token = await remember(email);
    const { body } = await signIn(vault, email, { deviceToken: token });
    expect(body).not.toHaveProperty('deviceToken');
    expect(await isTrusted(email, token)).toBe(true);
  });

  it('is good for half a year from the last remembered sign-in, by the database’s clock', async () => {
    const email = newEmail();
    const token = await remember(email);
    const client = await clientOf(vault, email, { deviceToken: token });
    const [device] = await devicesOf(client);
    expect(Date.parse(device?.expiresAt ?? '') - Date.parse(device?.createdAt ?? '')).toBe(180 * DAY_MS);
    await vault.database.query('UPDATE trusted_devices SET expires_at = clock_timestamp() WHERE user_id = $1', [
      client.userId,
    ]);
    expect(await isTrusted(email, token)).toBe(false);
    expect(await devicesOf(client)).toEqual([]);
  });

  it('is worth nothing at another account', async () => {
    const [alice, bob] = [newEmail(), newEmail()];
    const token = await remember(alice);
    await remember(bob);
    expect(await isTrusted(bob, token)).toBe(false);
  });

  it.each([
    ['a session’s token', async (email: string) => (await signIn(vault, email)).body.sessionToken ?? ''],
    ['nonsense', () => Promise.resolve('pvd_nonsense')],
    ['an empty text', () => Promise.resolve('')],
  ])('is not %s', async (_what, make) => {
    const email = newEmail();
    await remember(email);
    expect(await isTrusted(email, await make(email))).toBe(false);
  });

  it('is a stranger’s under another label, who is not remembered in the device’s place', async () => {
    const email = newEmail();
    const token = await remember(email, { deviceId: 'laptop' });
    expect(await isTrusted(email, token, 'kali')).toBe(false);
    await remember(email, { deviceId: 'kali', deviceToken: token });
    const labels = (await devicesOf(await clientOf(vault, email))).map(({ deviceId }) => deviceId);
    expect(labels).toEqual(['kali', 'laptop']);
    expect(await isTrusted(email, token, 'laptop')).toBe(true);
  });
});

describe('the list of devices', () => {
  it('shows one’s own, the last used one first, marks the current one, and shows no token', async () => {
    const email = newEmail();
    const token = await remember(email, { deviceId: 'laptop', deviceName: 'Ann’s laptop' });
    await remember(email, { deviceId: 'phone' });
    await remember(newEmail());
    const client = await clientOf(vault, email, { deviceId: 'laptop', deviceToken: token });
    const items = await devicesOf(client);
    expect(items).toEqual([
      {
        id: expect.any(String) as string,
        deviceId: 'laptop',
        deviceName: 'Ann’s laptop',
        createdAt: expect.any(String) as string,
        lastUsedAt: expect.any(String) as string,
        expiresAt: expect.any(String) as string,
        current: true,
      },
      expect.objectContaining({ deviceId: 'phone', deviceName: null, current: false }) as object,
    ]);
    expect(Date.parse(items[0]?.lastUsedAt ?? '')).toBeGreaterThan(Date.parse(items[0]?.createdAt ?? ''));
  });

  it('keeps a name that a later sign-in does not repeat', async () => {
    const email = newEmail();
    const token = await remember(email, { deviceName: 'Ann’s laptop' });
    await remember(email, { deviceToken: token });
    const [device] = await devicesOf(await clientOf(vault, email));
    expect(device?.deviceName).toBe('Ann’s laptop');
  });

  it('holds twenty; one more takes the place of the one that signed in the longest ago', async () => {
    const email = newEmail();
    const tokens: string[] = [];
    for (let i = 0; i < 20; i++) tokens.push(await remember(email, { deviceId: `d${i}` }));
    const first = await remember(email, { deviceId: 'd0', deviceToken: tokens[0] });
    await remember(email, { deviceId: 'd20' });
    const names = (await devicesOf(await clientOf(vault, email))).map(({ deviceId }) => deviceId);
    expect(names).toEqual(['d20', 'd0', ...Array.from({ length: 18 }, (_, i) => `d${19 - i}`)]);
    expect(await isTrusted(email, tokens[1] ?? '', 'd1')).toBe(false);
    expect(await isTrusted(email, first, 'd0')).toBe(true);
  });
});

describe('removing a device', () => {
  it('ends its trust and its sessions, and no others', async () => {
    const email = newEmail();
    const token = await remember(email, { deviceId: 'lost' });
    const lost = await clientOf(vault, email, { deviceId: 'lost', deviceToken: token });
    const other = await remember(email, { deviceId: 'phone' });
    const phone = await clientOf(vault, email, { deviceId: 'phone', deviceToken: other });
    const untrusted = await clientOf(vault, email, { deviceId: 'lost' });
    const id = (await devicesOf(phone)).find(({ deviceId }) => deviceId === 'lost')?.id;

    expect((await phone.request('DELETE', `/auth/devices/${id}`)).status).toBe(204);
    expect(await Promise.all([lost, phone, untrusted].map(isAlive))).toEqual([false, true, true]);
    expect(await isTrusted(email, token, 'lost')).toBe(false);
    expect(await isTrusted(email, other, 'phone')).toBe(true);
    expect((await devicesOf(phone)).map(({ deviceId }) => deviceId)).toEqual(['phone']);
    // The alert of a new device comes when it likes.
    const events = (await eventsOf(phone)).filter((kind) => kind !== 'device.new');
    expect(events.slice(-3)).toEqual(['session.ended', 'session.ended', 'device.removed']);
  });

  it('kills the PIN that it has just asked for', async () => {
    const email = newEmail();
    const token = await remember(email, { deviceId: 'lost' });
    const asked = await readPin(vault, email, { deviceId: 'lost', deviceToken: token });
    const client = await clientOf(vault, email, { deviceId: 'phone' });
    const [device] = await devicesOf(client);
    await client.request('DELETE', `/auth/devices/${device?.id}`);
    expectProblem(await trade(vault, asked, { deviceId: 'lost' }), { status: 401, code: 'AUTH.PIN_REFUSED' });
  });

  it('and a sign-in from it at the same moment: never a fault, and no session of it is left', async () => {
    for (let round = 0; round < 8; round++) {
      const email = newEmail();
      const deviceToken = await remember(email, { deviceId: 'lost' });
      const asked = await readPin(vault, email, { deviceId: 'lost', deviceToken });
      const owner = await clientOf(vault, email, { deviceId: 'phone' });
      const [device] = await devicesOf(owner);
      const [removed, signedIn] = await Promise.all([
        owner.request('DELETE', `/auth/devices/${device?.id}`),
        trade(vault, asked, { deviceId: 'lost', remember: round % 2 === 0 }),
      ]);
      expect([removed.status, [201, 401].includes(signedIn.status)]).toEqual([204, true]);
      const live = await vault.database.query<{ device_id: string }>(
        'SELECT device_id FROM sessions WHERE user_id = $1 AND ended_at IS NULL',
        [owner.userId],
      );
      expect(live.map((row) => row.device_id)).toEqual(['phone']);
      expect(await vault.database.query('SELECT FROM trusted_devices WHERE user_id = $1', [owner.userId])).toEqual([]);
    }
  });

  it('answers the same for somebody else’s, an unknown, a removed one and what is no id', async () => {
    const email = newEmail();
    const token = await remember(email);
    const [alices] = await devicesOf(await clientOf(vault, email));
    const bob = await clientOf(vault, newEmail(), { remember: true });
    const [bobs] = await devicesOf(bob);
    await bob.request('DELETE', `/auth/devices/${bobs?.id}`);
    const again = await clientOf(vault, bob.email ?? '');
    for (const id of [alices?.id, bobs?.id, randomUUID(), 'no-id']) {
      const answer = await again.request('DELETE', `/auth/devices/${id}`);
      expectProblem(answer, { status: 404, code: 'DEVICE.NOT_FOUND' });
      expect({ ...answer.body, requestId: '' }).toEqual({
        type: 'urn:photovault:error:DEVICE.NOT_FOUND',
        title: 'There is no such trusted device.',
        status: 404,
        code: 'DEVICE.NOT_FOUND',
        requestId: '',
      });
    }
    expect(await isTrusted(email, token)).toBe(true);
  });
});

describe('the security log', () => {
  it('tells once that a device is trusted, however often it signs in', async () => {
    const email = newEmail();
    const deviceToken = await remember(email);
    const client = await clientOf(vault, email, { deviceToken, remember: true });
    expect(await eventsOf(client)).toEqual(['account.created', 'device.trusted', 'session.started', 'session.started']);
  });
});
