import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { VaultClient } from '../support/vault-client';

/** The life of a session: listed, seen, revoked, expired, always by the database's clock (security design, section 4). */
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

/** Moves a moment of all sessions of a person. */
async function set(client: VaultClient, column: string, interval: string): Promise<void> {
  const sql = `UPDATE sessions SET ${column} = clock_timestamp() + $2::interval WHERE user_id = $1`;
  await vault.database.query(sql, [client.userId, interval]);
}

async function rowOf(client: VaultClient): Promise<{ seen: Date; idle: number }> {
  const [row] = await vault.database.query<{ seen: Date; idle: number }>(
    `SELECT last_seen_at AS seen, round(extract(epoch FROM idle_expires_at - clock_timestamp()))::int AS idle
       FROM sessions WHERE user_id = $1`,
    [client.userId],
  );
  return row ?? { seen: new Date(NaN), idle: NaN };
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

describe('expiry', () => {
  it.each(['idle_expires_at', 'expires_at'])('%s: alive a second before, dead at the moment', async (column) => {
    const client = await vault.signUp();
    await set(client, column, '5 seconds');
    expect(await isAlive(client)).toBe(true);
    await set(client, column, '0 seconds');
    expect(await isAlive(client)).toBe(false);
  });

  it('use does not bring an expired session back, nor lengthen the absolute end', async () => {
    const client = await vault.signUp();
    const [session] = await sessionsOf(client);
    await set(client, 'last_seen_at', '-5 minutes');
    expect(await isAlive(client)).toBe(true);
    expect((await sessionsOf(client))[0]?.expiresAt).toBe(session?.expiresAt);
    await set(client, 'idle_expires_at', '-1 second');
    for (let i = 0; i < 3; i++) expect(await isAlive(client)).toBe(false);
    await set(client, 'last_seen_at', '-5 minutes');
    expect(await isAlive(client)).toBe(false);
  });

  it('is by the database’s clock: the server’s own may say what it likes', async () => {
    const client = await vault.signUp();
    const now = Date.now();
    for (const skew of [-40, 40]) {
      const clock = jest.spyOn(Date, 'now').mockReturnValue(now + skew * 86_400_000);
      try {
        expect(await isAlive(client)).toBe(true);
      } finally {
        clock.mockRestore();
      }
    }
  });

  it('ends a session during an upload no sooner than at its next request', async () => {
    const client = await vault.signUp();
    const upload = client.put('slow.jpg', jpeg(2_000_000, 'slow'));
    await set(client, 'expires_at', '0 seconds');
    expect([201, 401]).toContain((await upload).status);
    expect(await isAlive(client)).toBe(false);
  });
});

describe('last seen', () => {
  it('is written at most once a minute', async () => {
    const client = await vault.signUp();
    const { seen } = await rowOf(client);
    for (let i = 0; i < 3; i++) await client.list();
    expect((await rowOf(client)).seen).toEqual(seen);

    await set(client, 'last_seen_at', '-59 seconds');
    const { seen: almost } = await rowOf(client);
    await client.list();
    expect((await rowOf(client)).seen).toEqual(almost);

    await set(client, 'last_seen_at', '-61 seconds');
    await Promise.all(Array.from({ length: 10 }, () => client.list()));
    const { seen: now } = await rowOf(client);
    expect(now.getTime() - almost.getTime()).toBeGreaterThan(50_000);
  });

  it('slides the idle end, half an hour from the last use', async () => {
    const client = await vault.signUp();
    await set(client, 'idle_expires_at', '3 seconds');
    await set(client, 'last_seen_at', '-61 seconds');
    await client.list();
    expect((await rowOf(client)).idle).toBeGreaterThan(1790);
  });
});
