import { AppConfig } from '../../src/platform/config/app-config';
import { AppError } from '../../src/platform/errors/app-error';
import type { RateState } from '../../src/platform/http/rate-limit/rate-limit-headers';
import { RateLimiter } from '../../src/platform/http/rate-limit/rate-limiter';
import { createLogger } from '../../src/platform/logging/logger';
import { RedisConnection } from '../../src/platform/redis/redis-connection';
import { fakeOnly } from '../support/fake-time';
import { LogLines } from '../support/log-lines';
import { describeWithRedis, RedisServer } from '../support/redis-server';
import { eventually } from '../support/waiting';

/** What one process has of the machinery. */
interface Process {
  readonly redis: RedisConnection;
  readonly logs: LogLines;
  /** Takes units for a client; null when they are refused with a 429. */
  readonly take: (key: string, units?: number) => Promise<RateState | null>;
}

const running: Process[] = [];

function startProcess(quota: number, url?: string): Process {
  const logs = new LogLines();
  const redis = new RedisConnection(AppConfig.load({ REDIS_URL: url }), createLogger('debug', logs));
  const limiter = new RateLimiter({ name: 'test', quota }, redis);
  redis.onModuleInit();
  const started: Process = {
    redis,
    logs,
    take: (key, units = 1) =>
      limiter.take(key, units).catch((error: unknown) => {
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).definition.code).toBe('REQUEST.TOO_MANY');
        return null;
      }),
  };
  running.push(started);
  return started;
}

/** How many of many requests at once are granted; they go to the processes in turn. */
async function granted(requests: number, key: string, ...processes: Process[]): Promise<number> {
  const states = await Promise.all(
    Array.from({ length: requests }, (_, i) => processes[i % processes.length]?.take(key)),
  );
  return states.filter(Boolean).length;
}

afterEach(() => {
  for (const each of running.splice(0)) each.redis.onApplicationShutdown();
  jest.useRealTimers();
});

describe('an allowance in memory', () => {
  it('is the quota, to the unit, however many ask at once', async () => {
    expect(await granted(500, 'alice', startProcess(60))).toBe(60);
  });

  it('counts down to nothing, and says for how long', async () => {
    const { take } = startProcess(2);
    const said = { policy: 'test', quota: 2, window: 60, reset: 60 };
    expect([await take('alice'), await take('alice'), await take('alice')]).toEqual([
      { ...said, remaining: 1 },
      { ...said, remaining: 0 },
      null,
    ]);
  });

  it('is full again a minute after the first request, and not a moment before', async () => {
    const now = Date.now();
    fakeOnly(['Date'], now);
    const one = startProcess(3);
    expect(await granted(5, 'alice', one)).toBe(3);
    jest.setSystemTime(now + 59_999);
    expect(await one.take('alice')).toBeNull();
    jest.setSystemTime(now + 60_000);
    expect(await granted(5, 'alice', one)).toBe(3);
  });

  it('is each client’s own', async () => {
    const { take } = startProcess(1);
    expect(await take('alice')).not.toBeNull();
    expect(await take('alice')).toBeNull();
    expect(await take('bob')).not.toBeNull();
  });

  it('is used up faster by what weighs more, but never too small for one request', async () => {
    const { take } = startProcess(12);
    expect((await take('alice', 5))?.remaining).toBe(7);
    expect((await take('alice', 5))?.remaining).toBe(2);
    expect(await take('alice', 5)).toBeNull();
    expect((await take('bob', 1000))?.remaining).toBe(0);
  });
});

