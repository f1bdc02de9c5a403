import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { blobKey } from '../../src/platform/blobs/blob-key';
import { BlobStore } from '../../src/platform/blobs/blob-store';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { KeyringService } from '../../src/vault/keyring.service';
import { StoreCheck, type StoreCheckOptions } from '../../src/vault/store-check.service';
import { source, stalled } from '../contracts/blob-store.contract';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

const DAY_MS = 24 * 3600 * 1000;

/** A server with photos of one owner, and a check as another process has it. */
let vault: TestApp;
let owner: VaultClient;

beforeEach(async () => {
  vault = await startTestApp();
  // From here on nothing sweeps.
  await vault.app.get(JobsService).beforeApplicationShutdown();
  owner = await vault.signUp();
});
afterEach(() => vault.close());

const store = () => vault.app.get(BlobStore, { strict: false });
const blobs = () => vault.app.get(BlobsRepository, { strict: false });
const pathOf = (key: string) => join(vault.dataDir, 'blobs', key);

async function check(options?: StoreCheckOptions, repository = blobs()): Promise<string[]> {
  const checked = new StoreCheck(store(), repository, vault.app.get(KeyringService, { strict: false }));
  const { problems } = await checked.run(options);
  return problems.map(({ kind, blobId, removed }) => `${kind} ${blobId}${removed ? ' removed' : ''}`).sort();
}

interface Stored {
  readonly blobId: string;
  readonly path: string;
}

let photos = 0;

async function newPhoto(size = 1_000_000): Promise<Stored> {
  const { body } = await owner.put(`${++photos}.jpg`, jpeg(size, photos));
  const [row] = await vault.database.query<{ id: string }>('SELECT id FROM blobs WHERE file_id = $1', [body.id]);
  const blobId = row?.id ?? '';
  return { blobId, path: pathOf(blobKey(owner.userId ?? '', blobId)) };
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const position = at < 0 ? bytes.length + at : at;
  bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
  writeFileSync(path, bytes);
}

/** An object of our making that no row knows. */
function newStray(key: string, ageMs = 2 * DAY_MS): string {
  mkdirSync(dirname(pathOf(key)), { recursive: true });
  writeFileSync(pathOf(key), randomBytes(100));
  const then = new Date(Date.now() - ageMs);
  utimesSync(pathOf(key), then, then);
  return pathOf(key);
}

describe('a check of the store', () => {
  it.each([200, 16_383, 16_384, 524_000, 1_000_000])('finds nothing wrong with a photo of %i bytes', async (size) => {
    await newPhoto(size);
    expect(await check()).toEqual([]);
  });

  it.each<[what: string, kind: string, damage: (path: string) => void]>([
    ['a flipped bit in the first byte', 'header', (path) => flip(path, 0)],
    ['a flipped bit in the last byte of the header', 'header', (path) => flip(path, 55)],
    ['a flipped bit in the first byte after it', 'crc', (path) => flip(path, 56)],
    ['a flipped bit in the middle', 'crc', (path) => flip(path, 500_000)],
    ['a flipped bit in the last byte', 'crc', (path) => flip(path, -1)],
    ['an object cut by a byte', 'length', (path) => truncateSync(path, readFileSync(path).length - 1)],
    ['an object cut at a chunk', 'length', (path) => truncateSync(path, 56 + 16_400 * 20)],
    ['an empty object', 'length', (path) => truncateSync(path, 0)],
    ['an object with a byte more', 'length', (path) => truncateSync(path, readFileSync(path).length + 1)],
    ['no object', 'missing', (path) => unlinkSync(path)],
    [
      'a link to the very bytes',
      'unreadable',
      (path) => (renameSync(path, `${path}.x`), symlinkSync(`${path}.x`, path)),
    ],
  ])('finds %s, and only that', async (_, kind, damage) => {
    const [, bad] = [await newPhoto(), await newPhoto(), await newPhoto()];
    damage(bad?.path ?? '');
    expect(await check()).toEqual([`${kind} ${bad?.blobId}`]);
  });

  it('finds two objects that were swapped, of one length or of two', async () => {
    for (const sizes of [
      [100_000, 100_000],
      [100_000, 200_000],
    ] as const) {
      const [a, b] = [await newPhoto(sizes[0]), await newPhoto(sizes[1])];
      const swap = (): void => {
        renameSync(a.path, `${a.path}.x`);
        renameSync(b.path, a.path);
        renameSync(`${a.path}.x`, b.path);
      };
      swap();
      const kind = sizes[0] === (sizes[1] as number) ? 'header' : 'length';
      expect(await check()).toEqual([`${kind} ${a.blobId}`, `${kind} ${b.blobId}`].sort());
      swap();
      expect(await check()).toEqual([]);
    }
  });

  it('tells each problem once, however many there are and however they are read', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => newPhoto(5000)));
    for (const { path } of all.slice(0, 10)) flip(path, 60);
    const told: string[] = [];
    const progress: string[] = [];
    const found = await check({
      onProblem: ({ blobId, ownerId }) => told.push(`${ownerId} ${blobId}`),
      onProgress: (done, of) => progress.push(`${done}/${of}`),
    });
    expect(found).toEqual(
      all
        .slice(0, 10)
        .map(({ blobId }) => `crc ${blobId}`)
        .sort(),
    );
    expect(told.sort()).toEqual(
      all
        .slice(0, 10)
        .map(({ blobId }) => `${owner.userId} ${blobId}`)
        .sort(),
    );
    expect(progress).toEqual(Array.from({ length: 20 }, (_, n) => `${n + 1}/20`));
  });

  it('goes through more blobs than one batch', async () => {
    const { blobId, path } = await newPhoto(500);
    // The same object under many rows: what counts here is that each row is looked at.
    const ids = Array.from({ length: 1203 }, () => uuidv7());
    await vault.database.query(
      `INSERT INTO blobs (id, owner_id, file_id, kind, state, ct_bytes, ct_crc32, header)
       SELECT n, owner_id, file_id, kind, 'ready', ct_bytes, ct_crc32, header FROM blobs, unnest($2::uuid[]) AS n WHERE id = $1`,
      [blobId, ids],
    );
    for (const id of ids) {
      const copy = pathOf(blobKey(owner.userId ?? '', id));
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(path, copy);
    }
    const bad = [0, 499, 500, 1202].map((n) => ids[n] ?? '');
    for (const id of bad) flip(pathOf(blobKey(owner.userId ?? '', id)), 100);
    expect(await check()).toEqual(bad.map((id) => `crc ${id}`).sort());
  });

  it('is not troubled by a file that is deleted while it is looked at', async () => {
    const { blobId, path } = await newPhoto();
    const slow = Object.create(blobs()) as BlobsRepository;
    slow.findReady = async (...args) => {
      const batch = await blobs().findReady(...args);
      if (existsSync(path)) {
        await vault.database.query("UPDATE blobs SET state = 'deleting' WHERE id = $1", [blobId]);
        unlinkSync(path);
      }
      return batch;
    };
    expect(await check({}, slow)).toEqual([]);
  });
});

