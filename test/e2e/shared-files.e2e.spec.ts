import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { jpeg } from '../support/photos';
import { photo, SECRETS } from '../support/pictures';
import { expectProblem } from '../support/problem';
import { newFolder } from '../support/folders';
import { namesSeen, share, type SharedFileBody, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

const sql = (statement: string, values: unknown[]) => vault.database.query(statement, values);
const put = async (name: string, bytes: Buffer, folderId?: string) =>
  (await alice.put(name, bytes, { query: folderId && `?folderId=${folderId}` })).body.id;
const contentOf = (visitor: VaultClient, shareId: string, fileId: string, headers = {}): Promise<Answer> =>
  visitor.request('GET', `/shares/${shareId}/files/${fileId}/content`, { headers });

describe('the list of a visitor', () => {
  it('has the shared files in the order of their coming, in pages, and of each no more than name, type and size', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await put(`listed ${i}.jpg`, jpeg(3000 + i, `listed ${i}`)));
    const made = await share(alice, { fileIds: [...ids].reverse() });
    const visitor = await visit(vault, made);
    const seen: SharedFileBody[] = [];
    let cursor: string | null | undefined = '';
    while (typeof cursor === 'string') {
      const { body }: { body: { items: SharedFileBody[]; nextCursor?: string | null } } = await visitor.request(
        'GET',
        `/shares/${made.id}/files?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...(body.items ?? []));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(
      ids.map((id, i) => ({ id, name: `listed ${i}.jpg`, contentType: 'image/jpeg', size: 3000 + i })),
    );
  });

  it('ends between two pages when the share does', async () => {
    const ids = await Promise.all([1, 2, 3].map((i) => put(`paged ${i}.jpg`, jpeg(3000, `paged ${i}`))));
    const made = await share(alice, { fileIds: ids });
    const visitor = await visit(vault, made);
    const first = await visitor.request<{ nextCursor: string }>('GET', `/shares/${made.id}/files?limit=1`);
    expect(first.status).toBe(200);
    await alice.request('DELETE', `/shares/${made.id}`);
    const next = await visitor.request('GET', `/shares/${made.id}/files?limit=1&cursor=${first.body.nextCursor}`);
    expectProblem(next, { status: 404, code: 'SHARE.NOT_FOUND' });
  });

  it('leaves out a file that was tampered with, and says so to whoever runs the vault', async () => {
    const [good, bad] = [await put('good.jpg', jpeg(3000, 'good')), await put('bad.jpg', jpeg(3000, 'bad'))];
    const made = await share(alice, { fileIds: [good, bad], includeOriginals: true });
    const visitor = await visit(vault, made);
    await sql(
      'UPDATE share_items SET details_sealed = (SELECT details_sealed FROM share_items WHERE file_id = $1) WHERE file_id = $2',
      [good, bad],
    );
    expect(await namesSeen(visitor, made)).toEqual(['good.jpg']);
    expect(vault.logs.text).toContain('a file is left out of a share');
    expectProblem(await contentOf(visitor, made.id, bad), { status: 500, code: 'VAULT.DAMAGED' });
  });
});

describe('the bytes of a shared file', () => {
  it('are the original’s, bit-exact, where the owner says so; whole, in part, and kept by nobody', async () => {
    const bytes = jpeg(100_000, 'original');
    const id = await put('original.jpg', bytes);
    const made = await share(alice, { fileIds: [id], includeOriginals: true });
    const visitor = await visit(vault, made);
    const whole = await contentOf(visitor, made.id, id);
    expect([whole.status, whole.bytes.equals(bytes)]).toEqual([200, true]);
    expect(whole.headers.get('cache-control')).toBe('private, no-store');
    expect(whole.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(whole.headers.get('content-disposition')).toBe('inline; filename=original.jpg');
    const part = await contentOf(visitor, made.id, id, { range: 'bytes=20000-59999' });
    expect([part.status, part.bytes.equals(bytes.subarray(20_000, 60_000))]).toEqual([206, true]);
    const saved = await visitor.request('GET', `/shares/${made.id}/files/${id}/content?disposition=attachment`);
    expect(saved.headers.get('content-disposition')).toBe('attachment; filename=original.jpg');
    const head = await visitor.request('HEAD', `/shares/${made.id}/files/${id}/content`);
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([200, '100000', 0]);
    expectProblem(await contentOf(visitor, made.id, id, { range: 'bytes=100000-' }), { status: 416 });
  });

  it('are a preview’s where the owner does not: without place, maker and words, and of other bytes', async () => {
    const bytes = await photo(1200, 800);
    expect(bytes.includes(SECRETS.make)).toBe(true);
    const id = await put('holiday.jpg', bytes);
    const made = await share(alice, { fileIds: [id] });
    const visitor = await visit(vault, made);
    const kinds = ['content', 'renditions/preview', 'renditions/thumbnail'];
    for (const kind of kinds) {
      const { status, headers, bytes: shown } = await visitor.request('GET', `/shares/${made.id}/files/${id}/${kind}`);
      expect([kind, status, headers.get('content-type')]).toEqual([kind, 200, 'image/webp']);
      expect(headers.get('cache-control')).toBe('private, no-store');
      expect(headers.get('content-disposition')).toBe('inline; filename=holiday.webp');
      const { exif, xmp, orientation } = await sharp(shown).metadata();
      expect({ exif, xmp, orientation }).toEqual({ exif: undefined, xmp: undefined, orientation: undefined });
      for (const secret of Object.values(SECRETS)) expect(shown.includes(secret)).toBe(false);
    }
    expect((await alice.content(id)).bytes.equals(bytes)).toBe(true);
  });

  const gps = join(process.env.PHOTOS_DIR ?? '', 'jpg-gps-DSCN0010.jpg');
  const withPhotos = process.env.PHOTOS_DIR && existsSync(gps) ? it : it.skip;
  withPhotos('have no GPS of a real camera’s photo in them, while the owner’s download is bit-exact', async () => {
    const bytes = readFileSync(gps);
    // Exif 2.32, section 4.6.3: tag 0x8825 points to the GPS directory.
    const { exif = Buffer.alloc(0) } = await sharp(bytes).metadata();
    expect(exif.includes(Buffer.from('8825', 'hex')) || exif.includes(Buffer.from('2588', 'hex'))).toBe(true);
    const id = await put('gps.jpg', bytes);
    const made = await share(alice, { fileIds: [id] });
    const visitor = await visit(vault, made);
    const shown = await contentOf(visitor, made.id, id);
    expect(shown.status).toBe(200);
    expect((await sharp(shown.bytes).metadata()).exif).toBeUndefined();
    for (const tell of ['GPS', 'Exif', 'EXIF', 'NIKON', 'COOLPIX', 'xmpmeta'])
      expect(shown.bytes.includes(tell)).toBe(false);
    expect((await alice.content(id)).bytes.equals(bytes)).toBe(true);
  });

  it('are refused for a photo of a folder that has no preview, which is listed all the same', async () => {
    const folder = await newFolder(alice);
    const broken = await put('broken.jpg', jpeg(3000, 'broken'), folder);
    const made = await share(alice, { folderId: folder });
    const visitor = await visit(vault, made);
    expect(await namesSeen(visitor, made)).toEqual(['broken.jpg']);
    expectProblem(await contentOf(visitor, made.id, broken), { status: 404, code: 'FILE.NO_RENDITION' });
    const strange = await visitor.request('GET', `/shares/${made.id}/files/${broken}/renditions/poster`);
    expectProblem(strange, { status: 404, code: 'FILE.NO_RENDITION' });
  });
});

describe('a shared folder', () => {
  it('shows what comes into it later, and new names, and nothing of other folders', async () => {
    const [folder, other] = [await newFolder(alice), await newFolder(alice)];
    const first = await put('first.jpg', jpeg(3000, 'first'), folder);
    await put('elsewhere.jpg', jpeg(3000, 'elsewhere'), other);
    const made = await share(alice, { folderId: folder, includeOriginals: true });
    const visitor = await visit(vault, made);
    expect(await namesSeen(visitor, made)).toEqual(['first.jpg']);
    const later = await put('later.jpg', jpeg(3000, 'later'), folder);
    await alice.request('PATCH', `/files/${first}`, { json: { name: 'renamed.jpg' } });
    expect(await namesSeen(visitor, made)).toEqual(['renamed.jpg', 'later.jpg']);
    expect((await contentOf(visitor, made.id, later)).bytes.equals(jpeg(3000, 'later'))).toBe(true);
    expect((await alice.request<{ items: object[] }>('GET', '/shares')).body.items[0]).toMatchObject({
      id: made.id,
      target: 'folder',
      folderId: folder,
      fileCount: null,
    });
  });

  it('is dead under another key, for visitors and for whoever comes later', async () => {
    const folder = await newFolder(alice);
    const id = await put('kept.jpg', jpeg(3000, 'kept'), folder);
    const made = await share(alice, { folderId: folder, includeOriginals: true });
    const visitor = await visit(vault, made);
    expect((await contentOf(visitor, made.id, id)).status).toBe(200);
    await sql('UPDATE folders SET fk_version = fk_version + 1, epoch = epoch + 1 WHERE id = $1', [folder]);
    for (const path of ['', `/${id}/content`]) {
      const answer = await visitor.request('GET', `/shares/${made.id}/files${path}`);
      expectProblem(answer, { status: 404, code: 'SHARE.NOT_FOUND' });
    }
  });
});

describe('a file that was shared', () => {
  const gone = async (change: (id: string) => Promise<unknown>, wish: (id: string, folder: string) => object) => {
    const folder = await newFolder(alice);
    const [stays, goes] = [
      await put('stays.jpg', jpeg(3000, `stays ${folder}`), folder),
      await put('goes.jpg', jpeg(3000, `goes ${folder}`), folder),
    ];
    const made = await share(alice, { ...wish(goes, folder), includeOriginals: true });
    const visitor = await visit(vault, made);
    expect((await contentOf(visitor, made.id, goes)).status).toBe(200);
    await change(goes);
    expectProblem(await contentOf(visitor, made.id, goes), { status: 404, code: 'SHARE.NOT_FOUND' });
    expect(await namesSeen(visitor, made)).not.toContain('goes.jpg');
    return { visitor, made, stays };
  };
  const changes: [what: string, change: (id: string) => Promise<unknown>][] = [
    ['trashed', (id) => sql('UPDATE files SET trashed_at = clock_timestamp() WHERE id = $1', [id])],
    ['moved', async (id) => sql('UPDATE files SET folder_id = $2 WHERE id = $1', [id, await newFolder(alice)])],
    ['deleted', (id) => sql('DELETE FROM files WHERE id = $1', [id])],
  ];

  it.each(changes)('by itself and is %s, is gone from the share', async (_what, change) => {
    await gone(change, (id) => ({ fileIds: [id] }));
  });

  it.each(changes)('with its folder and is %s, is gone from the share, and the others stay', async (_what, change) => {
    const { visitor, made, stays } = await gone(change, (_id, folder) => ({ folderId: folder }));
    expect((await contentOf(visitor, made.id, stays)).status).toBe(200);
  });

  it('by itself, of a folder with another key, is gone from the share; the files of other folders stay', async () => {
    const [folder, other] = [await newFolder(alice), await newFolder(alice)];
    const [goes, stays] = [
      await put('goes.jpg', jpeg(3000, 'g'), folder),
      await put('stays.jpg', jpeg(3000, 's'), other),
    ];
    const made = await share(alice, { fileIds: [goes, stays], includeOriginals: true });
    const visitor = await visit(vault, made);
    expect(await namesSeen(visitor, made)).toEqual(['goes.jpg', 'stays.jpg']);
    await sql('UPDATE folders SET fk_version = fk_version + 1, epoch = epoch + 1 WHERE id = $1', [folder]);
    expect(await namesSeen(visitor, made)).toEqual(['stays.jpg']);
    expectProblem(await contentOf(visitor, made.id, goes), { status: 404, code: 'SHARE.NOT_FOUND' });
  });

  it('keeps the name that it was shared under', async () => {
    const id = await put('then.jpg', jpeg(3000, 'then'));
    const made = await share(alice, { fileIds: [id] });
    await alice.request('PATCH', `/files/${id}`, { json: { name: 'now.jpg' } });
    expect(await namesSeen(await visit(vault, made), made)).toEqual(['then.jpg']);
  });
});
