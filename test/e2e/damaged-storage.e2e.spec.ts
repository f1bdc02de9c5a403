import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, symlink, truncate, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { blobDirectory, expectStored, tracesOf } from '../support/traces';
import type { VaultClient } from '../support/vault-client';

/** Somebody has been at the data directory: links that lead out of it, and objects that are not what was stored. */
let vault: TestApp;
let owner: VaultClient;
/** A directory that is none of the vault's business. */
let outside: string;

/** How many lines the log had before the test. */
let logged: number;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());
beforeEach(async () => {
  owner = await vault.signUp();
  logged = vault.logs.lines.length;
  outside = await mkdtemp(join(tmpdir(), 'photovault-outside-'));
});
afterEach(async () => {
  expect((await vault.stranger().request('GET', '//health/live')).status).toBe(200);
  await rm(outside, { recursive: true, force: true });
});

const FAULT = { status: 500, code: /^(SERVER\.INTERNAL|VAULT\.DAMAGED)$/ };
const DAMAGED = { status: 500, code: 'VAULT.DAMAGED' };

/** A photo is stored and read, twice, so that whatever the server remembers of the directories, it remembers. */
async function stored(bytes: Buffer): Promise<{ id: string; object: string }> {
  const { body } = await owner.put('stored.jpg', bytes);
  for (let i = 0; i < 2; i++) expect((await owner.content(body.id)).bytes.equals(bytes)).toBe(true);
  return { id: body.id, object: (await tracesOf(vault, owner.userId)).objects[0] ?? '' };
}

describe('row: symlink in the data directory: nothing outside is written or read', () => {
  it.each(['before the first upload', 'while the server runs'])(
    'a person’s directory becomes a link %s',
    async (when) => {
      const directory = blobDirectory(vault, owner.userId ?? '');
      const file = when.startsWith('while') ? await stored(jpeg(1000, 'old')) : null;
      await mkdir(dirname(directory), { recursive: true });
      if (file) await rename(directory, join(outside, 'moved'));
      else await mkdir(join(outside, 'moved'));
      const before = await readdir(join(outside, 'moved'), { recursive: true });
      await symlink(join(outside, 'moved'), directory);
      if (file) expectProblem(await owner.content(file.id), FAULT);
      expectProblem(await owner.put('new.jpg', jpeg(100_000, 'new')), FAULT);
      expect((await readdir(join(outside, 'moved'), { recursive: true })).sort()).toEqual(before.sort());
      expect((await owner.list()).body.items).toHaveLength(file ? 1 : 0);
    },
  );

  it('an object’s directory becomes a link while the server runs', async () => {
    const { id, object } = await stored(jpeg(1000));
    await rename(dirname(object), join(outside, 'aa'));
    await symlink(join(outside, 'aa'), dirname(object));
    expectProblem(await owner.content(id), FAULT);
  });

  it('an object becomes a link, even to the very bytes', async () => {
    const { id, object } = await stored(jpeg(1000));
    await rename(object, join(outside, 'object'));
    await symlink(join(outside, 'object'), object);
    expectProblem(await owner.content(id), DAMAGED);
    expectAlert();
  });
});

describe('row: symlink in the data directory: the directory of unfinished uploads', () => {
  // It is everybody's, so that these two have a server of their own.
  let shared: TestApp;
  beforeEach(async () => {
    shared = vault;
    vault = await startTestApp();
    owner = await vault.signUp();
  });
  afterEach(async () => {
    await vault.close();
    vault = shared;
  });

  it('tmp is a link before the first upload', async () => {
    await rm(join(vault.dataDir, 'blobs', 'tmp'), { recursive: true, force: true });
    await mkdir(join(vault.dataDir, 'blobs'), { recursive: true });
    await symlink(outside, join(vault.dataDir, 'blobs', 'tmp'));
    expectProblem(await owner.put('a.jpg', jpeg(100_000)), FAULT);
    expectProblem(await owner.post('a.jpg', jpeg(100_000)), FAULT);
    expect(await readdir(outside)).toEqual([]);
    // Nothing is removed through a link either: the rows wait until it is gone.
    await rm(join(vault.dataDir, 'blobs', 'tmp'));
    await vault.app.get(BlobSweeper).sweep();
    await expectStored(vault, owner.userId, 0);
  });

  it('tmp becomes a link while the server runs', async () => {
    await stored(jpeg(1000));
    await owner.put('second.jpg', jpeg(1000, 'second'));
    await rename(join(vault.dataDir, 'blobs', 'tmp'), join(vault.dataDir, 'blobs', 'was-tmp'));
    await symlink(outside, join(vault.dataDir, 'blobs', 'tmp'));
    const before = await stat(outside);
    expectProblem(await owner.put('a.jpg', jpeg(100_000)), FAULT);
    // What was written there and moved away again has been written: the directory's time tells.
    expect((await stat(outside)).mtimeMs).toBe(before.mtimeMs);
    expect((await owner.list()).body.items).toHaveLength(2);
  });
});

