import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { SessionsRepository } from '../../src/auth/sessions/sessions.repository';
import { UsersService } from '../../src/users/users.service';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;
let sessions: SessionsRepository;
let dataSource: DataSource;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
  sessions = vault.app.get(SessionsRepository, { strict: false });
  dataSource = vault.app.get(DataSource);
});
afterAll(() => vault.close());

async function newUser(): Promise<string> {
  const users = vault.app.get(UsersService, { strict: false });
  return dataSource.transaction((tx) => users.ensure(tx, `sessions-${++people}@example.com`));
}

/** A session of an account, and its row changed afterwards. @returns its id */
async function newSession(userId: string, change = 'id = id'): Promise<string> {
  const id = uuidv7();
  const row = { id, userId, tokenHash: randomBytes(32), deviceId: 'laptop', deviceName: null, ip: '192.0.2.7' };
  await dataSource.transaction((tx) =>
    sessions.insert(tx, { ...row, userAgent: null, trustedDeviceId: null }, { idle: 1800, absolute: 86_400 }),
  );
  await vault.database.query(`UPDATE sessions SET ${change} WHERE id = $1`, [id]);
  return id;
}

/** The version of a session's row: another one after each write. */
async function versionOf(id: string): Promise<unknown> {
  return vault.database.query('SELECT xmin FROM sessions WHERE id = $1', [id]);
}

async function isThere(id: string): Promise<boolean> {
  return (await vault.database.query('SELECT FROM sessions WHERE id = $1', [id])).length === 1;
}

const ago = (interval: string) => `clock_timestamp() - interval '${interval}'`;

describe('the use of a session', () => {
  it('is written once by many processes that all found it stale', async () => {
    const id = await newSession(await newUser(), `last_seen_at = ${ago('61 seconds')}`);
    const before = await versionOf(id);
    await sessions.touch(id);
    const after = await versionOf(id);
    expect(after).not.toEqual(before);
    await Promise.all(Array.from({ length: 10 }, () => sessions.touch(id)));
    expect(await versionOf(id)).toEqual(after);
  });

  it.each([
    ['has ended', `ended_at = clock_timestamp()`],
    ['has been idle for too long', `idle_expires_at = clock_timestamp()`],
    ['is too old', `expires_at = clock_timestamp()`],
  ])('is not written when it %s', async (_what, change) => {
    const id = await newSession(await newUser(), `last_seen_at = ${ago('1 hour')}, ${change}`);
    const before = await versionOf(id);
    await sessions.touch(id);
    expect(await versionOf(id)).toEqual(before);
  });
});

describe('the look-up of a session', () => {
  it('is by an index', async () => {
    const plan = await dataSource.transaction(async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off');
      return tx.query<object[]>('EXPLAIN SELECT id FROM sessions WHERE token_hash = $1', [randomBytes(32)]);
    });
    expect(JSON.stringify(plan)).toContain('Index Scan using uq_sessions_token_hash');
  });
});

describe('sessions that are over', () => {
  it.each([
    ['ended', `ended_at = ${ago('30 days 1 minute')}`, `ended_at = ${ago('29 days 23:59')}`],
    ['ran idle', `idle_expires_at = ${ago('30 days 1 minute')}`, `idle_expires_at = ${ago('29 days 23:59')}`],
    ['ran out', `expires_at = ${ago('30 days 1 minute')}`, `expires_at = ${ago('29 days 23:59')}`],
    [
      'ended, whenever they would have run out,',
      `ended_at = ${ago('31 days')}, expires_at = ${ago('1 day')}`,
      `ended_at = ${ago('1 day')}, expires_at = ${ago('1 day')}, idle_expires_at = ${ago('31 days')}`,
    ],
  ])('and %s are forgotten thirty days later, and not before', async (_how, late, early) => {
    const userId = await newUser();
    const [gone, kept] = [await newSession(userId, late), await newSession(userId, early)];
    await sessions.deleteOver(30);
    expect(await Promise.all([gone, kept].map(isThere))).toEqual([false, true]);
  });

  it('take the challenges with them that they have asked for', async () => {
    const userId = await newUser();
    const id = await newSession(userId, `ended_at = ${ago('31 days')}`);
    await vault.database.query(
      `INSERT INTO login_challenges
         (id, id_hash, user_id, email_bidx, device_hash, pin_mac, max_attempts, expires_at, purpose, requester_hash, session_id)
       VALUES ($1, $2, $3, $2, $2, $2, 3, clock_timestamp(), 'reauthentication', $2, $4)`,
      [uuidv7(), randomBytes(32), userId, id],
    );
    await sessions.deleteOver(30);
    expect(await vault.database.query('SELECT FROM login_challenges WHERE user_id = $1', [userId])).toEqual([]);
  });

  it('are no end of those that are live, however old', async () => {
    const id = await newSession(await newUser(), `created_at = ${ago('29 days')}`);
    await sessions.deleteOver(0);
    expect(await isThere(id)).toBe(true);
  });
});

describe('an account’s first session', () => {
  const isFirst = (userId: string) => sessions.isFirst(dataSource.manager, userId, 30);

  it('is one while there was none, and none can have been forgotten', async () => {
    const userId = await newUser();
    expect(await isFirst(userId)).toBe(true);
    await vault.database.query(`UPDATE users SET created_at = ${ago('31 days')} WHERE id = $1`, [userId]);
    expect(await isFirst(userId)).toBe(false);
  });

  it('is none beside another one, also one that is over', async () => {
    const userId = await newUser();
    await newSession(userId, 'ended_at = clock_timestamp()');
    expect(await isFirst(userId)).toBe(false);
  });
});

describe('wrong PINs of a session', () => {
  it('may be without number when there is no limit', async () => {
    const id = await newSession(await newUser(), 'wrong_proofs = 32767');
    expect(await sessions.countWrongProof(dataSource.manager, id, 1_000_000)).toBeNull();
  });
});
