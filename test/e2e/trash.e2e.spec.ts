import { v7 as uuidv7 } from 'uuid';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { newFolder, outcome, putInto } from '../support/folders';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import { restore, trash, trashFile } from '../support/trash';
import type { FileBody, VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
});
beforeEach(async () => {
  alice = await vault.signUp();
});
afterAll(() => vault.close());

const put = async (name: string, seed: string, query = ''): Promise<FileBody> => {
  const { status, body } = await alice.put(name, jpeg(2000, seed), { query });
  expect([200, 201]).toContain(status);
  return body;
};
const namesOf = (items: { name: string }[]) => items.map(({ name }) => name);
const names = async () => namesOf((await alice.list('?order=created&direction=asc')).body.items);
const batch = async (json: object) => alice.request<{ items: object[] }>('POST', '/files/batch', { json });

describe('the trash', () => {
  it.each([
    ['GET', '/trash'],
    ['POST', '/trash/restore'],
    ['DELETE', '/trash/019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11'],
    ['DELETE', '/trash'],
    ['POST', '/files/batch'],
    ['DELETE', '/files/019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11'],
  ])('needs a session: %s %s', async (method, path) => {
    const options = method === 'POST' ? { json: { ids: ['x'] } } : {};
    expect(await outcome(vault.stranger().request(method, path, options))).toBe('401 AUTH.SESSION_REQUIRED');
  });

  it('of somebody else does not exist', async () => {
    const file = await put('a.jpg', 'a');
    const bob = await vault.signUp();
    for (const id of [file.id, uuidv7(), 'no-id']) {
      expect(await outcome(bob.request('DELETE', `/files/${id}`))).toBe('404 FILE.NOT_FOUND');
      const { body } = await bob.request<{ items: object[] }>('POST', '/files/batch', {
        json: { action: 'trash', ids: [id] },
      });
      expect(body.items).toEqual([{ id, ok: false, code: 'FILE.NOT_FOUND' }]);
    }
    await trashFile(alice, file.id);
    for (const id of [file.id, uuidv7(), 'no-id']) {
      expect(await outcome(bob.request('DELETE', `/trash/${id}`))).toBe('404 TRASH.NOT_FOUND');
      expect(await restore(bob, id)).toEqual([{ id, ok: false, code: 'TRASH.NOT_FOUND' }]);
    }
    expect((await trash(bob)).items).toEqual([]);
    expect(namesOf((await trash(alice)).items)).toEqual(['a.jpg']);
  });

  it('takes a file out of every other sight, keeps its bytes, and gives it back', async () => {
    const file = await put('a.jpg', 'a');
    expect((await trashFile(alice, file.id)).status).toBe(204);
    expect(await names()).toEqual([]);
    for (const path of [`/files/${file.id}`, `/files/${file.id}/content`, '/files/by-name/a.jpg/content'])
      expect(await outcome(alice.request('GET', path))).toBe('404 FILE.NOT_FOUND');
    expect(await outcome(alice.request('PATCH', `/files/${file.id}`, { json: { name: 'b.jpg' } }))).toBe(
      '404 FILE.NOT_FOUND',
    );
    expect(await outcome(trashFile(alice, file.id))).toBe('404 FILE.NOT_FOUND');
    const { items, folders } = await trash(alice);
    expect(folders).toEqual([]);
    expect(items).toEqual([
      { ...file, status: undefined, trashedAt: items[0]?.trashedAt, purgedAfter: items[0]?.purgedAfter },
    ]);
    expect(Date.parse(items[0]?.purgedAfter ?? '') - Date.parse(items[0]?.trashedAt ?? '')).toBe(30 * 86_400_000);
    expect((await alice.request('GET', '/users/me')).body).toMatchObject({ usage: { files: 1, bytes: 2000 } });

    expect(await restore(alice, file.id)).toEqual([{ id: file.id, ok: true, name: 'a.jpg', folderId: file.folderId }]);
    expect((await alice.content(file.id)).bytes.equals(jpeg(2000, 'a'))).toBe(true);
    expect((await trash(alice)).items).toEqual([]);
    expect(await restore(alice, file.id)).toEqual([{ id: file.id, ok: false, code: 'TRASH.NOT_FOUND' }]);
  });

  it('is listed page by page, what was trashed last first', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) ids.push((await put(`${n}.jpg`, String(n))).id);
    await batch({ action: 'trash', ids: ids.slice(0, 3) });
    for (const id of ids.slice(3)) await trashFile(alice, id);
    const found: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await trash(alice, `?limit=2${cursor && `&cursor=${cursor}`}`);
      found.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(found.slice(0, 4)).toEqual(ids.slice(3).reverse());
    expect([...found].sort()).toEqual([...ids].sort());
    expect(await outcome(alice.request('GET', '/trash?cursor=nonsense'))).toBe('422 REQUEST.INVALID');
    expect(await outcome(alice.request('GET', '/trash?limit=0'))).toBe('422 REQUEST.INVALID');
    expect(await outcome(alice.request('GET', `/trash?folderId=${uuidv7()}`))).toBe('404 FOLDER.NOT_FOUND');
  });

  it('lets the name be used again; what comes back gets a number', async () => {
    const first = await put('a.jpg', 'first');
    await trashFile(alice, first.id);
    const second = await put('a.jpg', 'second');
    expect(second.name).toBe('a.jpg');
    expect(await restore(alice, first.id)).toEqual([
      { id: first.id, ok: true, name: 'a (1).jpg', folderId: first.folderId },
    ]);
    expect((await alice.request('GET', '/files/by-name/a%20(1).jpg/content')).bytes.equals(jpeg(2000, 'first'))).toBe(
      true,
    );
  });

  it('keeps what the folder has under another name by now', async () => {
    const { id } = await put('a.jpg', 'the same');
    await trashFile(alice, id);
    const other = await newFolder(alice);
    const moved = await putInto(alice, other, 'b.jpg', jpeg(2000, 'the same'));
    await batch({ action: 'move', ids: [moved.id] });
    expect(await restore(alice, id)).toEqual([{ id, ok: false, code: 'FILE.DUPLICATE' }]);
    expect((await trash(alice)).items.map((file) => file.id)).toEqual([id]);
    expect(await names()).toEqual(['b.jpg']);
  });

  it('gives back 1,000 files of one name, each under another', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 1000; n++) {
      const { id } = await put('clash.jpg', `clash ${n}`);
      ids.push(id);
    }
    // Each one has replaced the one before.
    expect(await names()).toEqual(['clash.jpg']);
    await trashFile(alice, ids[999] ?? '');
    await put('clash.jpg', 'the last');
    const restored = await restore(alice, ...ids);
    expect(restored.filter(({ ok }) => !ok)).toEqual([]);
    expect(new Set(namesOf(restored as { name: string }[]))).toEqual(
      new Set(Array.from({ length: 1000 }, (_, n) => `clash (${n + 1}).jpg`)),
    );
    for (const at of [0, 500, 999]) {
      expect((await alice.content(ids[at] ?? '')).bytes.equals(jpeg(2000, `clash ${at}`))).toBe(true);
    }
  }, 120_000);

  it('purges for good: the row at once, the bytes with the next sweep, and the quota with the row', async () => {
    const [gone, kept] = [await put('gone.jpg', 'gone'), await put('kept.jpg', 'kept')];
    expect(await outcome(alice.request('DELETE', `/trash/${gone.id}`))).toBe('404 TRASH.NOT_FOUND');
    await trashFile(alice, gone.id);
    expect((await alice.request('DELETE', `/trash/${gone.id}`)).status).toBe(204);
    expect(await outcome(alice.request('DELETE', `/trash/${gone.id}`))).toBe('404 TRASH.NOT_FOUND');
    expect(await restore(alice, gone.id)).toEqual([{ id: gone.id, ok: false, code: 'TRASH.NOT_FOUND' }]);
    expect(await vault.database.query('SELECT FROM files WHERE id = $1', [gone.id])).toEqual([]);
    expect((await alice.request('GET', '/users/me')).body).toMatchObject({ usage: { files: 1, bytes: 2000 } });
    await vault.app.get(BlobSweeper, { strict: false }).sweep();
    await expectStored(vault, alice.userId, 1);
    expect((await alice.content(kept.id)).bytes.equals(jpeg(2000, 'kept'))).toBe(true);
  });

  it('is emptied, also of what is damaged', async () => {
    const ids = [await put('a.jpg', 'a'), await put('b.jpg', 'b'), await put('c.jpg', 'c')].map(({ id }) => id);
    await batch({ action: 'trash', ids: ids.slice(0, 2) });
    await vault.database.query(`UPDATE files SET meta_sealed = '\\x00' WHERE id = $1`, [ids[0]]);
    expect(namesOf((await trash(alice)).items)).toEqual(['b.jpg']);
    const { status, body } = await alice.request('DELETE', '/trash');
    expect([status, body]).toEqual([200, { files: 2, kept: [] }]);
    expect(await vault.database.query('SELECT id FROM files WHERE owner_id = $1', [alice.userId])).toEqual([
      { id: ids[2] },
    ]);
  });

  it('takes and gives in the same moment without losing a file', async () => {
    const { id } = await put('race.jpg', 'race');
    for (let round = 0; round < 10; round++) {
      await Promise.all([trashFile(alice, id), restore(alice, id), trashFile(alice, id), restore(alice, id)]);
    }
    await restore(alice, id);
    expect((await alice.content(id)).bytes.equals(jpeg(2000, 'race'))).toBe(true);
  });
});

