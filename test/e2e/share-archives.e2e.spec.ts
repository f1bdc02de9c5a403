import { once } from 'node:events';
import { FileErrors } from '../../src/files/files.errors';
import { RenderPool } from '../../src/files/renditions/render-pool.service';
import { unpack } from '../support/archives';
import { jpeg, sha256 } from '../support/photos';
import { photo, SECRETS } from '../support/pictures';
import { newFolder } from '../support/folders';
import { itWithPython } from '../support/python';
import { type MadeShare, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import { beginGet } from '../support/transfers';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

const SIZE = 48_000_000;

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

const put = async (name: string, bytes: Buffer, folderId?: string) =>
  (await alice.put(name, bytes, { query: folderId && `?folderId=${folderId}` })).body.id;

const itReadable = itWithPython('what is in the archive of a share');

const archiveOf = (visitor: VaultClient, made: MadeShare) => visitor.request('GET', `/shares/${made.id}/archive`);
const fetched = async (made: MadeShare) => {
  const { body } = await alice.request<{ items: { filesFetched: number }[] }>('GET', `/shares/${made.id}/openings`);
  return body.items[0]?.filesFetched;
};

describe('the archive of a share', () => {
  itReadable('has all originals, bit-exact, where the owner says so; names that clash get numbers', async () => {
    const [one, other] = [await newFolder(alice), await newFolder(alice)];
    const photos = [jpeg(200_000, 'a'), jpeg(16_384, 'b'), jpeg(50, 'c')] as const;
    const ids = [
      await put('same.jpg', photos[0], one),
      await put('same.jpg', photos[1], other),
      await put('ü.jpg', photos[2]),
    ];
    const made = await share(alice, { fileIds: ids, includeOriginals: true });
    const visitor = await visit(vault, made);
    const { status, headers, bytes } = await archiveOf(visitor, made);
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'application/zip',
      'private, no-store',
    ]);
    expect(headers.get('content-disposition')).toBe('attachment; filename=photos.zip');
    expect(unpack(bytes)).toEqual({
      'same.jpg': sha256(photos[0]),
      'same (1).jpg': sha256(photos[1]),
      'ü.jpg': sha256(photos[2]),
    });
    await eventually('all three are counted', async () => (await fetched(made)) === 3);
  });

  itReadable('has previews where the owner does not, and says what it leaves out', async () => {
    const folderId = await newFolder(alice);
    await put('holiday.jpg', await photo(600, 400), folderId);
    await put('broken.jpg', jpeg(3000, 'broken'), folderId);
    const made = await share(alice, { folderId });
    const visitor = await visit(vault, made);
    const { bytes } = await archiveOf(visitor, made);
    expect(Object.keys(unpack(bytes))).toEqual(['holiday.webp', 'SKIPPED.txt']);
    for (const secret of Object.values(SECRETS)) expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes('broken.jpg')).toBe(true);
    await eventually('the one is counted', async () => (await fetched(made)) === 1);
  });

  itReadable('of an empty folder is an empty archive', async () => {
    const made = await share(alice, { folderId: await newFolder(alice) });
    expect(unpack((await archiveOf(await visit(vault, made), made)).bytes)).toEqual({});
  });

  it('breaks where a file is damaged, instead of looking complete, and is not counted', async () => {
    const ids = [await put('whole.jpg', jpeg(100_000, 'whole')), await put('torn.jpg', jpeg(100_000, 'torn'))];
    const made = await share(alice, { fileIds: ids, includeOriginals: true });
    const visitor = await visit(vault, made);
    await vault.database.query(
      'UPDATE blobs SET header = set_byte(header, 30, get_byte(header, 30) # 1) WHERE id = (SELECT blob_id FROM files WHERE id = $1)',
      [ids[1]],
    );
    await expect(archiveOf(visitor, made)).rejects.toThrow();
    expect(await fetched(made)).toBe(0);
  });

  it('has every file, also of more than one page', async () => {
    const folderId = await newFolder(alice);
    for (let i = 0; i < 201; i++) await put(`${i}.jpg`, jpeg(50, `many ${i}`), folderId);
    const made = await share(alice, { folderId, includeOriginals: true });
    const { bytes } = await archiveOf(await visit(vault, made), made);
    expect(Object.keys(unpack(bytes))).toEqual(Array.from({ length: 201 }, (_, i) => `${i}.jpg`));
  });

  it.each<[how: string, statement: string]>([
    ['is revoked', 'DELETE FROM shares WHERE id = $1'],
    ['expires', "UPDATE shares SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1"],
    ['is suspended', 'UPDATE shares SET suspended_at = clock_timestamp() WHERE id = $1'],
    [
      'has a folder with another key',
      'UPDATE folders SET fk_version = fk_version + 1 WHERE id = (SELECT folder_id FROM shares WHERE id = $1)',
    ],
  ])('breaks when the share %s between two files of it', async (how, statement) => {
    const folderId = await newFolder(alice);
    for (let i = 0; i < 3; i++) await put(`${i}.jpg`, jpeg(9_000_000, `${how} ${i}`), folderId);
    const made = await share(alice, { folderId, includeOriginals: true });
    const response = await beginGet(await visit(vault, made), `/shares/${made.id}/archive`);
    await once(response, 'readable');
    await vault.database.query(statement, [made.id]);
    await expect(response.toArray()).rejects.toThrow();
  });

  it.each<[what: string, change: string]>([
    ['trashed', 'UPDATE files SET trashed_at = clock_timestamp() WHERE id = $1'],
    ['moved', 'UPDATE files SET folder_id = (SELECT id FROM folders WHERE is_root LIMIT 1) WHERE id = $1'],
    ['deleted', 'DELETE FROM files WHERE id = $1'],
  ])('does not have a file that is %s before its turn comes', async (what, change) => {
    const folderId = await newFolder(alice);
    for (let i = 0; i < 3; i++) await put(`${i}.jpg`, jpeg(9_000_000, `${what} ${i}`), folderId);
    const last = await put('last.jpg', jpeg(50, what), folderId);
    const made = await share(alice, { folderId, includeOriginals: true });
    const response = await beginGet(await visit(vault, made), `/shares/${made.id}/archive`);
    await once(response, 'readable');
    await vault.database.query(change, [last]);
    const bytes = Buffer.concat((await response.toArray()) as Buffer[]);
    expect(Object.keys(unpack(bytes))).toEqual(['0.jpg', '1.jpg', '2.jpg']);
  });

  it('waits for its turn where others have their previews made just now', async () => {
    const made = await share(alice, { fileIds: [await put('busy.jpg', await photo(60, 40))] });
    const busy = jest
      .spyOn(vault.app.get(RenderPool, { strict: false }), 'render')
      .mockRejectedValueOnce(FileErrors.renditionBusy());
    const { status, bytes } = await archiveOf(await visit(vault, made), made);
    expect([status, Object.keys(unpack(bytes)), busy.mock.calls.length]).toEqual([200, ['busy.webp'], 2]);
    busy.mockRestore();
  });
});