describe('an object that is not what was stored', () => {
  const MEGABYTE = jpeg(1_000_000, 'megabyte');

  it.each<[what: string, at: (size: number) => number]>([
    ['the first chunk', () => 100],
    ['the end of the first chunk (tag)', () => 56 + 16_399],
  ])('a byte flipped in %s: 500 before any byte, alert: integrity', async (_, at) => {
    const { id, object } = await stored(MEGABYTE);
    await flip(object, at);
    expectProblem(await owner.content(id), DAMAGED);
    expectAlert();
  });

  it('a byte flipped in the header: the row has a copy, the file comes back whole', async () => {
    const { id, object } = await stored(MEGABYTE);
    await flip(object, () => 0);
    expect((await owner.content(id)).bytes.equals(MEGABYTE)).toBe(true);
  });

  it.each<[what: string, at: (size: number) => number]>([
    ['the last chunk', (size) => size - 20],
    ['the last tag', (size) => size - 1],
    ['a chunk in the middle', (size) => size >> 1],
  ])('a byte flipped in %s: a broken transfer, never a clean short file; alert: integrity', async (_, at) => {
    const { id, object } = await stored(MEGABYTE);
    await flip(object, at);
    await expectBroken(id);
    // A range of sound chunks can still be rescued; one that touches the damage cannot.
    const sound = await owner.content(id, { range: 'bytes=0-9999' });
    expect(sound.bytes.equals(MEGABYTE.subarray(0, 10_000))).toBe(true);
    expectAlert();
  });

  it('a byte flipped in the last chunk: a range of that chunk alone is 500', async () => {
    const { id, object } = await stored(MEGABYTE);
    await flip(object, (size) => size - 20);
    expectProblem(await owner.content(id, { range: 'bytes=-10' }), DAMAGED);
    expectAlert();
  });

  it.each<[what: string, damage: (object: string) => Promise<unknown>]>([
    ['missing', (object) => unlink(object)],
    ['empty', (object) => truncate(object, 0)],
    ['truncated by a byte', async (object) => truncate(object, (await readFile(object)).length - 1)],
    ['truncated at a chunk', (object) => truncate(object, 56 + 16_400 * 20)],
    ['longer than it was', async (object) => truncate(object, (await readFile(object)).length + 1)],
    ['a directory', (object) => unlink(object).then(() => mkdir(object))],
    ['unlike itself: another of the same person', replaceByAnother],
  ])('an object that is %s: 500 before any byte, alert: integrity, and the file stays listed', async (_, damage) => {
    const { id, object } = await stored(MEGABYTE);
    await damage(object);
    for (const range of [undefined, 'bytes=0-9', 'bytes=-10']) {
      expectProblem(await owner.content(id, range ? { range } : {}), DAMAGED);
    }
    expectAlert();
    expect((await owner.list()).body.items.map((file) => file.id)).toContain(id);
  });

  it.each<[what: string, set: string]>([
    ['the object’s length', 'ct_bytes = ct_bytes + 1'],
    ['its header', `header = decode(repeat('00', 56), 'hex')`],
  ])('a row tampered with (%s): 500, alert: integrity', async (_, set) => {
    const { id } = await stored(MEGABYTE);
    await vault.database.query(`UPDATE blobs SET ${set} WHERE file_id = $1`, [id]);
    expectProblem(await owner.content(id), DAMAGED);
    expectAlert();
  });

  it.each(['meta_sealed', 'dek_wrapped'])('a row tampered with (%s): 500, alert: integrity', async (column) => {
    const { id } = await stored(MEGABYTE);
    const set = `${column} = set_byte(${column}, 80, get_byte(${column}, 80) # 1)`;
    await vault.database.query(`UPDATE files SET ${set} WHERE id = $1`, [id]);
    expectProblem(await owner.content(id), DAMAGED);
    expectAlert();
  });

  it('another person’s row under one’s own id opens nothing', async () => {
    const { id } = await stored(MEGABYTE);
    const thief = await vault.signUp();
    await thief.put('own.jpg', jpeg(1000));
    await vault.database.query(
      `UPDATE files SET owner_id = $2, folder_id = (SELECT id FROM folders WHERE owner_id = $2) WHERE id = $1`,
      [id, thief.userId],
    );
    expectProblem(await thief.content(id), FAULT);
  });

  /** Another object under this one's name: the right size, sealed by the same server for the same person. */
  async function replaceByAnother(object: string): Promise<void> {
    await owner.put('another.jpg', jpeg(MEGABYTE.length, 'another'));
    const { objects } = await tracesOf(vault, owner.userId);
    await rename(objects.find((path) => path !== object) ?? '', object);
  }
});

async function flip(object: string, at: (size: number) => number): Promise<void> {
  const file = await open(object, 'r+');
  const { size } = await file.stat();
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at(size));
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at(size));
  await file.close();
}

/** The connection ends before the announced length: no client can take that for a file. */
async function expectBroken(id: string): Promise<void> {
  const lines = [`GET /api/v1/files/${id}/content HTTP/1.1`, 'Host: x', `Authorization: Bearer ${owner.token}`];
  const answer = await RawConnection.exchange(vault.url, lines);
  expect(answer?.status).toBe(200);
  expect(answer?.bytes.length).toBeLessThan(Number(answer?.headers.get('content-length')));
  await expect(owner.content(id)).rejects.toThrow();
}

function expectAlert(): void {
  const alerts = vault.logs.lines.slice(logged).filter((line) => line.includes('"alert":"integrity"'));
  expect(alerts.length).toBeGreaterThan(0);
  expect(alerts.every((line) => line.includes('"level":50'))).toBe(true);
}