describe('uploading what is in the trash', () => {
  it('brings it back, and says so', async () => {
    const file = await put('a.jpg', 'a');
    await trashFile(alice, file.id);
    const again = await alice.put('a.jpg', jpeg(2000, 'a'));
    expect([again.status, again.body]).toEqual([200, { ...file, status: 'restored' }]);
    expect(again.headers.get('location')).toBe(`/api/v1/files/${file.id}`);
    expect(await names()).toEqual(['a.jpg']);
    // The same photo: trashed, uploaded again, and asked back.
    expect(await restore(alice, file.id)).toEqual([{ id: file.id, ok: false, code: 'TRASH.NOT_FOUND' }]);
    expect((await alice.put('a.jpg', jpeg(2000, 'a'))).body.status).toBe('duplicate');
    await vault.app.get(BlobSweeper, { strict: false }).sweep();
    await expectStored(vault, alice.userId, 1);
  });

  it('also from a form, under the name of the upload and with its date', async () => {
    const file = await put('a.jpg', 'a');
    await trashFile(alice, file.id);
    const { status, body } = await alice.post('b.jpg', jpeg(2000, 'a'), { takenAt: '2026-08-02T17:21:09Z' });
    expect([status, body.status, body.id, body.name]).toEqual([200, 'restored', file.id, 'b.jpg']);
    expect(body.takenAt).toBe('2026-08-02T17:21:09.000Z');
  });

  it('is not done by an upload into another folder', async () => {
    const file = await put('a.jpg', 'a');
    await trashFile(alice, file.id);
    const other = await newFolder(alice);
    expect((await putInto(alice, other, 'a.jpg', jpeg(2000, 'a'))).status).toBe('created');
    expect(namesOf((await trash(alice)).items)).toEqual(['a.jpg']);
  });

  it.each([
    ['rename', 200, 'a (1).jpg'],
    ['replace', 200, 'a.jpg'],
    ['reject', 409, undefined],
  ])('keeps to conflict=%s when its name is taken', async (conflict, status, name) => {
    const file = await put('a.jpg', 'a');
    await trashFile(alice, file.id);
    await put('a.jpg', 'b');
    const again = await alice.put('a.jpg', jpeg(2000, 'a'), { query: `?conflict=${conflict}` });
    expect([again.status, again.body.name]).toEqual([status, name]);
    const left = namesOf((await trash(alice)).items);
    expect(left).toEqual(conflict === 'rename' ? [] : ['a.jpg']);
  });

  it('is not kept from coming in by a file that can be opened no longer', async () => {
    const file = await put('a.jpg', 'a');
    await trashFile(alice, file.id);
    await vault.database.query(`UPDATE files SET meta_sealed = '\\x00' WHERE id = $1`, [file.id]);
    const again = await alice.put('a.jpg', jpeg(2000, 'a'));
    expect([again.status, again.body.status]).toEqual([201, 'created']);
  });

  it('ends as one file, whoever restores, uploads and purges at once', async () => {
    for (let round = 0; round < 8; round++) {
      const { id } = await put(`race ${round}.jpg`, `race ${round}`);
      await trashFile(alice, id);
      const bytes = jpeg(2000, `race ${round}`);
      const uploads = [0, 1, 2].map((n) => alice.put(`race ${round} ${n}.jpg`, bytes));
      await Promise.all([...uploads, restore(alice, id), alice.request('DELETE', `/trash/${id}`)]);
      for (const upload of uploads) expect([200, 201]).toContain((await upload).status);
      const { items } = (await alice.list('?limit=200')).body;
      const those = items.filter(({ name }) => name.startsWith(`race ${round}`));
      expect(those).toHaveLength(1);
      expect((await alice.content(those[0]?.id ?? '')).bytes.equals(bytes)).toBe(true);
    }
  });
});