describe('objects without a row', () => {
  it('are found when they are a day old, remains of uploads too, and nothing is removed unless told', async () => {
    const { path } = await newPhoto();
    const keys = [blobKey(uuidv7(), uuidv7()), `tmp/${uuidv7()}`];
    const paths = keys.map((key) => newStray(key));
    const found = keys.map((key) => `stray ${key.slice(-36)}`).sort();
    expect(await check()).toEqual(found);
    expect(await check()).toEqual(found);
    expect(paths.every((each) => existsSync(each))).toBe(true);
    expect(await check({ repairStrays: true })).toEqual(found.map((each) => `${each} removed`));
    expect(paths.some((each) => existsSync(each))).toBe(false);
    expect(await check()).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });

  it('are no strays when they are young, older than the database, or not of our making', async () => {
    const paths = [
      newStray(blobKey(uuidv7(), uuidv7()), DAY_MS - 60_000),
      newStray(`tmp/${uuidv7()}`, 0),
      newStray(blobKey(uuidv7(), uuidv7({ msecs: Date.now() - 400 * DAY_MS }))),
      newStray('notes.txt'),
      newStray('lost+found/x'),
    ];
    expect(await check({ repairStrays: true })).toEqual([]);
    expect(paths.every((path) => existsSync(path))).toBe(true);
  });

  it('are not those of an upload that is running, nor of a row that is on its way out', async () => {
    const ownerId = owner.userId ?? '';
    const [running, doomed] = [uuidv7(), uuidv7()];
    for (const id of [running, doomed]) {
      await blobs().insertPending({ id, ownerId, fileId: uuidv7(), kind: 0, reservedBytes: 0 }, 60, 0);
    }
    await blobs().doomPending(doomed);
    await store().put(blobKey(ownerId, doomed), source(randomBytes(100)));
    const slow = stalled(randomBytes(1000));
    const upload = store().put(blobKey(ownerId, running), slow.source);
    await slow.begun;
    const old = new Date(Date.now() - 2 * DAY_MS);
    for (const key of [`tmp/${running}`, blobKey(ownerId, doomed)]) utimesSync(pathOf(key), old, old);
    expect(await check({ repairStrays: true })).toEqual([]);
    slow.end();
    await upload;
    expect(existsSync(pathOf(blobKey(ownerId, running)))).toBe(true);
  });

  it('that are gone when they are looked for again are none', async () => {
    const key = blobKey(uuidv7(), uuidv7());
    const path = newStray(key);
    expect(await check({ onProgress: () => undefined }, removing(path))).toEqual([]);
  });

  /** As the sweeper of a server that runs meanwhile: between the two looks. */
  function removing(path: string): BlobsRepository {
    const other = Object.create(blobs()) as BlobsRepository;
    other.countReady = async () => {
      unlinkSync(path);
      return blobs().countReady();
    };
    return other;
  }
});