describeWithRedis('how processes share what they count through Redis')('an allowance in Redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());
  afterEach(async () => {
    await server.ask((client) => client.config('SET', 'maxmemory', '0'));
    await server.ask((client) => client.replicaof('NO', 'ONE'));
    await server.ask((client) => client.flushall());
  });

  async function twoProcesses(quota: number): Promise<[Process, Process]> {
    const both = [startProcess(quota, server.url), startProcess(quota, server.url)] as [Process, Process];
    for (const { redis } of both) await eventually('Redis is up', () => redis.isUp);
    return both;
  }

  it('is one for all processes, to the unit', async () => {
    expect(await granted(500, 'alice', ...(await twoProcesses(60)))).toBe(60);
  });

  it('is told with what was asked of the other process taken off', async () => {
    const [a, b] = await twoProcesses(10);
    for (let left = 9; left > 5; left--) expect((await a.take('alice'))?.remaining).toBe(left);
    expect(await b.take('alice')).toMatchObject({ policy: 'test', quota: 10, remaining: 5, reset: 60 });
  });

  it('is kept for a minute, under the policy’s own name', async () => {
    const [a] = await twoProcesses(10);
    await a.take('alice');
    expect(await server.ask((client) => client.get('pv:rate:test:alice'))).toBe('1');
    const ttl = await server.ask((client) => client.ttl('pv:rate:test:alice'));
    expect(ttl).toBeGreaterThan(50);
    expect(ttl).toBeLessThanOrEqual(60);
  });

  it('costs Redis nothing once it is used up', async () => {
    const asked = async (): Promise<number> => {
      const stats = await server.ask((client) => client.info('commandstats'));
      return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
        (sum, [, calls]) => sum + Number(calls),
        0,
      );
    };
    const [a, b] = await twoProcesses(5);
    expect(await granted(10, 'alice', a)).toBe(5);
    expect(await b.take('alice')).toBeNull();
    const before = await asked();
    expect(await granted(500, 'alice', a, b)).toBe(0);
    expect(await asked()).toBe(before);
  });

  it('is twice the quota at most, whenever Redis loses what two processes have told it', async () => {
    const [a, b] = await twoProcesses(30);
    let total = 0;
    for (let time = 0; time < 5; time++) {
      total += await granted(40, 'alice', a, b);
      await server.ask((client) => client.flushall());
    }
    expect(total).toBeGreaterThanOrEqual(30);
    expect(total).toBeLessThanOrEqual(60);
  });

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>, RegExp]>([
    [
      'is full',
      () => server.ask((client) => client.config('SET', 'maxmemory', '1')),
      () => server.ask((client) => client.config('SET', 'maxmemory', '0')),
      /OOM/,
    ],
    [
      'has become a replica',
      () => server.ask((client) => client.replicaof('127.0.0.1', '1')),
      () => server.ask((client) => client.replicaof('NO', 'ONE')),
      /READONLY/,
    ],
  ])('is each process’s own while Redis %s, said once', async (_how, begin, end, reason) => {
    const [a] = await twoProcesses(10);
    await begin();
    expect(await granted(5, 'alice', a)).toBe(5);
    expect(a.redis.isUp).toBe(false);
    // Long enough for two more attempts, which fail without a word.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(a.logs.lines.filter((line) => line.includes('Redis is away'))).toEqual([expect.stringMatching(reason)]);
    expect(a.logs.text).not.toContain('is back');

    await end();
    await eventually('Redis is up', () => a.redis.isUp);
    expect(a.logs.lines.filter((line) => line.includes('Redis is back'))).toHaveLength(1);
    expect(await granted(10, 'alice', a)).toBe(5);
    expect(await server.ask((client) => client.get('pv:rate:test:alice'))).toBe('5');
  });

  it('is each process’s own where Redis wants another password, which no log repeats', async () => {
    const guarded = await RedisServer.start('hunter2');
    try {
      const wrong = startProcess(10, guarded.url.replace('hunter2', 'hunter3'));
      await eventually('the refusal is logged', () => wrong.logs.lines.length > 0);
      expect(wrong.logs.lines).toEqual([expect.stringMatching(/Redis is away.*/)]);
      expect(await granted(20, 'alice', wrong)).toBe(10);
      const right = startProcess(10, guarded.url);
      await eventually('Redis is up', () => right.redis.isUp);
      expect(wrong.logs.text + right.logs.text).not.toMatch(/hunter/);
    } finally {
      await guarded.remove();
    }
  });

  it('ends its connections with the process, without a word', async () => {
    const connections = async (): Promise<number> => {
      const list = (await server.ask((client) => client.client('LIST'))) as string;
      return list.trim().split('\n').length - 1;
    };
    const before = await connections();
    const [a, b] = await twoProcesses(10);
    expect(await connections()).toBe(before + 2);
    for (const { redis } of [a, b]) redis.onApplicationShutdown();
    await eventually('the connections are closed', async () => (await connections()) === before);
    await a.take('alice');
    expect(a.logs.lines).toEqual([expect.stringContaining('request rates are shared')]);
  });
});
