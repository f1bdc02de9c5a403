import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { Ledger } from '../support/ledger';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

// Invariant: quota used = sum of what is stored. The server dies with reservations open; none is lost for good, none is counted twice.

const LANES = 8;
const ROUNDS = 4;
const QUOTA = 40_000_000;
const EXCEEDED = { status: 507, code: 'QUOTA.EXCEEDED' };
jest.setTimeout(90_000);

let database: TestDatabase;
let home: VaultHome;
const ledger = new Ledger();
let uploads = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await VaultHome.create({ DB_URL: database.url, QUOTA_DEFAULT_BYTES: String(QUOTA) });
});
afterAll(async () => {
  await home.close();
  await database.drop();
});

it('never stores more than the quota, and has all of it again after the sweeper', async () => {
  let server = home.start();
  let alice = await server.signUp('alice@example.com');
  let reservations = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const lanes = Array.from({ length: LANES }, () => uploadUntilKilled(alice, server));
    await delay(randomInt(100, 500));
    await server.end('SIGKILL');
    await Promise.all(lanes);
    reservations += (await home.query("SELECT FROM blobs WHERE state = 'pending' AND reserved_bytes > 0")).length;

    await home.expireLeases();
    server = home.start();
    alice = await server.clientOf(alice);
    await home.swept();
    await ledger.audit(alice, 8);
    expect(await usedBytes(alice)).toBe(await listedBytes(alice));
  }
  expect(reservations).toBeGreaterThan(0);

  const rest = QUOTA - (await usedBytes(alice));
  expect(rest).toBeGreaterThanOrEqual(0);
  if (rest > 20) {
    expectProblem(await alice.put('too much.jpg', jpeg(rest + 1, 'too much')), EXCEEDED);
    expect((await alice.put('rest.jpg', jpeg(rest, 'rest'))).status).toBe(201);
  }
  expectProblem(await alice.put('more.jpg', jpeg(20)), EXCEEDED);
});

async function uploadUntilKilled(alice: VaultClient, server: VaultProcess): Promise<void> {
  while (server.running) {
    const name = `${uploads++}.jpg`;
    const photo = jpeg(randomInt(100_000, 2_000_000), name);
    const answer = await ledger.record(name, photo, () =>
      uploads % 2 ? alice.put(name, photo) : alice.post(name, photo),
    );
    if (answer === null) return;
    expect([201, 507]).toContain(answer.status);
  }
}

async function usedBytes(alice: VaultClient): Promise<number> {
  return (await alice.request<{ usage: { bytes: number } }>('GET', '/users/me')).body.usage.bytes;
}

async function listedBytes(alice: VaultClient): Promise<number> {
  const { body } = await alice.list('?limit=200');
  return body.items.reduce((sum, { size }) => sum + size, 0);
}
