import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { blobKey } from '../../src/platform/blobs/blob-key';
import { BlobStore } from '../../src/platform/blobs/blob-store';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { LOGGER } from '../../src/platform/logging/logging.module';
import type { BlobState } from '../../src/vault/blob.entity';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { KeyringService } from '../../src/vault/keyring.service';
import { keysOf, source, stalled } from '../contracts/blob-store.contract';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';

const OWNER = uuidv7();
const DAY_MS = 24 * 3600 * 1000;

let vault: TestApp;
let store: BlobStore;
let blobs: BlobsRepository;
let sweeper: BlobSweeper;

/** As another process would have one: without a memory of what this one has seen. */
function newSweeper(): BlobSweeper {
  return new BlobSweeper(
    store,
    blobs,
    vault.app.get(KeyringService),
    vault.app.get(JobsService),
    vault.app.get<Logger>(LOGGER),
  );
}

beforeEach(async () => {
  vault = await startTestApp();
  store = vault.app.get(BlobStore, { strict: false });
  blobs = vault.app.get(BlobsRepository, { strict: false });
  sweeper = newSweeper();
  // From here on nothing sweeps but the tests.
  await vault.app.get(JobsService).beforeApplicationShutdown();
});
afterEach(() => vault.close());

interface Blob {
  readonly id: string;
  readonly key: string;
}

/** A row in a state and, unless it is said to be gone, its object. */
async function newBlob(
  state: BlobState,
  leaseSeconds: number | null,
  object: 'stored' | 'gone' = 'stored',
): Promise<Blob> {
  const id = uuidv7();
  const key = blobKey(OWNER, id);
  await vault.database.query(
    `INSERT INTO blobs (id, owner_id, file_id, kind, state, lease_expires_at, ct_bytes, ct_crc32, header)
     VALUES ($1, $2, $3, 0, $4, now() + make_interval(secs => $5), 100, 0, $6)`,
    [id, OWNER, uuidv7(), state, leaseSeconds, randomBytes(56)],
  );
  if (object === 'stored') await store.put(key, source(randomBytes(100)));
  return { id, key };
}

/** An object that no row knows. */
async function newStray(ageMs: number): Promise<string> {
  const key = blobKey(OWNER, uuidv7());
  await store.put(key, source(randomBytes(100)));
  age(key, ageMs);
  return key;
}

/** What a process that died before its first `fsync` has left, without a row. */
function newRemains(ageMs: number, id = uuidv7()): void {
  const key = `tmp/${id}`;
  writeFileSync(join(vault.dataDir, 'blobs', key), 'half');
  age(key, ageMs);
}

function age(key: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(join(vault.dataDir, 'blobs', key), then, then);
}

/** Puts a directory in an object's place: unlink(2) refuses it, for root too. @returns what takes it away again */
function breakObject(key: string): () => void {
  const path = join(vault.dataDir, 'blobs', key);
  mkdirSync(path, { recursive: true });
  return () => rmSync(path, { recursive: true });
}

async function states(): Promise<Map<string, BlobState>> {
  const rows = await vault.database.query<{ id: string; state: BlobState }>('SELECT id, state FROM blobs');
  return new Map(rows.map(({ id, state }) => [id, state]));
}

const dayOld = () => new Date(Date.now() - DAY_MS);