describe('conflict=replace', () => {
  it('is what PUT does: the old file goes to the trash, and nothing is lost', async () => {
    const old = await put('a.jpg', 'old');
    const { status, body } = await alice.put('a.jpg', jpeg(2000, 'new'));
    expect([status, body.status, body.name]).toEqual([201, 'created', 'a.jpg']);
    expect((await alice.request('GET', '/files/by-name/a.jpg/content')).bytes.equals(jpeg(2000, 'new'))).toBe(true);
    const { items } = await trash(alice);
    expect(items.map(({ id, name }) => [id, name])).toEqual([[old.id, 'a.jpg']]);
    // The way back: the old bytes once more.
    const back = await alice.put('a.jpg', jpeg(2000, 'old'));
    expect([back.status, back.body.status, back.body.id]).toEqual([200, 'restored', old.id]);
    expect((await trash(alice)).items.map(({ id }) => id)).toEqual([body.id]);
  });

  it('replaces nothing either when the bytes are in the trash as well', async () => {
    const { id } = await put('trashed.jpg', 'twice');
    await trashFile(alice, id);
    const other = await newFolder(alice);
    const moved = await putInto(alice, other, 'b.jpg', jpeg(2000, 'twice'));
    await batch({ action: 'move', ids: [moved.id] });
    const a = await put('a.jpg', 'a');
    for (const conflict of ['replace', 'reject', 'rename']) {
      const again = await alice.put('a.jpg', jpeg(2000, 'twice'), { query: `?conflict=${conflict}` });
      expect([again.status, again.body.status, again.body.id]).toEqual([200, 'duplicate', moved.id]);
    }
    expect((await alice.content(a.id)).status).toBe(200);
    expect((await trash(alice)).items.map((file) => file.id)).toEqual([id]);
  });

  it('works for a form that asks for it, whose default is a number', async () => {
    await put('a.jpg', 'old');
    expect((await alice.post('a.jpg', jpeg(2000, 'new'))).body.name).toBe('a (1).jpg');
    expect((await alice.post('a.jpg', jpeg(2000, 'newer'), { conflict: 'replace' })).body.name).toBe('a.jpg');
    expect((await trash(alice)).items).toHaveLength(1);
  });

  it('replaces nothing when the folder has the bytes under another name', async () => {
    const [a, b] = [await put('a.jpg', 'a'), await put('b.jpg', 'b')];
    const again = await alice.put('a.jpg', jpeg(2000, 'b'));
    expect([again.body.status, again.body.id]).toEqual(['duplicate', b.id]);
    expect((await alice.content(a.id)).status).toBe(200);
    expect((await trash(alice)).items).toEqual([]);
  });

  it('of many at once leaves one, and every other in the trash', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => alice.put('same.jpg', jpeg(2000, `at once ${n}`))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(await names()).toEqual(['same.jpg']);
    const live = (await alice.list()).body.items.map(({ id }) => id);
    const trashed = (await trash(alice)).items.map(({ id }) => id);
    expect([...live, ...trashed].sort()).toEqual(answers.map(({ body }) => body.id).sort());
  });
});