describe('the ledger of a share', () => {
  it('counts what came to its end, in one piece or in several, and nothing else', async () => {
    // More than the system keeps on its way to somebody who does not read.
    const id = await put('large.jpg', jpeg(SIZE, 'large'));
    const made = await share(alice, { fileIds: [id], includeOriginals: true });
    const visitor = await visit(vault, made);
    const address = `/shares/${made.id}/files/${id}/content`;

    const broken = await beginGet(visitor, address);
    await once(broken, 'readable');
    broken.destroy();
    await eventually('the broken one is over', () => vault.logs.text.includes('"completed":false'));
    await visitor.request('HEAD', address);
    await visitor.request('GET', address, { headers: { range: 'bytes=0-999' } });
    const { headers } = await visitor.request('GET', address, { headers: { range: `bytes=${SIZE}-` } });
    expect(headers.get('content-range')).toBe(`bytes */${SIZE}`);
    await visitor.request('GET', `/shares/${made.id}/files`);
    expect(await fetched(made)).toBe(0);

    expect((await visitor.request('GET', address)).bytes.length).toBe(SIZE);
    await eventually('the whole one is counted', async () => (await fetched(made)) === 1);
    await visitor.request('GET', address, { headers: { range: 'bytes=1000-' } });
    await eventually('the last part is counted', async () => (await fetched(made)) === 2);
    const etag = (await visitor.request('HEAD', address)).headers.get('etag') ?? '';
    expect((await visitor.request('GET', address, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect(await fetched(made)).toBe(2);
  });

  it('counts for each opening by itself', async () => {
    const id = await put('each.jpg', jpeg(3000, 'each'));
    const made = await share(alice, { fileIds: [id], includeOriginals: true });
    const [first] = [await visit(vault, made), await visit(vault, made)];
    await first.request('GET', `/shares/${made.id}/files/${id}/content`);
    await eventually('the older one has it', async () => {
      const { body } = await alice.request<{ items: { filesFetched: number }[] }>('GET', `/shares/${made.id}/openings`);
      return body.items.map(({ filesFetched }) => filesFetched).join() === '0,1';
    });
  });
});
