import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOCKET_PORT } from '../../src/platform/database/embedded/socket-directory';
import { OwnPostgres } from '../support/own-postgres';
import { describeWithRedis, RedisServer } from '../support/redis-server';
import { StallingProxy } from '../support/stalling-proxy';
import type { Answer } from '../support/vault-client';
import { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually, within } from '../support/waiting';

// What a load balancer is told while something that the server needs, or can do without, is away.

jest.setTimeout(120_000);

let home: VaultHome;
let server: VaultProcess;
let client: VaultClient;

async function startOn(env: NodeJS.ProcessEnv): Promise<void> {
  home = await VaultHome.create(env);
  server = home.start();
  client = new VaultClient(await server.ready());
}

const ask = (): Promise<Answer> => within(10_000, 'an answer to who asks', client.request('GET', '//health/ready'));

async function expectReady(): Promise<void> {
  await eventually('it is ready', async () => (await ask()).status === 200);
  expect((await ask()).body).toEqual({ status: 'ready' });
}

async function expectNotReady(detail: string): Promise<void> {
  await eventually(`"${detail}" is away`, async () => (await ask()).body.detail === detail);
  const { status, headers, body } = await ask();
  expect({ status, code: body.code, detail: body.detail }).toEqual({ status: 503, code: 'SERVER.NOT_READY', detail });
  expect(headers.get('content-type')).toContain('application/problem+json');
  // What is wrong with a part is for the log alone.
  expect(Object.keys(body).sort()).toEqual(['code', 'detail', 'requestId', 'status', 'title', 'type']);
  expect((await client.request('GET', '//health/live')).body).toEqual({ status: 'live' });
}

/** What the server has said of it, in order. */
const said = (): string[] => server.messages.filter((message) => /^(not ready|ready again)$/.test(message));

describe('a server that cannot do without', () => {
  let postgres: OwnPostgres;
  let proxy: StallingProxy;

  beforeEach(async () => {
    postgres = await OwnPostgres.create();
    const socket = join(decodeURIComponent(/host=([^&]+)/.exec(postgres.url)?.[1] ?? ''), `.s.PGSQL.${SOCKET_PORT}`);
    proxy = await StallingProxy.start(socket);
    await startOn({ DB_URL: `postgresql://photovault@127.0.0.1:${proxy.port}/postgres?sslmode=disable` });
    await expectReady();
  });
  afterEach(async () => {
    await home.close();
    await proxy.close();
    await postgres.remove();
  });

  it('its database says so while that is gone, or hangs, and is ready when it is back', async () => {
    await postgres.stop('immediate');
    await expectNotReady('database');
    await postgres.start();
    await expectReady();
    expect(said()).toEqual(['not ready', 'ready again']);

    proxy.stall();
    await expectNotReady('database');
    // However many ask meanwhile: nobody is left without an answer, and not every connection hangs on it.
    const asked = await Promise.all(Array.from({ length: 60 }, ask));
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([503]));
    proxy.goOn();
    await expectReady();
    expect(said()).toEqual(['not ready', 'ready again', 'not ready', 'ready again']);
  });

  it('its blobs says so, names all that is away, and is ready when it is back', async () => {
    const blobs = join(home.dataDir, 'blobs');
    rmSync(blobs, { recursive: true });
    writeFileSync(blobs, 'no directory');
    await expectNotReady('blobs');
    await postgres.stop('immediate');
    await expectNotReady('database, blobs');
    rmSync(blobs);
    mkdirSync(blobs);
    await expectNotReady('database');
    await postgres.start();
    await expectReady();
  });
});

describeWithRedis('readiness without Redis')('a server that can do without', () => {
  let redis: RedisServer;

  beforeEach(async () => {
    redis = await RedisServer.prepare();
    await startOn({ REDIS_URL: redis.url });
  });
  afterEach(async () => {
    await home.close();
    await redis.remove();
  });

  const expectDegraded = async (): Promise<void> => {
    await eventually('it is degraded', async () => (await ask()).body.status === 'degraded');
    const { status, body } = await ask();
    expect({ status, body }).toEqual({ status: 200, body: { status: 'degraded', away: ['redis'] } });
  };

  it('its Redis is degraded, not down, while that is away, and serves', async () => {
    await expectDegraded();
    await redis.start();
    await eventually('it is whole', async () => (await ask()).body.status === 'ready');
    await redis.stop();
    await expectDegraded();
    const alice = await server.signUp('alice@example.com');
    expect((await alice.list()).status).toBe(200);
    await redis.start();
    await eventually('it is whole again', async () => (await ask()).body.status === 'ready');
  });
});
