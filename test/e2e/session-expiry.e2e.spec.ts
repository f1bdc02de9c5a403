import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { PreparedStatements } from '../../src/platform/database/prepared-statements';
import { fakeOnly } from '../support/fake-time';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { clientOf } from '../support/whole-sign-in';

/** When a session is over, and what its use changes of that, always by the database's clock (security design, section 4). */
let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

async function isAlive(client: VaultClient): Promise<boolean> {
  return (await client.request('GET', '/users/me')).status === 200;
}

/** Moves a moment of all sessions of a person. */
async function set(client: VaultClient, column: string, interval: string): Promise<void> {
  const sql = `UPDATE sessions SET ${column} = clock_timestamp() + $2::interval WHERE user_id = $1`;
  await vault.database.query(sql, [client.userId, interval]);
}

interface Row {
  readonly seen: Date;
  readonly end: Date;
  /** Seconds until the idle end. */
  readonly idle: number;
  /** The version of the row. */
  readonly xmin: string;
}

async function rowOf(client: VaultClient): Promise<Row> {
  const [row] = await vault.database.query<Row>(
    `SELECT last_seen_at AS seen, expires_at AS end, xmin,
            round(extract(epoch FROM idle_expires_at - clock_timestamp()))::int AS idle
       FROM sessions WHERE user_id = $1`,
    [client.userId],
  );
  if (!row) throw new Error('there is no session');
  return row;
}

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
    const { end } = await rowOf(client);
    await set(client, 'last_seen_at', '-5 minutes');
    expect(await isAlive(client)).toBe(true);
    await eventually('its use is written down', async () => (await rowOf(client)).idle > 1790);
    expect((await rowOf(client)).end).toEqual(end);
    await set(client, 'idle_expires_at', '-1 second');
    for (let i = 0; i < 3; i++) expect(await isAlive(client)).toBe(false);
    await set(client, 'last_seen_at', '-5 minutes');
    expect(await isAlive(client)).toBe(false);
  });

  describe('is by the database’s clock', () => {
    const HOUR_MS = 3_600_000;
    const hours = [-1000, -1, 1, 1000];
    const setClock = (by: number) => fakeOnly(['Date'], Date.now() + by * HOUR_MS);
    afterEach(() => jest.useRealTimers());

    it.each(hours)('when the server’s own is %i hours off at a request', async (by) => {
      const [alive, dead] = [await vault.signUp(), await vault.signUp()];
      await set(alive, 'idle_expires_at', '5 seconds');
      await set(dead, 'idle_expires_at', '0 seconds');
      setClock(by);
      expect(await Promise.all([alive, dead].map(isAlive))).toEqual([true, false]);
    });

    it.each(hours)('when the server’s own is %i hours off at the sign-in', async (by) => {
      setClock(by);
      const client = await vault.signUp();
      const { idle } = await rowOf(client);
      expect([idle > 1790, idle <= 1800]).toEqual([true, true]);
      jest.useRealTimers();
      expect(await isAlive(client)).toBe(true);
    });

    it.each(hours)('when the server’s own is %i hours off while the idle end moves', async (by) => {
      const client = await vault.signUp();
      await set(client, 'last_seen_at', '-61 seconds');
      await set(client, 'idle_expires_at', '3 seconds');
      setClock(by);
      await client.list();
      jest.useRealTimers();
      await eventually('the idle end has moved', async () => (await rowOf(client)).idle > 1700);
      expect((await rowOf(client)).idle).toBeLessThanOrEqual(1800);
    });
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
  const seenOf = async (client: VaultClient) => (await rowOf(client)).seen.getTime();

  it('is written at most once a minute', async () => {
    const client = await vault.signUp();
    await set(client, 'last_seen_at', '-59 seconds');
    const before = await seenOf(client);
    await Promise.all(Array.from({ length: 10 }, () => client.list()));
    // Long enough for a write that nobody waits for.
    await delay(200);
    expect(await seenOf(client)).toBe(before);

    await set(client, 'last_seen_at', '-61 seconds');
    await Promise.all(Array.from({ length: 10 }, () => client.list()));
    await eventually('it is written', async () => (await seenOf(client)) - before > 50_000);
    const { xmin } = await rowOf(client);
    await Promise.all(Array.from({ length: 10 }, () => client.list()));
    await delay(200);
    expect((await rowOf(client)).xmin).toBe(xmin);
  });

  it('slides the idle end, half an hour from the last use', async () => {
    const client = await vault.signUp();
    await set(client, 'idle_expires_at', '3 seconds');
    await set(client, 'last_seen_at', '-61 seconds');
    await client.list();
    await eventually('the idle end has moved', async () => (await rowOf(client)).idle > 1790);
  });

  it('slides that of a remembered session by a week', async () => {
    const client = await clientOf(vault, 'week@example.com', { remember: true });
    await set(client, 'idle_expires_at', '3 seconds');
    await set(client, 'last_seen_at', '-61 seconds');
    await client.list();
    await eventually('the idle end has moved', async () => (await rowOf(client)).idle > 604_700);
  });

  it('is not waited for: a session whose row somebody holds is answered all the same', async () => {
    const client = await vault.signUp();
    await set(client, 'last_seen_at', '-61 seconds');
    const dataSource = vault.app.get(DataSource);
    await dataSource.transaction(async (tx) => {
      await tx.query('SELECT FROM sessions WHERE user_id = $1 FOR UPDATE', [client.userId]);
      expect(await isAlive(client)).toBe(true);
    });
    await eventually('it is written', async () => Date.now() - (await seenOf(client)) < 60_000);
  });
});

describe('a session whose idle time is shorter than a minute', () => {
  it('is kept alive by use all the same', async () => {
    const hasty = await startTestApp({ SESSION_IDLE_SECONDS: '20' });
    try {
      const client = await hasty.signUp();
      const idle = async () => {
        const [row] = await hasty.database.query<{ seconds: number }>(
          'SELECT extract(epoch FROM idle_expires_at - clock_timestamp())::float AS seconds FROM sessions',
        );
        return row?.seconds ?? NaN;
      };
      const shift =
        'UPDATE sessions SET last_seen_at = last_seen_at - $1::interval, idle_expires_at = idle_expires_at - $1::interval';
      await hasty.database.query(shift, ['11 seconds']);
      expect(await idle()).toBeLessThan(9);
      await client.list();
      await eventually('the idle end has moved', async () => (await idle()) > 18);
    } finally {
      await hasty.close();
    }
  });
});

describe('the way of every request', () => {
  it('is one statement before the route’s own, named and planned once', async () => {
    const client = await vault.signUp();
    const run = jest.spyOn(vault.app.get(PreparedStatements, { strict: false }), 'run');
    try {
      await client.request('GET', '/users/me');
      expect(run.mock.calls.map(([{ name }]) => name)).toEqual(['sessions_find_live']);
    } finally {
      run.mockRestore();
    }
  });
});
