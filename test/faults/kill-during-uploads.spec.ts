import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase } from '../support/database';
import { Ledger } from '../support/ledger';
import { jpeg } from '../support/photos';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

// Invariants: every 201 downloads bit-exact after `kill -9` and restart; nothing unacknowledged is listed, and if it is, it is
// complete; after the sweeper, objects in the store = ready blobs in the database.

const LANES = 8;
jest.setTimeout(120_000);

let home: VaultHome;
let ledger: Ledger;
let uploads: number;
/** Unfinished uploads found on disk after the kills: proof that the kills came in the middle. */
let interrupted: number;
/** How long this machine takes for an upload on each lane, in ms: kills are spread over twice that. */
let pace: number;

function begin(created: VaultHome): void {
  home = created;
  ledger = new Ledger();
  uploads = 0;
  interrupted = 0;
}

describe('kill -9 during uploads', () => {
  it('of the server, 14 times, with a database of its own', async () => {
    const database = await createTestDatabase();
    begin(await VaultHome.create({ DB_URL: database.url }));
    try {
      const last = await rounds(14, await someone(), (server) => server.end('SIGKILL'));
      await sweepAll(last);
      expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
    } finally {
      await home.close();
      await database.drop();
    }
  });

  describe('with the embedded database', () => {
    beforeEach(async () => begin(await VaultHome.create()));
    afterEach(() => home.close());

    it('of the server, 3 times, and of the database with it, 3 times', async () => {
      const first = await rounds(3, await someone(), (server) => server.end('SIGKILL'));
      const second = await rounds(3, first, async (server) => {
        await server.end('SIGKILL');
        process.kill(home.postmaster(), 'SIGKILL');
      });
      await sweepAll(second);
      expect((await home.disagreement()).blobs).toEqual([]);
      await home.searchForStrays();
      expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
    });
  });
});

interface Running {
  readonly server: VaultProcess;
  readonly alice: VaultClient;
}

async function someone(): Promise<Running> {
  const server = home.start();
  const alice = await server.signUp('alice@example.com');
  const begun = Date.now();
  await Promise.all(Array.from({ length: LANES }, () => upload(alice)));
  pace = Date.now() - begun;
  return { server, alice };
}

async function rounds(
  count: number,
  from: Running,
  kill: (server: VaultProcess) => Promise<unknown>,
): Promise<Running> {
  let { server, alice } = from;
  for (let round = 0; round < count; round++) {
    const lanes = Array.from({ length: LANES }, () => uploadUntilKilled(alice, server));
    await delay(randomInt(2 * pace));
    await kill(server);
    await Promise.all(lanes);
    interrupted += home.objects().filter((key) => key.startsWith('tmp/')).length;

    server = home.start();
    alice = await server.clientOf(alice);
    await ledger.audit(alice, 8);
  }
  expect(interrupted).toBeGreaterThan(0);
  return { server, alice };
}

async function uploadUntilKilled(alice: VaultClient, server: VaultProcess): Promise<void> {
  while (server.running) if (!(await upload(alice))) return;
}

/** Raw or as a form, large or small. @returns whether there was an answer */
async function upload(alice: VaultClient): Promise<boolean> {
  const number = uploads++;
  const name = `${number}.jpg`;
  const photo = jpeg(randomInt(200_000, 4_000_000), name);
  const answer = await ledger.record(name, photo, () =>
    number % 2 ? alice.put(name, photo) : alice.post(name, photo),
  );
  if (answer !== null) expect(answer.status).toBe(201);
  return answer !== null;
}

/** The sweeper looks when a server starts. */
async function sweepAll({ server, alice }: Running): Promise<void> {
  await home.expireLeases();
  await server.end('SIGTERM');
  const next = home.start();
  await next.ready();
  await home.swept();
  await ledger.audit(await next.clientOf(alice));
}
