import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { VaultClient } from '../support/vault-client';
import { clientOf, readPin, signIn, trade } from '../support/whole-sign-in';

/** Sessions, opened, listed and revoked (security design, section 4). */
let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

interface Session {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceName: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly current: boolean;
}

/** One person, signed in on several devices. */
async function devices(email: string, ...names: string[]): Promise<VaultClient[]> {
  const clients: VaultClient[] = [];
  for (const name of names) {
    const client = new VaultClient(vault.url);
    await client.signIn(email, name, (address) => vault.logs.pinFor(address), '/users');
    clients.push(client);
  }
  return clients;
}

async function sessionsOf(client: VaultClient): Promise<Session[]> {
  return (await client.request<{ items: Session[] }>('GET', '/auth/sessions')).body.items;
}

async function isAlive(client: VaultClient): Promise<boolean> {
  return (await client.request('GET', '/users/me'))?.status === 200;
}

async function eventsOf(client: VaultClient): Promise<{ kind: string; ip: string | null; device: string | null }[]> {
  return vault.database.query(
    'SELECT kind, ip, device FROM security_events WHERE user_id = $1 ORDER BY created_at, id',
    [client.userId],
  );
}

describe('listing', () => {
  it('shows every live session of one’s own, marks the current one, and shows no token', async () => {
    const [laptop, phone] = await devices('list@example.com', 'laptop', 'phone');
    await vault.signUp('list-other@example.com', 'laptop');
    for (const [client, name] of [[laptop, 'laptop'] as const, [phone, 'phone'] as const]) {
      const items = await sessionsOf(client);
      expect(items.map(({ deviceId }) => deviceId).sort()).toEqual(['laptop', 'phone']);
      expect(items.filter(({ current }) => current).map(({ deviceId }) => deviceId)).toEqual([name]);
      expect(items[0]).toMatchObject({ deviceName: null, ip: '127.0.0.1', userAgent: expect.any(String) as string });
      expect(JSON.stringify(items)).not.toMatch(/pvs_|token|hash/i);
    }
  });

  it('does not show the expired and the revoked', async () => {
    const [first, second] = await devices('dead@example.com', 'first', 'second');
    await first.request('DELETE', '/auth/sessions/current');
    expect((await sessionsOf(second)).map(({ deviceId }) => deviceId)).toEqual(['second']);
  });
});

