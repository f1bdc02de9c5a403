import { randomUUID } from 'node:crypto';
import { newToken } from '../../src/platform/crypto/tokens';
import { withClient } from '../../src/platform/database/open-database';
import { getInBulk } from '../support/bulk';
import { fakeOnly } from '../support/fake-time';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';
import { eventually, within } from '../support/waiting';

const TOO_MANY = { status: 429, code: 'REQUEST.TOO_MANY' };

let vault: TestApp;

/** A vault with these limits, for one block of tests. */
function withLimits(perMinute: number, publicPerMinute: number): void {
  beforeAll(async () => {
    vault = await startTestApp({
      RATE_LIMIT_PER_MINUTE: String(perMinute),
      RATE_LIMIT_PUBLIC_PER_MINUTE: String(publicPerMinute),
    });
  });
  afterAll(() => vault.close());
}

/** How far the clock of this process is ahead, in milliseconds; the database's is not. */
let ahead = 0;
function aMinuteLater(): void {
  ahead += 61_000;
  fakeOnly(['Date'], performance.timeOrigin + performance.now() + ahead);
}
afterEach(() => jest.useRealTimers());

/** What an answer says of the limits; null where it says nothing. */
function limitOf({ headers }: Answer<unknown>): { policy: string; remaining: number; reset: number } | null {
  if (!headers.has('ratelimit')) return null;
  const [, policy, remaining, reset] = /^"([a-z]+)";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
  expect(headers.get('ratelimit-policy')).toMatch(new RegExp(`^"${policy}";q=\\d+;w=60$`));
  return { policy: policy ?? '', remaining: Number(remaining), reset: Number(reset) };
}

function expectTooMany(answer: Answer<unknown>, policy: string): void {
  expectProblem(answer, TOO_MANY);
  const limit = limitOf(answer);
  expect(limit).toMatchObject({ policy, remaining: 0 });
  expect(answer.headers.get('retry-after')).toBe(String(limit?.reset));
  expect(limit?.reset).toBeGreaterThan(0);
  expect(limit?.reset).toBeLessThanOrEqual(60);
}

/** Shows a token, one that nobody was given unless it says which. */
async function show(token = newToken('pvs').text): Promise<Answer> {
  return vault.stranger().request('GET', '/users/me', { headers: { authorization: `Bearer ${token}` } });
}

/** Statements that wait for a table of this database. */
const WAITING = `SELECT count(*)::int AS waiting FROM pg_locks JOIN pg_database ON pg_database.oid = database
  WHERE NOT granted AND datname = current_database()`;

describe('the limit of a session', () => {
  withLimits(20, 1_000_000);

  it('is counted down in every answer, whatever the answer is', async () => {
    const alice = await vault.signUp();
    const answers = [
      await alice.request('GET', '/users/me'),
      await alice.request('GET', `/files/${randomUUID()}`),
      await alice.request('PATCH', `/files/${randomUUID()}`, { json: { nonsense: true } }),
      await alice.put('photo.jpg', jpeg(1000, 'limit')),
      await alice.request('DELETE', '/auth/sessions/current'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 422, 201, 204]);
    expect(answers.map((answer) => limitOf(answer)?.remaining)).toEqual([19, 18, 17, 16, 15]);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"session";q=20;w=60');
  });

  it('ends in 429 with the time to wait, and after that time all is well again', async () => {
    const alice = await vault.signUp();
    const answers = await getInBulk(alice, '/users/me', 30);
    expect(answers.statuses).toEqual({ 200: 20, 429: 10 });
    expectTooMany(await alice.request('GET', '/users/me'), 'session');
    aMinuteLater();
    expect(limitOf(await alice.request('GET', '/users/me'))).toEqual({ policy: 'session', remaining: 19, reset: 60 });
  });

  it('is each session’s own: neither another session of the same person nor another person is held up', async () => {
    const alice = await vault.signUp('two@example.com', 'laptop');
    const phone = await vault.signUp('two@example.com', 'phone');
    const bob = await vault.signUp();
    await getInBulk(alice, '/users/me', 25);
    expect((await alice.request('GET', '/users/me')).status).toBe(429);
    expect((await phone.request('GET', '/users/me')).status).toBe(200);
    expect((await bob.request('GET', '/users/me')).status).toBe(200);
  });

  it('stands before the database: who has used it up is refused while no session can be looked up', async () => {
    const [alice, bob] = [await vault.signUp(), await vault.signUp()];
    await getInBulk(alice, '/users/me', 20);
    await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
      const waits = bob.request('GET', '/users/me');
      expectTooMany(await within(5000, 'the refusal', alice.request('GET', '/users/me')), 'session');
      expect(await Promise.race([waits.then(() => 'answered'), alice.list().then(() => 'waits')])).toBe('waits');
      await client.query('ROLLBACK');
      expect((await waits).status).toBe(200);
    });
  });

  it('refuses an upload before a byte of it is stored', async () => {
    const alice = await vault.signUp();
    await getInBulk(alice, '/users/me', 20);
    expectTooMany(await alice.put('late.jpg', jpeg(300_000, 'late')), 'session');
    aMinuteLater();
    expect((await alice.list()).body.items).toEqual([]);
  });
});

