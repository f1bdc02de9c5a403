import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { jpeg, jpegBlocks, sha256 } from '../support/photos';
import { haltedHalfway, send, slowly } from '../support/transfers';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// Two servers on one DATA_DIR and one DB_URL: what any of them says, the other knows at once, and neither destroys what is the other's.

jest.setTimeout(60_000);

let database: TestDatabase;
let home: VaultHome;

async function open(kind: 'migrated' | 'empty'): Promise<void> {
  database = await createTestDatabase(kind);
  home = await VaultHome.create({ DB_URL: database.url });
}

async function close(): Promise<void> {
  await home.close();
  await database.drop();
}

describe('two processes', () => {
  let a: VaultProcess;
  let b: VaultProcess;
  let alice: VaultClient;
  let aliceAtB: VaultClient;

  beforeAll(async () => {
    await open('migrated');
    [a, b] = [home.start(), home.start()];
    alice = await a.signUp('alice@example.com');
    aliceAtB = await b.clientOf(alice);
  });
  afterAll(close);

  it('share PINs: asked for here, traded in there', async () => {
    const [here, there] = [await a.ready(), await b.clientOf(alice)];
    const { body: challenge } = await alice.request('POST', '/auth/pin', {
      json: { email: 'alice@example.com', deviceId: 'phone' },
    });
    const json = {
      challengeId: challenge.challengeId,
      deviceId: 'phone',
      pin: await a.stdout.pinFor('alice@example.com'),
    };
    expect(there.url).not.toBe(here);
    expect((await there.request('POST', '/auth/sessions', { json })).status).toBe(201);
    expect((await alice.request('POST', '/auth/sessions', { json })).status).toBe(401);
  });

  it('share sessions and files, and a session revoked at one is dead at the other at once', async () => {
    const bob = await a.signUp('bob@example.com');
    const bobAtB = await b.clientOf(bob);
    const photo = jpeg(300_000, 'bob');
    const { body: file } = await bob.put('me.jpg', photo);
    expect((await bobAtB.content(file.id)).bytes.equals(photo)).toBe(true);
    expect((await bobAtB.request('PATCH', `/files/${file.id}`, { json: { name: 'you.jpg' } })).status).toBe(200);
    expect((await bob.request('GET', '/files/by-name/you.jpg/content')).bytes.equals(photo)).toBe(true);

    for (let used = 0; used < 5; used++) expect((await bob.list()).status).toBe(200);
    expect((await bobAtB.request('DELETE', '/auth/sessions/current')).status).toBe(204);
    expect((await bob.list()).status).toBe(401);
    expect((await bob.content(file.id)).status).toBe(401);
    expect((await bob.put('late.jpg', photo)).status).toBe(401);
  });

  it('make 50 files of 50 uploads with one name', async () => {
    const photos = Array.from({ length: 50 }, (_, i) => jpeg(50_000 + i, `same name ${i}`));
    const answers = await Promise.all(photos.map((photo, i) => (i % 2 ? alice : aliceAtB).post('same.jpg', photo)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const names = Array.from({ length: 50 }, (_, i) => (i === 0 ? 'same.jpg' : `same (${i}).jpg`));
    expect(answers.map(({ body }) => body.name).sort()).toEqual(names.sort());
    for (const [i, { body }] of answers.entries()) {
      expect(sha256((await (i % 2 ? aliceAtB : alice).content(body.id)).bytes)).toBe(
        sha256(photos[i] ?? Buffer.alloc(0)),
      );
    }
  });

  it('store the same content once, whoever gets it', async () => {
    for (let round = 0; round < 10; round++) {
      const photo = jpeg(200_000, `both ${round}`);
      const answers = await Promise.all([
        alice.put(`both ${round}.jpg`, photo),
        aliceAtB.post(`other ${round}.jpg`, photo),
      ]);
      expect(answers.map(({ status, body }) => `${status} ${body.status}`).sort()).toEqual([
        '200 duplicate',
        '201 created',
      ]);
      expect(answers[0].body.id).toBe(answers[1].body.id);
    }
    expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
  });

  it('sweep what a dead process has left, never what a living one is uploading', async () => {
    const size = 2_000_000;
    let finished = false;
    const upload = send(alice, 'PUT', '/files/by-name/slow.jpg', slowly(jpegBlocks(size, 'slow'), 10_000)).finally(
      () => (finished = true),
    );
    await eventually('the upload is pending', async () => (await pending()).length === 1);
    const [ours] = await pending();
    let sweeps = 0;
    while (!finished) {
      // A server sweeps when it starts; that it did so is seen from the blob that nobody holds.
      await home.query(
        `INSERT INTO blobs (id, owner_id, file_id, kind, state, lease_expires_at)
         VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 0, 'pending', now() - interval '1 second')`,
      );
      const sweeper = home.start();
      await sweeper.ready();
      await home.swept();
      await sweeper.end('SIGTERM');
      sweeps++;
      expect(finished || (await pending()).includes(ours ?? '')).toBe(true);
    }
    const { status, body } = await upload;
    expect(status).toBe(201);
    expect(sweeps).toBeGreaterThan(0);
    expect(sha256((await aliceAtB.content(body.id)).bytes)).toBe(sha256(jpeg(size, 'slow')));
    expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
  });

  it('answer 503 to an upload whose lease another process took, and keep nothing of it', async () => {
    let goOn: () => void = () => undefined;
    const halt = new Promise<void>((go) => (goOn = go));
    const upload = send(alice, 'PUT', '/files/by-name/lost.jpg', haltedHalfway(jpegBlocks(500_000, 'lost'), halt));
    await eventually('the upload is pending', async () => (await pending()).length === 1);
    // More than once: the upload's own process may just be renewing the lease.
    while ((await pending()).length > 0) {
      await home.expireLeases();
      const sweeper = home.start();
      await sweeper.ready();
      await home.swept();
      await sweeper.end('SIGTERM');
    }
    goOn();
    expect((await upload).status).toBe(503);
    expect((await alice.request('GET', '/files/by-name/lost.jpg/content')).status).toBe(404);
    expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
    expect((await alice.put('lost.jpg', jpeg(500_000, 'lost'))).status).toBe(201);
  });

  async function pending(): Promise<string[]> {
    return (await home.query<{ id: string }>("SELECT id FROM blobs WHERE state = 'pending'")).map(({ id }) => id);
  }
});

describe('two first starts at once, each with a DATA_DIR and so with a master key of its own', () => {
  beforeEach(() => open('empty'));
  afterEach(close);

  it.each([1, 2, 3])('end with one vault and one refusal that says why (round %i)', async () => {
    const servers = [home.start(), home.start({ DATA_DIR: join(home.directory, 'other') })];
    const results = await Promise.allSettled(servers.map((server) => server.ready()));
    const [loser, winner] = results[0]?.status === 'rejected' ? servers : servers.reverse();
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await loser?.ending()).toEqual({ code: 78, signal: null });
    expect(loser?.messages.at(-1)).toMatch(/^The master key file .* (is missing|does not belong to this database)/);
    await winner?.signUp('alice@example.com');
  });
});

describe('two first starts at once', () => {
  beforeEach(() => open('empty'));
  afterEach(close);

  it.each([1, 2, 3, 4, 5])('agree on one schema, one master key and one set of secrets (round %i)', async () => {
    const [a, b] = [home.start(), home.start()];
    await Promise.all([a.ready(), b.ready()]);
    const alice = await a.signUp('alice@example.com');
    const aliceAtB = await b.clientOf(alice);
    const photo = jpeg(100_000, 'first');
    const { status, body } = await aliceAtB.put('first.jpg', photo);
    expect(status).toBe(201);
    expect((await alice.content(body.id)).bytes.equals(photo)).toBe(true);
    const sameAddress = await b.signUp('alice@example.com');
    expect(sameAddress.userId).toBe(alice.userId);

    await Promise.all([a.end('SIGTERM'), b.end('SIGTERM')]);
    const again = home.start();
    expect((await (await again.clientOf(alice)).content(body.id)).bytes.equals(photo)).toBe(true);
    expect(await home.query('SELECT purpose FROM server_secrets ORDER BY purpose')).toEqual(
      ['canary', 'email-index', 'mailbox', 'pin-pepper'].map((purpose) => ({ purpose })),
    );
    expect(home.files()).toEqual(['blobs', 'master.key']);
  });
});
