import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { blobKey } from '../../src/platform/blobs/blob-key';
import { BlobStore } from '../../src/platform/blobs/blob-store';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { keysOf } from '../contracts/blob-store.contract';
import { jpeg, png, sha256 } from '../support/photos';
import { decoderPids, photo, pictureAs, pngClaiming, SECRETS } from '../support/pictures';
import { startTestApp, type TestApp } from '../support/test-app';
import { blobDirectory } from '../support/traces';
import type { Answer, VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

const directory = process.env.PHOTOS_DIR;

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

let names = 0;
async function upload(bytes: Buffer, owner = alice): Promise<string> {
  const { status, body } = await owner.put(`picture ${++names}.jpg`, bytes);
  expect([status, body.size]).toEqual([201, bytes.length]);
  return body.id;
}

async function rendition(id: string, kind = 'thumbnail', headers = {}, client = alice): Promise<Answer> {
  return client.request('GET', `/files/${id}/renditions/${kind}`, { headers });
}

const refusal = ({ status, body }: Answer) => [status, body.code];
const NO_RENDITION = [404, 'FILE.NO_RENDITION'];

function rows(fileId: string): Promise<{ kind: number; blobId: string | null; state: string | null }[]> {
  return vault.database.query(
    `SELECT r.kind, r.blob_id AS "blobId", b.state FROM renditions r LEFT JOIN blobs b ON b.id = r.blob_id WHERE r.file_id = $1 ORDER BY r.kind`,
    [fileId],
  );
}

/** Every kind of metadata that sharp knows of, and what cameras call it in the bytes. */
async function expectNoMetadata(bytes: Buffer): Promise<void> {
  const { exif, xmp, iptc, icc, orientation, format } = await sharp(bytes).metadata();
  expect({ exif, xmp, iptc, icc, orientation, format }).toEqual({ format: 'webp' });
  for (const word of ['EXIF', 'Exif', 'XMP ', 'ICCP', 'GPS', 'http', ...Object.values(SECRETS)])
    expect([word, bytes.includes(word)]).toEqual([word, false]);
}

describe('GET /files/{id}/renditions/{kind}', () => {
  it('asks for a session', async () => {
    const id = await upload(await photo());
    expect(refusal(await rendition(id, 'thumbnail', {}, vault.stranger()))).toEqual([401, 'AUTH.SESSION_REQUIRED']);
    expect(await rows(id)).toEqual([]);
  });

  it('knows nothing of somebody else’s photo', async () => {
    const id = await upload(await photo());
    const bob = await vault.signUp('bob@example.com');
    for (const kind of ['thumbnail', 'preview']) {
      const foreign = await rendition(id, kind, {}, bob);
      const nowhere = await rendition(randomUUID(), kind, {}, bob);
      expect(refusal(foreign)).toEqual([404, 'FILE.NOT_FOUND']);
      expect({ ...foreign.body, requestId: '' }).toEqual({ ...nowhere.body, requestId: '' });
    }
    expect(await rows(id)).toEqual([]);
  });

  it('makes a photo smaller, turns it upright, and leaves out where and by what it was taken', async () => {
    const original = await photo(1200, 800, 6);
    expect([original.includes(SECRETS.make), original.includes('Exif')]).toEqual([true, true]);
    expect((await sharp(original).metadata()).xmp?.includes(SECRETS.description)).toBe(true);
    const id = await upload(original);
    for (const [kind, width, height] of [
      ['thumbnail', 213, 320],
      ['preview', 800, 1200],
    ] as const) {
      const { status, headers, bytes } = await rendition(id, kind);
      expect([status, headers.get('content-type')]).toEqual([200, 'image/webp']);
      expect(headers.get('content-disposition')).toMatch(/^inline; filename="picture \d+\.webp"$/);
      expect(Number(headers.get('content-length'))).toBe(bytes.length);
      await expectNoMetadata(bytes);
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([width, height]);
      // The red corner was above on the left; turned clockwise, it is above on the right.
      const at = (x: number, y: number) => [...data.subarray((y * width + x) * info.channels).subarray(0, 3)];
      const [red = 0, green = 255] = at(Math.floor(width * 0.75), Math.floor(height * 0.25));
      expect([red > 200, green < 60]).toEqual([true, true]);
      const [, elsewhere = 0] = at(Math.floor(width * 0.25), Math.floor(height * 0.25));
      expect(elsewhere).toBeGreaterThan(60);
    }
  });

  it('never enlarges', async () => {
    const { bytes } = await rendition(await upload(await photo(40, 30, 1)), 'preview');
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 40, height: 30 });
  });

  it.each(['png', 'webp', 'gif', 'avif', 'tiff'] as const)('renders %s', async (format) => {
    const { status, bytes } = await rendition(await upload(await pictureAs(format)));
    expect(status).toBe(200);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 320, height: 240 });
  });

  it('answers ranges and ETags like any download, and no store of others keeps what the original’s would not', async () => {
    const id = await upload(await photo());
    const { bytes, headers } = await rendition(id);
    const etag = headers.get('etag') ?? '';
    expect(headers.get('cache-control')).toBe('private, no-cache');
    const part = await rendition(id, 'thumbnail', { range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${bytes.length}`]);
    expect(part.bytes.equals(bytes.subarray(10, 20))).toBe(true);
    expect((await rendition(id, 'thumbnail', { 'if-none-match': etag })).status).toBe(304);
    expect((await rendition(id, 'preview', { 'if-none-match': etag })).status).toBe(200);
    const beyond = await rendition(id, 'thumbnail', { range: 'bytes=999999999-' });
    expect(refusal(beyond)).toEqual([416, 'FILE.RANGE_NOT_SATISFIABLE']);
  });

  it('has no other kinds', async () => {
    const id = await upload(await photo());
    for (const kind of ['original', 'Thumbnail', '1', 'constructor', '%00'])
      expect(refusal(await rendition(id, kind))).toEqual(NO_RENDITION);
  });
});

describe('what cannot be shown', () => {
  it.each([
    [
      'a film',
      Buffer.concat([Buffer.from('00000018667479706d703432000000006d70343269736f6d', 'hex'), Buffer.alloc(5000)]),
    ],
    [
      'HEIC',
      Buffer.concat([
        Buffer.from('0000001866747970686569630000000068656963 6d696631'.replace(' ', ''), 'hex'),
        Buffer.alloc(5000),
      ]),
    ],
  ])('%s is refused without a try', async (_, bytes) => {
    const id = await upload(bytes);
    expect(refusal(await rendition(id))).toEqual(NO_RENDITION);
    expect(await rows(id)).toEqual([]);
  });

  it.each([
    ['noise behind the first bytes of a JPEG', () => jpeg(200_000, 'noise')],
    ['noise behind the first bytes of a PNG', () => png(200_000, 'noise')],
    ['a PNG that claims 60,000 × 60,000 pixels', () => pngClaiming(60_000, 60_000)],
    ['a PNG that claims 2^31 − 1 pixels each way', () => pngClaiming(2 ** 31 - 1, 2 ** 31 - 1)],
  ])('%s stays what it is, is refused quickly, and is not tried again', async (_, make) => {
    const bytes = make();
    const id = await upload(bytes);
    const begun = Date.now();
    for (const kind of ['thumbnail', 'preview', 'thumbnail'])
      expect(refusal(await rendition(id, kind))).toEqual(NO_RENDITION);
    expect(Date.now() - begun).toBeLessThan(5000);
    expect(await rows(id)).toEqual([1, 2].map((kind) => ({ kind, blobId: null, state: null })));
    expect(sha256((await alice.content(id)).bytes)).toBe(sha256(bytes));
  });

  it('is tried again a day later', async () => {
    const id = await upload(await photo(50, 50));
    await vault.database.query(
      "INSERT INTO renditions (file_id, kind, created_at) VALUES ($1, 1, now() - interval '23 hours')",
      [id],
    );
    expect(refusal(await rendition(id))).toEqual(NO_RENDITION);
    await vault.database.query("UPDATE renditions SET created_at = now() - interval '25 hours' WHERE file_id = $1", [
      id,
    ]);
    expect((await rendition(id)).status).toBe(200);
  });

  it('is not a photo of which only the end is missing', async () => {
    const whole = await photo(1200, 800, 1);
    const { status, bytes } = await rendition(await upload(whole.subarray(0, Math.floor(whole.length * 0.9))));
    expect(status).toBe(200);
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 320, height: 213 });
  });
});

describe('a rendition is made once and kept', () => {
  it('for 20 who ask at the same moment', async () => {
    const id = await upload(await photo());
    const answers = await Promise.all(Array.from({ length: 20 }, () => rendition(id, 'preview')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ headers, bytes }) => `${headers.get('etag')} ${sha256(bytes)}`)).size).toBe(1);
    expect(await rows(id)).toEqual([{ kind: 2, blobId: expect.any(String) as string, state: 'ready' }]);
    const blobs = await vault.database.query('SELECT state FROM blobs WHERE file_id = $1', [id]);
    expect(blobs).toEqual([{ state: 'ready' }, { state: 'ready' }]);
  });

  it('encrypted, and counts for nothing', async () => {
    const carol = await vault.signUp('carol@example.com');
    const original = await photo();
    const id = await upload(original, carol);
    const seen = [
      original,
      (await rendition(id, 'thumbnail', {}, carol)).bytes,
      (await rendition(id, 'preview', {}, carol)).bytes,
    ];
    const directory = blobDirectory(vault, carol.userId ?? '');
    const objects = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(objects).toHaveLength(3);
    for (const { parentPath, name } of objects) {
      const stored = readFileSync(join(parentPath, name));
      expect([stored.includes('RIFF'), stored.includes('WEBP'), stored.includes('Exif')]).toEqual([
        false,
        false,
        false,
      ]);
      for (const plain of seen) expect(stored.includes(plain.subarray(100, 132))).toBe(false);
    }
    expect((await carol.request('GET', '/users/me')).body.usage).toEqual({ files: 1, bytes: original.length });
  });

  it('and the sweeper leaves it: objects in the store = ready blobs, each of which something has', async () => {
    const store = vault.app.get(BlobStore, { strict: false });
    const sweeper = vault.app.get(BlobSweeper, { strict: false });
    const day = new Date(Date.now() + 24 * 3600 * 1000);
    await sweeper.sweep();
    for (let i = 0; i < 2; i++) await sweeper.sweepStrays(day);
    const blobs = await vault.database.query<{ id: string; owner: string; state: string; had: boolean }>(
      `SELECT id, owner_id AS owner, state,
              id IN (SELECT blob_id FROM files UNION SELECT blob_id FROM renditions WHERE blob_id IS NOT NULL) AS had FROM blobs`,
    );
    expect(new Set(blobs.map(({ state, had }) => `${state} ${had}`))).toEqual(new Set(['ready true']));
    expect(await keysOf(store)).toEqual(blobs.map(({ id, owner }) => blobKey(owner, id)).sort());
  });

  it('is an alert when its object is damaged, never a wrong picture', async () => {
    const dave = await vault.signUp('dave@example.com');
    const id = await upload(await photo(), dave);
    await rendition(id, 'thumbnail', {}, dave);
    const [row] = await rows(id);
    await vault.database.query('UPDATE blobs SET header = $2 WHERE id = $1', [row?.blobId, Buffer.alloc(56)]);
    expect(refusal(await rendition(id, 'thumbnail', {}, dave))).toEqual([500, 'VAULT.DAMAGED']);
  });
});

describe('a worker that is killed', () => {
  it('in the middle of a picture takes nothing with it', async () => {
    const id = await upload(await photo(6000, 4000, 1));
    const before = new Set(decoderPids());
    const asked = rendition(id, 'preview');
    await eventually('the picture is being decoded', () => decoderPids().length > 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const pid of decoderPids()) process.kill(pid, 'SIGKILL');
    expect((await asked).status).toBe(200);
    expect(decoderPids().filter((pid) => before.has(pid))).toEqual([]);
    expect(vault.logs.text).toContain('"reason":"died"');
    expect((await rendition(id)).status).toBe(200);
  });

  it('while it waits for work is replaced', async () => {
    await rendition(await upload(await photo(60, 40)));
    for (const pid of decoderPids()) process.kill(pid, 'SIGKILL');
    expect((await rendition(await upload(await photo(61, 40)))).status).toBe(200);
  });
});

it('logs say nothing of names', () => {
  expect(vault.logs.text).not.toContain('picture 1');
});

const photos = directory ? readdirSync(directory).filter((name) => /^(heic|jpg|tiff)-/.test(name)) : [];
if (photos.length === 0) {
  process.stderr.write('\nNOT RUN: real photos in test/e2e/renditions.e2e.spec.ts. Set PHOTOS_DIR.\n\n');
}
(photos.length > 0 ? describe : describe.skip)('real photos', () => {
  it.each(photos)('%s', async (name) => {
    const bytes = readFileSync(join(directory ?? '', name));
    const id = await upload(bytes);
    for (const [kind, edge] of [
      ['thumbnail', 320],
      ['preview', 2048],
    ] as const) {
      const answer = await rendition(id, kind);
      if (/^heic-|corrupted/.test(name)) {
        expect(refusal(answer)).toEqual(NO_RENDITION);
        continue;
      }
      expect(answer.status).toBe(200);
      await expectNoMetadata(answer.bytes);
      const { width = 0, height = 0, autoOrient } = await sharp(bytes).metadata();
      const made = await sharp(answer.bytes).metadata();
      expect(Math.max(made.width, made.height)).toBe(Math.min(edge, Math.max(width, height)));
      if (autoOrient.width !== autoOrient.height)
        expect(made.width > made.height).toBe(autoOrient.width > autoOrient.height);
    }
    expect(sha256((await alice.content(id)).bytes)).toBe(sha256(bytes));
  });
});
