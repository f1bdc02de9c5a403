import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UploadService } from '../../src/files/upload/upload.service';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { stalled } from '../contracts/blob-store.contract';
import { jpeg, sha256 } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';

let vault: TestApp;
let uploads: UploadService;
let alice: VaultClient;

beforeEach(async () => {
  vault = await startTestApp();
  uploads = vault.app.get(UploadService, { strict: false });
  alice = await vault.signUp('alice@example.com');
  await vault.app.get(JobsService).beforeApplicationShutdown();
});
afterEach(() => vault.close());

const principal = () => ({
  userId: alice.userId ?? '',
  sessionId: '',
  token: Buffer.alloc(32),
  device: '',
  fresh: false,
});
const statuses = (answers: readonly Answer<FileBody>[]) => answers.map(({ status }) => status).sort();

async function usage(): Promise<unknown> {
  return (await alice.request('GET', '/users/me')).body.usage;
}

/** Every listed file with the bytes that it gives. */
async function listed(): Promise<Map<string, string>> {
  const { body } = await alice.list('?limit=200');
  const entries = body.items.map(async ({ id, name }): Promise<[string, string]> => {
    const { status, bytes } = await alice.content(id);
    return [name, status === 200 ? sha256(bytes) : String(status)];
  });
  return new Map(await Promise.all(entries));
}

/** An upload whose bytes hang in the middle until they are told to go on, past every protocol. */
function slowUpload(
  name: string,
  bytes: Buffer,
): { result: Promise<unknown>; begun: Promise<void>; end: (error?: Error) => void } {
  const { source, begun, end } = stalled(bytes);
  const result = uploads.upload(principal(), { name, conflict: 'rename', source });
  // Whoever awaits it later sees the failure; until then it is nobody's.
  result.catch(() => undefined);
  return { result, begun, end };
}

