import { setTimeout as delay } from 'node:timers/promises';
import { type BulkAnswers, getInBulk } from '../support/bulk';
import { describeWithRedis, RedisServer } from '../support/redis-server';
import { startTestApp, type TestApp } from '../support/test-app';
import { VaultClient } from '../support/vault-client';
import { eventually, within } from '../support/waiting';

// Redis dies, hangs and comes back under two busy servers on one database: limits hold, nothing fails, and the log says it once.

jest.setTimeout(120_000);

const LIMIT = 500;
/** Almost as long as Redis may take to answer, in milliseconds. */
const PATIENCE = 450;

let redis: RedisServer;
let a: TestApp;
let b: TestApp;

async function startBoth(): Promise<void> {
  const env = { REDIS_URL: redis.url, RATE_LIMIT_PER_MINUTE: String(LIMIT) };
  a = await startTestApp(env);
  b = await startTestApp({ ...env, DB_URL: a.database.url, DATA_DIR: a.dataDir });
}

/** A person with one session, as a client of either server. */
async function signUp(): Promise<[VaultClient, VaultClient]> {
  const atA = await a.signUp();
  return [atA, Object.assign(new VaultClient(b.url), { token: atA.token })];
}

/** The answers of both servers to one session, which asks as fast as it can. */
async function askBoth(clients: readonly VaultClient[], goOn: number | (() => boolean)): Promise<BulkAnswers> {
  const each = typeof goOn === 'number' ? goOn / clients.length : goOn;
  const all = await Promise.all(clients.map((client) => getInBulk(client, '/users/me', each, { lanes: 8 })));
  const statuses: Record<number, number> = {};
  for (const one of all) {
    for (const [status, n] of Object.entries(one.statuses)) statuses[+status] = (statuses[+status] ?? 0) + n;
  }
  return { statuses, slowest: Math.max(...all.map(({ slowest }) => slowest)) };
}

/** How often each server has said something of Redis. */
function said(what: string): number[] {
  return [a, b].map(({ logs }) => logs.lines.filter((line) => line.includes(what)).length);
}

async function untilSaid(what: string, times: number): Promise<void> {
  await eventually(`both say "${what}"`, () => said(what).every((n) => n >= times));
}

describeWithRedis('what becomes of rate limits when Redis goes away')('two servers', () => {
  describe('with a Redis', () => {
    beforeAll(async () => {
      redis = await RedisServer.start();
      await startBoth();
      await untilSaid('request rates are shared', 1);
    });
    afterAll(async () => {
      await b.close();
      await a.close();
      await redis.remove();
    });

    it('share one limit, to the request', async () => {
      const { statuses } = await askBoth(await signUp(), 1.5 * LIMIT);
      expect(statuses).toEqual({ 200: LIMIT, 429: LIMIT / 2 });
    });

    it('tell it no token and keep nothing there for longer than a minute', async () => {
      const [alice] = await signUp();
      await alice.list();
      const keys = await redis.ask((client) => client.keys('*'));
      expect(keys.filter((key) => /^pv:rate:session:[\w-]{43}$/.test(key)).length).toBeGreaterThan(0);
      expect(keys.filter((key) => !/^pv:(probe|rate:(session:[\w-]{43}|public:127\.0\.0\.1))$/.test(key))).toEqual([]);
      expect(keys.join()).not.toContain(alice.token?.slice(4, 20));
      for (const key of keys) expect(await redis.ask((client) => client.ttl(key))).toBeGreaterThan(0);
    });

    it('never grant more than twice the limit while it dies, comes back empty, hangs and goes on; and never fail', async () => {
      const clients = await signUp();
      const started = performance.now();
      let stop = false;
      const busy = askBoth(clients, () => !stop);
      // Who has used an allowance up is refused without Redis: somebody has to go on asking it.
      const strangers = [a, b].map((each) => getInBulk(each.stranger(), '/server', () => !stop, { lanes: 2 }));
      try {
        await delay(1000);

        await redis.stop();
        await untilSaid('Redis is away', 1);
        await delay(1500);
        await redis.start();
        await untilSaid('Redis is back', 1);
        await delay(1000);

        redis.freeze();
        await untilSaid('Redis is away', 2);
        await delay(3000);
        redis.thaw();
        await untilSaid('Redis is back', 2);
        await delay(1000);
      } finally {
        stop = true;
      }
      const { statuses } = await busy;
      expect(Object.keys(statuses)).toEqual(['200', '429']);
      expect(statuses[200]).toBeGreaterThanOrEqual(LIMIT);
      expect(statuses[200]).toBeLessThanOrEqual(2 * LIMIT);
      for (const each of await Promise.all(strangers)) expect(Object.keys(each.statuses)).toEqual(['200']);
      expect([said('Redis is away'), said('Redis is back')]).toEqual([
        [2, 2],
        [2, 2],
      ]);
      // All of it was one window.
      expect(performance.now() - started).toBeLessThan(60_000);
    });

    it('share one limit again when it is back', async () => {
      const { statuses } = await askBoth(await signUp(), 1.5 * LIMIT);
      expect(statuses).toEqual({ 200: LIMIT, 429: LIMIT / 2 });
    });

    it('wait for one that hangs with the requests of that moment, not with every request', async () => {
      const clients = await signUp();
      redis.freeze();
      try {
        const first = await askBoth(clients, 16);
        expect(first.statuses).toEqual({ 200: 16 });
        expect(first.slowest).toBeLessThan(4 * PATIENCE);
        await untilSaid('Redis is away', 3);
        const later = await askBoth(clients, 400);
        expect(later.statuses).toEqual({ 200: 400 });
        expect(later.slowest).toBeLessThan(PATIENCE);
      } finally {
        redis.thaw();
        await untilSaid('Redis is back', 3);
      }
    });
  });

  describe('without their Redis', () => {
    beforeEach(async () => {
      redis = await RedisServer.prepare();
      await startBoth();
    });
    afterEach(() => redis.remove());

    it('start, limit each for itself, and share once it is there', async () => {
      await untilSaid('Redis is away', 1);
      expect((await askBoth(await signUp(), 2.5 * LIMIT)).statuses).toEqual({ 200: 2 * LIMIT, 429: LIMIT / 2 });
      await delay(2000);
      await redis.start();
      await untilSaid('Redis is back', 1);
      expect((await askBoth(await signUp(), 1.5 * LIMIT)).statuses).toEqual({ 200: LIMIT, 429: LIMIT / 2 });
      expect([said('Redis is away'), said('Redis is back')]).toEqual([
        [1, 1],
        [1, 1],
      ]);
      await b.close();
      await a.close();
    });

    it('stop without delay and without a word, while it is away or hangs', async () => {
      await untilSaid('Redis is away', 1);
      await within(5000, 'the end of one', b.close());
      await redis.start();
      await eventually('the other has it', () => a.logs.text.includes('Redis is back'));
      redis.freeze();
      const lines = a.logs.lines.length;
      await within(5000, 'the end of the other', a.close());
      expect(a.logs.lines.slice(lines).filter((line) => line.includes('Redis'))).toEqual([]);
    });
  });
});