describe('the sweeper of blobs', () => {
  it('removes an upload that died: first the object, then the row', async () => {
    await newBlob('pending', -1);
    await newBlob('pending', -1, 'gone');
    await sweeper.sweep();
    expect(await keysOf(store)).toEqual([]);
    expect((await states()).size).toBe(0);
  });

  it('removes what a dead process has left in the temporary directory', async () => {
    const { key, id } = await newBlob('pending', -1, 'gone');
    const slow = stalled(randomBytes(1000));
    const put = store.put(key, slow.source);
    await slow.begun;
    expect(await keysOf(store)).toEqual([`tmp/${id}`]);
    await sweeper.sweep();
    expect(await keysOf(store)).toEqual([]);
    slow.end();
    await put.catch(() => undefined);
  });

  it('finishes what another has begun: a row without an object, an object without its row’s consent', async () => {
    await newBlob('deleting', -1, 'gone');
    await newBlob('deleting', -1);
    await newBlob('deleting', 60);
    await sweeper.sweep();
    expect(await keysOf(store)).toEqual([]);
    expect((await states()).size).toBe(0);
  });

  it('touches no live lease', async () => {
    const { id, key } = await newBlob('pending', 5);
    await sweeper.sweep();
    await sweeper.sweepStrays(new Date(Date.now() + DAY_MS));
    await sweeper.sweepStrays(new Date(Date.now() + DAY_MS));
    expect(await keysOf(store)).toEqual([key]);
    expect((await states()).get(id)).toBe('pending');
  });

  it('touches nothing that is ready, whatever else its row says', async () => {
    const ready = [await newBlob('ready', null), await newBlob('ready', -1_000_000)];
    for (const { key } of ready) age(key, 10 * DAY_MS);
    await sweeper.sweep();
    for (let i = 0; i < 2; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual(ready.map(({ key }) => key).sort());
    expect([...(await states()).values()]).toEqual(['ready', 'ready']);
  });

  it('keeps the row when the object cannot be removed, and comes back', async () => {
    const { id, key } = await newBlob('pending', -1, 'gone');
    const repair = breakObject(key);
    await sweeper.sweep();
    expect(vault.logs.text).toContain(`"blobId":"${id}"`);
    expect((await states()).get(id)).toBe('deleting');
    repair();
    await sweeper.sweep();
    expect((await states()).size).toBe(0);
  });

  it('lets no object that cannot be removed hold up the others', async () => {
    const broken = await newBlob('deleting', -10, 'gone');
    for (let i = 0; i < 5; i++) await newBlob(i % 2 ? 'pending' : 'deleting', -1);
    const repair = breakObject(broken.key);
    await sweeper.sweep();
    expect([...(await states()).keys()]).toEqual([broken.id]);
    repair();
  });

  it('shares the work with another one at the same moment', async () => {
    for (let i = 0; i < 60; i++) await newBlob(i % 2 ? 'pending' : 'deleting', -1, i % 3 ? 'stored' : 'gone');
    const kept = await newBlob('ready', null);
    await Promise.all([sweeper.sweep(), newSweeper().sweep(), newSweeper().sweep()]);
    expect(await keysOf(store)).toEqual([kept.key]);
    expect([...(await states()).keys()]).toEqual([kept.id]);
  });

  it('sweeps more than one batch', async () => {
    await vault.database.query(
      `INSERT INTO blobs (id, owner_id, file_id, kind, state, lease_expires_at)
       SELECT gen_random_uuid(), $1, gen_random_uuid(), 0, CASE WHEN n % 2 = 0 THEN 'deleting' ELSE 'pending' END, now() - interval '1 s'
         FROM generate_series(1, 1200) AS n`,
      [OWNER],
    );
    await sweeper.sweep();
    await sweeper.sweep();
    expect((await states()).size).toBe(0);
  });
});

describe('the sweeper of strays', () => {
  it('removes an object without a row when it is old and was there the last time too', async () => {
    const key = await newStray(2 * DAY_MS);
    await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([key]);
    await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([]);
  });

  it('has to have seen it itself', async () => {
    const key = await newStray(2 * DAY_MS);
    for (let i = 0; i < 3; i++) await newSweeper().sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([key]);
  });

  it('leaves a young one, however often it is seen', async () => {
    const key = await newStray(DAY_MS - 60_000);
    for (let i = 0; i < 3; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([key]);
  });

  it('leaves one whose row has come back in between, as from a backup', async () => {
    const key = await newStray(2 * DAY_MS);
    await sweeper.sweepStrays(dayOld());
    await vault.database.query(
      "INSERT INTO blobs (id, owner_id, file_id, kind, state) VALUES ($1, $2, $3, 0, 'pending')",
      [key.slice(-36), OWNER, uuidv7()],
    );
    for (let i = 0; i < 3; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([key]);
  });

  it('leaves one that is older than the database: it is another’s, or a dump is on its way back', async () => {
    const key = blobKey(OWNER, uuidv7({ msecs: Date.now() - 3 * DAY_MS }));
    await store.put(key, source(randomBytes(100)));
    age(key, 2 * DAY_MS);
    for (let i = 0; i < 3; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([key]);
  });

  it('removes old remains in the temporary directory', async () => {
    await store.check();
    newRemains(2 * DAY_MS);
    for (let i = 0; i < 2; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([]);
  });

  it('removes what was begun for a blob that is whole without it, and nothing of what is under way', async () => {
    const ready = await newBlob('ready', null);
    const pending = await newBlob('pending', 60, 'gone');
    for (const { id } of [ready, pending]) newRemains(2 * DAY_MS, id);
    for (let i = 0; i < 2; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual([ready.key, `tmp/${pending.id}`].sort());
  });

  it('leaves files that are not of our making', async () => {
    await store.check();
    const names = ['notes.txt', 'tmp/notes.txt', `tmp/${uuidv7()}.bak`];
    for (const name of names) {
      writeFileSync(join(vault.dataDir, 'blobs', name), 'mine');
      age(name, 1000 * DAY_MS);
    }
    for (let i = 0; i < 3; i++) await sweeper.sweepStrays(dayOld());
    expect(await keysOf(store)).toEqual(names.sort());
  });
});

describe('invariant: after the sweeper, objects in the store = ready blobs in the database; no temporary file', () => {
  it('whatever was left lying about', async () => {
    const alice = await vault.signUp();
    const photo = jpeg(50_000);
    const { body: file } = await alice.put('kept.jpg', photo);
    await newBlob('ready', null);
    await newBlob('pending', -1);
    await newBlob('pending', -1, 'gone');
    await newBlob('deleting', -1);
    await newBlob('deleting', null, 'gone');
    await newStray(2 * DAY_MS);
    newRemains(2 * DAY_MS);

    await sweeper.sweep();
    for (let i = 0; i < 2; i++) await sweeper.sweepStrays(dayOld());

    const rows = await vault.database.query<{ id: string; owner: string; state: string }>(
      'SELECT id, owner_id AS owner, state FROM blobs',
    );
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['ready']));
    expect(await keysOf(store)).toEqual(rows.map(({ id, owner }) => blobKey(owner, id)).sort());
    expect((await alice.content(file.id)).bytes.equals(photo)).toBe(true);
  });

  it('and a ready blob without its object is an alert, never silently dropped', async () => {
    const alice = await vault.signUp();
    const { body: file } = await alice.put('lost.jpg', jpeg(50_000));
    const [key = ''] = await keysOf(store);
    const path = join(vault.dataDir, 'blobs', key);
    const bytes = readFileSync(path);
    rmSync(path);

    await sweeper.sweep();
    for (let i = 0; i < 2; i++) await sweeper.sweepStrays(dayOld());
    expect([...(await states()).values()]).toEqual(['ready']);
    const answer = await alice.content(file.id);
    expect([answer.status, answer.body.code]).toEqual([500, 'VAULT.DAMAGED']);
    expect(vault.logs.text).toContain('"alert":"integrity"');

    writeFileSync(path, bytes);
    expect((await alice.content(file.id)).status).toBe(200);
  });
});