describe('opening', () => {
  it.each([
    ['half an hour, and a day', {}, 1800, 86_400],
    ['a week, and thirty days when it is remembered', { remember: true }, 604_800, 2_592_000],
  ])('gives %s', async (_what, manner, idle, absolute) => {
    const { body } = await signIn(vault, `lifetime-${idle}@example.com`, manner);
    const [row] = await vault.database.query<{ idle: number; absolute: number }>(
      `SELECT extract(epoch FROM idle_expires_at - created_at)::int AS idle,
              extract(epoch FROM expires_at - created_at)::int AS absolute FROM sessions WHERE user_id = $1`,
      [body.user.id],
    );
    expect(row).toEqual({ idle, absolute });
    expect(Date.parse(body.expiresAt) - Date.parse(body.idleExpiresAt)).toBe((absolute - idle) * 1000);
  });

  it('is written into the security log, with the device and its address', async () => {
    const client = await clientOf(vault, 'opening@example.com', { deviceId: 'laptop-1', deviceName: 'Ann’s laptop' });
    expect(await eventsOf(client)).toEqual([
      { kind: 'account.created', ip: '127.0.0.1', device: 'Ann’s laptop' },
      { kind: 'session.started', ip: '127.0.0.1', device: 'Ann’s laptop' },
    ]);
  });

  it('makes one account, and says so once, when two first sign-ins come at once', async () => {
    const email = 'twice@example.com';
    const pins = [await readPin(vault, email, { deviceId: 'a' }), await readPin(vault, email, { deviceId: 'b' })];
    const answers = await Promise.all(pins.map((pin, i) => trade(vault, pin, { deviceId: i === 0 ? 'a' : 'b' })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const client = Object.assign(new VaultClient(vault.url), { userId: answers[0]?.body.user.id });
    const kinds = (await eventsOf(client)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== 'device.new').sort()).toEqual([
      'account.created',
      'session.started',
      'session.started',
    ]);
  });
});

describe('revoking', () => {
  it('one: that one is dead at once, the others live; a second time it is unknown', async () => {
    const [laptop, phone, tablet] = await devices('one@example.com', 'laptop', 'phone', 'tablet');
    const id = (await sessionsOf(laptop)).find(({ deviceId }) => deviceId === 'phone')?.id;
    expect((await laptop.request('DELETE', `/auth/sessions/${id}`))?.status).toBe(204);
    expect(await Promise.all([laptop, phone, tablet].map(isAlive))).toEqual([true, false, true]);
    const again = await laptop.request('DELETE', `/auth/sessions/${id}`);
    expectProblem(again, { status: 404, code: 'SESSION.NOT_FOUND' });
  });

  it('all others: only this one lives, and nobody else’s is touched', async () => {
    const [laptop, phone, tablet] = await devices('others@example.com', 'laptop', 'phone', 'tablet');
    const stranger = await vault.signUp();
    expect((await phone.request('DELETE', '/auth/sessions'))?.status).toBe(204);
    expect(await Promise.all([laptop, phone, tablet, stranger].map(isAlive))).toEqual([false, true, false, true]);
  });

  it('the current one: signed out here, not there', async () => {
    const [laptop, phone] = await devices('current@example.com', 'laptop', 'phone');
    expect((await laptop.request('DELETE', '/auth/sessions/current'))?.status).toBe(204);
    expect(await Promise.all([laptop, phone].map(isAlive))).toEqual([false, true]);
  });

  it('the current one: tells a browser to forget what it keeps, and only then', async () => {
    const [laptop, phone] = await devices('forget@example.com', 'laptop', 'phone');
    const [here, there] = await Promise.all([
      laptop.request('DELETE', '/auth/sessions/current'),
      phone.request('DELETE', '/auth/sessions'),
    ]);
    expect(here.headers.get('clear-site-data')).toBe('"cache", "storage"');
    expect(there.headers.get('clear-site-data')).toBeNull();
  });

  it('one that has run out: unknown', async () => {
    const [laptop, phone] = await devices('over@example.com', 'laptop', 'phone');
    const id = (await sessionsOf(laptop)).find(({ current }) => !current)?.id;
    await vault.database.query('UPDATE sessions SET idle_expires_at = clock_timestamp() WHERE id = $1', [id]);
    expect(await isAlive(phone)).toBe(false);
    const answer = await laptop.request('DELETE', `/auth/sessions/${id}`);
    expectProblem(answer, { status: 404, code: 'SESSION.NOT_FOUND' });
  });

  it('is written into the security log, one line for each', async () => {
    const [laptop] = await devices('logged@example.com', 'laptop', 'phone', 'tablet');
    await laptop.request('DELETE', '/auth/sessions');
    await laptop.request('DELETE', '/auth/sessions/current');
    const ended = (await eventsOf(laptop)).filter(({ kind }) => kind === 'session.ended');
    expect(ended.map(({ device }) => device).sort()).toEqual(['laptop', 'phone', 'tablet']);
    expect(ended.map(({ device }) => device).at(-1)).toBe('laptop');
  });

  it('others, while one of them is revoked and another one signs in: never a fault', async () => {
    const [laptop, phone, tablet] = await devices('crowd@example.com', 'laptop', 'phone', 'tablet');
    const pin = await readPin(vault, 'crowd@example.com', { deviceId: 'desktop' });
    const [others, one, fourth] = await Promise.all([
      laptop.request('DELETE', '/auth/sessions'),
      phone.request('DELETE', '/auth/sessions/current'),
      trade(vault, pin, { deviceId: 'desktop' }),
    ]);
    expect([others.status, fourth.status]).toEqual([204, 201]);
    expect([204, 401, 404]).toContain(one.status);
    expect(await Promise.all([laptop, phone, tablet].map(isAlive))).toEqual([true, false, false]);
  });

  it('somebody else’s: unknown, and it lives', async () => {
    const [alice, bob] = [await vault.signUp(), await vault.signUp()];
    const [session] = await sessionsOf(alice);
    const answer = await bob.request('DELETE', `/auth/sessions/${session?.id}`);
    expectProblem(answer, { status: 404, code: 'SESSION.NOT_FOUND' });
    expect(await isAlive(alice)).toBe(true);
  });

  it('twenty times at once: once 204, else 404 or 401, never a fault', async () => {
    const [laptop, phone] = await devices('race@example.com', 'laptop', 'phone');
    const id = (await sessionsOf(laptop)).find(({ current }) => !current)?.id;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => laptop.request('DELETE', `/auth/sessions/${id}`)),
    );
    expect(answers.map((answer) => answer?.status).sort()).toEqual([204, ...Array.from({ length: 19 }, () => 404)]);
    expect(await isAlive(phone)).toBe(false);
  });
});