describe('the limit of strangers', () => {
  withLimits(20_000, 12);
  beforeEach(() => aMinuteLater());

  it('holds for what needs no session', async () => {
    const answer = await vault.stranger().request('GET', '/server');
    expect(limitOf(answer)).toEqual({ policy: 'public', remaining: 11, reset: 60 });
    expect((await getInBulk(vault.stranger(), '/server', 20)).statuses).toEqual({ 200: 11, 429: 9 });
    expectTooMany(await vault.stranger().request('GET', '/server'), 'public');
  });

  it('holds for who comes to a session’s door without a token', async () => {
    expect((await getInBulk(vault.stranger(), '/users/me', 20)).statuses).toEqual({ 401: 12, 429: 8 });
    expectTooMany(await vault.stranger().request('GET', '/server'), 'public');
  });

  it('holds for the session’s own holder where none is needed, and does not touch the session', async () => {
    const alice = await vault.signUp();
    await getInBulk(vault.stranger(), '/server', 20);
    expectTooMany(await alice.request('GET', '/server'), 'public');
    expect(limitOf(await alice.request('GET', '/users/me'))?.policy).toBe('session');
  });

  it.each([
    ['/users', { email: 'weight@example.com', deviceId: 'laptop' }],
    ['/auth/pin', { email: 'weight@example.com', deviceId: 'laptop' }],
    ['/auth/sessions', { challengeId: newToken('pvs').text.slice(4, 47), deviceId: 'laptop', pin: '0000' }],
  ])('is used up five times as fast by POST %s', async (path, json) => {
    const post = () => vault.stranger().request('POST', path, { json });
    expect(limitOf(await post())?.remaining).toBe(7);
    expect(limitOf(await post())?.remaining).toBe(2);
    expectTooMany(await post(), 'public');
  });

  it('does not concern an address at which there is nothing', async () => {
    expect((await getInBulk(vault.stranger(), '/nothing', 20)).statuses).toEqual({ 404: 20 });
    expect(limitOf(await vault.stranger().request('GET', '/nothing'))).toBeNull();
  });
});