describe('50 uploads at the same moment', () => {
  const photos = Array.from({ length: 50 }, (_, i) => jpeg(20_000 + i, `same ${i}`));

  it('of one name and different bytes are 50 files: no earlier file is ever changed or lost by a later upload', async () => {
    const answers = await Promise.all(photos.map((photo) => alice.post('same.jpg', photo)));
    expect(statuses(answers)).toEqual(Array(50).fill(201));
    const files = await listed();
    expect([...files.keys()].sort()).toEqual(
      Array.from({ length: 50 }, (_, i) => (i === 0 ? 'same.jpg' : `same (${i}).jpg`)).sort(),
    );
    for (const [i, { body }] of answers.entries()) expect(files.get(body.name)).toBe(sha256(photos[i] ?? Buffer.of()));
    await expectStored(vault, alice.userId, 50);
  });

  it('of one name that must be free are one file and 49 refusals, of which nothing stays', async () => {
    const answers = await Promise.all(
      photos.map((photo) => alice.put('same.jpg', photo, { query: '?conflict=reject' })),
    );
    expect(statuses(answers)).toEqual([201, ...Array<number>(49).fill(409)]);
    const winner = answers.findIndex(({ status }) => status === 201);
    expect(await listed()).toEqual(new Map([['same.jpg', sha256(photos[winner] ?? Buffer.of())]]));
    await expectStored(vault, alice.userId, 1);
  });

  it('of the same bytes are one file, and the others are told which', async () => {
    const photo = photos[0] ?? Buffer.of();
    const answers = await Promise.all(photos.map((_, i) => alice.put(`name ${i}.jpg`, photo)));
    expect(statuses(answers)).toEqual([...Array<number>(49).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    await expectStored(vault, alice.userId, 1);
  });

  it('by one person before any folder is there make one root', async () => {
    await Promise.all(photos.map((photo, i) => alice.put(`name ${i}.jpg`, photo)));
    expect(await vault.database.query('SELECT FROM folders')).toHaveLength(1);
    expect((await listed()).size).toBe(50);
  });
});

describe('invariant: nothing unacknowledged is listed; if listed it is complete', () => {
  it('while bytes flow, and after they broke off', async () => {
    const { result, begun, end } = slowUpload('slow.jpg', jpeg(100_000));
    await begun;
    expect((await listed()).size).toBe(0);
    expect((await alice.request('GET', '/files/by-name/slow.jpg/content')).status).toBe(404);
    expect(await usage()).toEqual({ files: 0, bytes: 0 });
    end(new Error('the client went away'));
    await expect(result).rejects.toMatchObject({ definition: { code: 'UPLOAD.INCOMPLETE' } });
    expect((await listed()).size).toBe(0);
    await expectStored(vault, alice.userId, 0);
  });

  it('while readers look on', async () => {
    const photos = Array.from({ length: 20 }, (_, i) => jpeg(200_000, `watched ${i}`));
    const expected = new Set(photos.map(sha256));
    let uploading = true;
    const readers = (async () => {
      while (uploading) for (const digest of (await listed()).values()) expect(expected).toContain(digest);
    })();
    for (const photo of photos) expect((await alice.post('watched.jpg', photo)).status).toBe(201);
    uploading = false;
    await readers;
    expect(new Set((await listed()).values())).toEqual(expected);
  });
});

describe('invariant: quota used = sum of what is stored', () => {
  it('for every size around the borders of the format', async () => {
    const sizes = [20, 16_383, 16_384, 16_385, 32_768, 65_536, 300_000];
    let [files, bytes] = [0, 0];
    for (const size of sizes) {
      expect((await alice.put(`${size}.jpg`, jpeg(size))).status).toBe(201);
      expect(await usage()).toEqual({ files: ++files, bytes: (bytes += size) });
    }
    expect((await alice.put('again.jpg', jpeg(20))).status).toBe(200);
    expect((await alice.put('20.jpg', jpeg(30), { query: '?conflict=reject' })).status).toBe(409);
    expect((await alice.put('text.jpg', Buffer.from('no photo at all, but words'))).status).toBe(415);
    expect(await usage()).toEqual({ files, bytes });
  });
});

describe('an upload whose folder changes while its bytes flow', () => {
  it('is 423, and nothing of it stays', async () => {
    await alice.put('first.jpg', jpeg(1000, 'first'));
    const { result, begun, end } = slowUpload('late.jpg', jpeg(100_000));
    await begun;
    // What a lock leaves.
    await vault.database.query('UPDATE folders SET epoch = epoch + 1');
    end();
    await expect(result).rejects.toMatchObject({ definition: { code: 'FOLDER.LOCKED' } });
    expect((await listed()).size).toBe(1);
    await expectStored(vault, alice.userId, 1);
  });
});

describe('an upload whose lease is lost, as after a long sleep of the machine,', () => {
  const interrupted = { definition: { code: 'UPLOAD.INTERRUPTED' } };
  const sweep = async () => {
    await vault.database.query("UPDATE blobs SET lease_expires_at = now() - interval '1 s' WHERE state = 'pending'");
    await vault.app.get(BlobSweeper).sweep();
  };

  it('is 503 when a sweeper came while its bytes flowed, and nothing stays', async () => {
    const { result, begun, end } = slowUpload('lost.jpg', jpeg(1_000_000));
    await begun;
    await sweep();
    end();
    await expect(result).rejects.toMatchObject(interrupted);
    expect((await listed()).size).toBe(0);
    await expectStored(vault, alice.userId, 0);
  });

  it('is 503 when a sweeper came between its bytes and its commit, and nothing stays', async () => {
    const { source, end } = stalled(jpeg(1_000_000));
    end();
    const staged = await uploads.stage(principal(), { name: 'lost.jpg', conflict: 'rename', source });
    await sweep();
    await expect(uploads.commit(principal(), staged)).rejects.toMatchObject(interrupted);
    expect((await listed()).size).toBe(0);
    await expectStored(vault, alice.userId, 0);
  });

  it('can be sent again', async () => {
    const photo = jpeg(1_000_000);
    const { result, begun, end } = slowUpload('lost.jpg', photo);
    await begun;
    await sweep();
    end();
    await result.catch(() => undefined);
    expect((await alice.put('lost.jpg', photo)).status).toBe(201);
    expect(await listed()).toEqual(new Map([['lost.jpg', sha256(photo)]]));
  });
});

describe('a staged upload that is given up', () => {
  it('leaves nothing, also when it is given up twice', async () => {
    const { source, end } = stalled(jpeg(1000));
    end();
    const staged = await uploads.stage(principal(), { name: 'no.jpg', conflict: 'rename', source });
    for (let i = 0; i < 2; i++) await uploads.discard(staged);
    await expectStored(vault, alice.userId, 0);
  });

  it('is removed by the sweeper when the store was away', async () => {
    const { source, end } = stalled(jpeg(1000));
    end();
    const staged = await uploads.stage(principal(), { name: 'no.jpg', conflict: 'rename', source });
    await vault.app.get(BlobsRepository, { strict: false }).doomPending(staged.blob.id);
    await vault.app.get(BlobSweeper).sweep();
    await expectStored(vault, alice.userId, 0);
  });
});

describe('the store', () => {
  it('has no name that a person has chosen, and not a byte that can be read', async () => {
    const photo = Buffer.concat([jpeg(30), Buffer.from('plainly to be seen '.repeat(1000))]);
    const { body } = await alice.put('Urlaub auf Föhr.jpg', photo);
    const root = join(vault.dataDir, 'blobs');
    const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
    expect(paths.filter((path) => /urlaub|hr|alice|jpg/i.test(path))).toEqual([]);
    expect(paths.filter((path) => path.includes(body.id))).toEqual([]);
    for (const path of paths.filter((each) => each.length > 36)) {
      expect(readFileSync(join(root, path)).includes('plainly')).toBe(false);
    }
  });
});