describe('many files at once', () => {
  it('are trashed and moved, each for itself', async () => {
    const files = [await put('a.jpg', 'a'), await put('b.jpg', 'b'), await put('c.jpg', 'c')];
    const target = await newFolder(alice);
    await putInto(alice, target, 'a.jpg', jpeg(2000, 'another'));
    await putInto(alice, target, 'elsewhere.jpg', jpeg(2000, 'b'));
    const ids = [...files.map(({ id }) => id), uuidv7(), 'no-id'];
    const { body } = await batch({ action: 'move', ids, folderId: target });
    expect(body.items).toEqual([
      { id: ids[0], ok: true },
      { id: ids[1], ok: false, code: 'FILE.DUPLICATE' },
      { id: ids[2], ok: true },
      { id: ids[3], ok: false, code: 'FILE.NOT_FOUND' },
      { id: ids[4], ok: false, code: 'FILE.NOT_FOUND' },
    ]);
    expect(namesOf((await alice.list(`?folderId=${target}`)).body.items).sort()).toEqual([
      'a (1).jpg',
      'a.jpg',
      'c.jpg',
      'elsewhere.jpg',
    ]);
    expect((await batch({ action: 'trash', ids })).body.items).toEqual([
      { id: ids[0], ok: true },
      { id: ids[1], ok: true },
      { id: ids[2], ok: true },
      { id: ids[3], ok: false, code: 'FILE.NOT_FOUND' },
      { id: ids[4], ok: false, code: 'FILE.NOT_FOUND' },
    ]);
    expect((await trash(alice)).items).toHaveLength(3);
  });

  it('may be named in capitals, and get the answer that is true', async () => {
    const { id } = await put('a.jpg', 'a');
    const ID = id.toUpperCase();
    expect((await batch({ action: 'trash', ids: [ID] })).body.items).toEqual([{ id: ID, ok: true }]);
    expect(await restore(alice, ID)).toMatchObject([{ id: ID, ok: true, name: 'a.jpg' }]);
    expect((await batch({ action: 'move', ids: [ID] })).body.items).toEqual([{ id: ID, ok: true }]);
  });

  it('move to the root when nobody says where', async () => {
    const from = await newFolder(alice);
    const { id } = await putInto(alice, from, 'a.jpg', jpeg(2000, 'a'));
    expect((await batch({ action: 'move', ids: [id] })).body.items).toEqual([{ id, ok: true }]);
    const root = (await alice.put('root.jpg', jpeg(2000, 'root'))).body.folderId;
    expect((await alice.list(`?folderId=${root}`)).body.items.map((file) => file.id)).toContain(id);
  });

  it.each([
    [{ action: 'trash', ids: [] }],
    [{ action: 'trash' }],
    [{ action: 'purge', ids: ['x'] }],
    [{ ids: ['x'] }],
    [{ action: 'trash', ids: ['x', 'x'] }],
    [{ action: 'trash', ids: [7] }],
    [{ action: 'trash', ids: 'x' }],
    [{ action: 'trash', ids: ['x'], ownerId: 'y' }],
  ])('are not named by %j', async (json) => {
    expect(await outcome(batch(json))).toBe('422 REQUEST.INVALID');
  });

  it('are at most a thousand', async () => {
    const ids = Array.from({ length: 1001 }, (_, n) => `${n}`);
    expect(await outcome(batch({ action: 'trash', ids }))).toBe('422 REQUEST.INVALID');
    expect(await outcome(batch({ action: 'trash', ids: ids.slice(1) }))).toBe('200');
  });

  it('move nowhere when there is no such folder', async () => {
    const { id } = await put('a.jpg', 'a');
    expect(await outcome(batch({ action: 'move', ids: [id], folderId: uuidv7() }))).toBe('404 FOLDER.NOT_FOUND');
  });
});