describe('a limit of one request', () => {
  withLimits(1, 1);
  beforeEach(() => aMinuteLater());

  it('lets a person in, although signing in weighs more', async () => {
    const alice: VaultClient = vault.stranger();
    const json = { email: 'one@example.com', deviceId: 'laptop' };
    const { status, body } = await alice.request('POST', '/users', { json });
    expect(status).toBe(202);
    aMinuteLater();
    const pin = await vault.logs.pinFor('one@example.com');
    const signIn = { challengeId: body.challengeId, deviceId: 'laptop', pin };
    expect((await alice.request('POST', '/auth/sessions', { json: signIn })).status).toBe(201);
  });

  it('does not keep a load balancer from asking whether the process lives', async () => {
    for (const path of ['//health/live', '//health/ready']) {
      const answers = await Promise.all(Array.from({ length: 200 }, () => vault.stranger().request('GET', path)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(answers.map(limitOf).filter(Boolean)).toEqual([]);
    }
  });
});

describe('tokens that nobody was given', () => {
  withLimits(20_000, 10);
  beforeEach(() => aMinuteLater());

  it('are refused a network after as many as a stranger’s requests, each time another one or not', async () => {
    const same = newToken('pvs').text;
    const tokens = Array.from({ length: 10 }, (_, i) => (i < 5 ? same : undefined));
    for (const token of tokens) expect((await show(token)).status).toBe(401);
    expectTooMany(await show(), 'unauthenticated');
    expectTooMany(await show(same), 'unauthenticated');
    aMinuteLater();
    expect((await show()).status).toBe(401);
  });

  it('are no more when a hundred come at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => show()));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(90);
  });

  it('count although their senders do not wait for the answers', async () => {
    const leave = new AbortController();
    await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
      const left = Array.from({ length: 10 }, () => {
        const headers = { authorization: `Bearer ${newToken('pvs').text}` };
        return fetch(`${vault.url}/api/v1/users/me`, { headers, signal: leave.signal }).catch(() => 'left');
      });
      await eventually('all of them are being looked up', async () => {
        const { rows } = await client.query<{ waiting: number }>(WAITING);
        return rows[0]?.waiting === 10;
      });
      leave.abort();
      expect(new Set(await Promise.all(left))).toEqual(new Set(['left']));
      const noticed = () => vault.logs.lines.filter((line) => line.includes('"completed":false')).length;
      await eventually('the server has noticed', () => noticed() === 10);
      await client.query('ROLLBACK');
    });
    expectTooMany(await show(), 'unauthenticated');
  });

  it('cost the database nothing once they are refused', async () => {
    await Promise.all(Array.from({ length: 12 }, () => show()));
    await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
      const answers = await within(5000, 'the refusals', Promise.all(Array.from({ length: 20 }, () => show())));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([429]));
      await client.query('ROLLBACK');
    });
  });

  it('do not keep those out who share the network with their sender, nor use up what strangers may ask', async () => {
    const alice = await vault.signUp();
    expect((await alice.request('GET', '/users/me')).status).toBe(200);
    aMinuteLater();
    await Promise.all(Array.from({ length: 50 }, () => show()));
    expectTooMany(await show(), 'unauthenticated');
    expect((await getInBulk(alice, '/users/me', 50)).statuses).toEqual({ 200: 50 });
    expect((await vault.stranger().request('GET', '/server')).status).toBe(200);
  });

  it('count for a session that has ended', async () => {
    const alice = await vault.signUp();
    expect((await alice.request('DELETE', '/auth/sessions/current')).status).toBe(204);
    expect((await getInBulk(alice, '/users/me', 20, { lanes: 1 })).statuses).toEqual({ 401: 10, 429: 10 });
    expectTooMany(await show(), 'unauthenticated');
  });

  it('do not count for a session that is real, however many of its requests come first and at once', async () => {
    const people = [await vault.signUp('a@example.com')];
    aMinuteLater();
    for (let i = 0; i < 5; i++) people.push(await vault.signUp(`real${i}@example.com`).finally(aMinuteLater));
    for (const person of people)
      expect((await getInBulk(person, '/users/me', 20, { lanes: 8 })).statuses).toEqual({ 200: 20 });
    expect((await show()).status).toBe(401);
  });
});

describe('the default limits', () => {
  beforeAll(async () => {
    // The settings that the test support raises, as they are without it.
    vault = await startTestApp({ RATE_LIMIT_PUBLIC_PER_MINUTE: '' });
  });
  afterAll(() => vault.close());

  it('let one session ask 5,000 times in a minute', async () => {
    const alice = await vault.signUp();
    const { body: file } = await alice.put('small.jpg', jpeg(10_000, 'bulk'));
    const started = performance.now();
    const bulk = { '/users/me': 1000, '/files': 1500, [`/files/${file.id}/content`]: 2500 };
    for (const [path, requests] of Object.entries(bulk)) {
      expect((await getInBulk(alice, path, requests)).statuses).toEqual({ 200: requests });
    }
    expect(performance.now() - started).toBeLessThan(60_000);
    const limit = limitOf(await alice.request('GET', '/users/me'));
    expect(limit).toMatchObject({ policy: 'session', remaining: 20_000 - 5002 });
  }, 120_000);
});
