import { v7 as uuidv7 } from 'uuid';
import { folder, type FolderBody, newFolder, outcome, putInto } from '../support/folders';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import type { FileBody, VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

const list = async (client: VaultClient) =>
  (await client.request<{ items: FolderBody[] }>('GET', '/folders')).body.items;
const move = (client: VaultClient, id: string, change: object) =>
  client.request<FileBody>('PATCH', `/files/${id}`, { json: change });

describe('folders', () => {
  it.each([
    ['POST', '/folders'],
    ['GET', '/folders'],
    ['GET', '/folders/019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44'],
    ['PATCH', '/folders/019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44'],
    ['DELETE', '/folders/019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44'],
  ])('need a session: %s %s', async (method, path) => {
    const options = method === 'GET' ? {} : { json: { name: 'x' } };
    expect(await outcome(vault.stranger().request(method, path, options))).toBe('401 AUTH.SESSION_REQUIRED');
  });

  it.each(['GET', 'PATCH', 'DELETE'])('of somebody else do not exist: %s', async (method) => {
    const bob = await vault.signUp();
    const id = await newFolder(alice, `not Bob's ${method}`);
    const of = (some: string) =>
      bob.request(method, `/folders/${some}`, method === 'PATCH' ? { json: { name: 'x' } } : {});
    expect(await outcome(of(id))).toBe('404 FOLDER.NOT_FOUND');
    expect(await outcome(of(uuidv7()))).toBe('404 FOLDER.NOT_FOUND');
    expect(await outcome(of('no-id'))).toBe('404 FOLDER.NOT_FOUND');
    expect((await folder(alice, id)).name).toBe(`not Bob's ${method}`);
  });

  it('are made, renamed, listed by name behind the root, and deleted', async () => {
    const carol = await vault.signUp();
    const made = await carol.request<FolderBody>('POST', '/folders', { json: { name: 'Urlaub 10' } });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/api/v1/folders/${made.body.id}`);
    expect(made.body).toEqual({
      id: made.body.id,
      name: 'Urlaub 10',
      isRoot: false,
      locked: false,
      unlockedUntil: null,
      fileCount: 0,
      bytes: 0,
    });
    await newFolder(carol, 'Urlaub 9');
    await newFolder(carol, 'Ärger');
    expect((await list(carol)).map(({ name, isRoot }) => [name, isRoot])).toEqual([
      [null, true],
      ['Ärger', false],
      ['Urlaub 9', false],
      ['Urlaub 10', false],
    ]);
    const renamed = await carol.request<FolderBody>('PATCH', `/folders/${made.body.id}`, { json: { name: 'Meer' } });
    expect([renamed.status, renamed.body.name]).toEqual([200, 'Meer']);
    expect(await outcome(carol.request('DELETE', `/folders/${made.body.id}`))).toBe('204');
    expect(await outcome(carol.request('GET', `/folders/${made.body.id}`))).toBe('404 FOLDER.NOT_FOUND');
  });

  it('have names of their own, whatever keyboard they were typed on', async () => {
    await newFolder(alice, 'Föhr');
    expect(await outcome(alice.request('POST', '/folders', { json: { name: 'Fo\u0308hr' } }))).toBe(
      '409 FOLDER.NAME_TAKEN',
    );
    const other = await newFolder(alice, 'Sylt');
    expect(await outcome(alice.request('PATCH', `/folders/${other}`, { json: { name: 'Föhr' } }))).toBe(
      '409 FOLDER.NAME_TAKEN',
    );
    const same = await Promise.all(
      Array.from({ length: 20 }, () => outcome(alice.request('POST', '/folders', { json: { name: 'at once' } }))),
    );
    expect(same.filter((each) => each === '201')).toHaveLength(1);
    expect(new Set(same)).toEqual(new Set(['201', '409 FOLDER.NAME_TAKEN']));
  });

  it.each([[''], ['.'], ['..'], ['a\u0000b'], ['tab\t'], ['\ud800'], ['ü'.repeat(128)]])(
    'cannot be called %j',
    async (name) => {
      expect(await outcome(alice.request('POST', '/folders', { json: { name } }))).toBe('422 FOLDER.BAD_NAME');
    },
  );

  it.each([[{}], [{ name: 7 }], [{ name: 'x', isRoot: true }], [{ name: ['x'] }]])(
    'are not made of %j',
    async (json) => {
      expect(await outcome(alice.request('POST', '/folders', { json }))).toBe('422 REQUEST.INVALID');
    },
  );

  it('are at most a thousand', async () => {
    const dora = await vault.signUp();
    await vault.database.query(
      `INSERT INTO folders (id, owner_id, name_bidx, name_sealed, fk_wrapped)
       SELECT gen_random_uuid(), $1, int4send(n), int4send(n), int4send(n) FROM generate_series(1, 999) AS n`,
      [dora.userId],
    );
    const atOnce = Array.from({ length: 15 }, (_, n) =>
      outcome(dora.request('POST', '/folders', { json: { name: `the last ${n}` } })),
    );
    expect((await Promise.all(atOnce)).sort()).toEqual(['201', ...Array<string>(14).fill('409 FOLDER.TOO_MANY')]);
    expect(await outcome(dora.request('POST', '/folders', { json: { name: 'one more' } }))).toBe('409 FOLDER.TOO_MANY');
  });

  it('the root stays as it is', async () => {
    const root = (await list(alice)).find(({ isRoot }) => isRoot)?.id ?? '';
    expect(await outcome(alice.request('PATCH', `/folders/${root}`, { json: { name: 'x' } }))).toBe(
      '409 FOLDER.IS_ROOT',
    );
    expect(await outcome(alice.request('DELETE', `/folders/${root}`))).toBe('409 FOLDER.IS_ROOT');
    expect(
      await outcome(alice.request('PUT', `/folders/${root}/lock`, { json: { password: 'a good password' } })),
    ).toBe('409 FOLDER.IS_ROOT');
  });

  it('know how many files they have, and how large these are', async () => {
    const id = await newFolder(alice, 'counted');
    await putInto(alice, id, 'one.jpg', jpeg(1000, 1));
    await putInto(alice, id, 'two.jpg', jpeg(100_000, 2));
    expect(await folder(alice, id)).toMatchObject({ fileCount: 2, bytes: 101_000 });
    expect((await list(alice)).find((each) => each.id === id)).toMatchObject({ fileCount: 2, bytes: 101_000 });
  });
});

describe('a folder with files in it', () => {
  it('is not deleted', async () => {
    const id = await newFolder(alice, 'not empty');
    const file = await putInto(alice, id, 'kept.jpg', jpeg(500, 'kept'));
    expect(await outcome(alice.request('DELETE', `/folders/${id}`))).toBe('409 FOLDER.NOT_EMPTY');
    expect((await alice.content(file.id)).bytes.equals(jpeg(500, 'kept'))).toBe(true);
  });

  it('is not deleted at the moment in which its first file arrives, and no file that was answered is lost', async () => {
    for (let round = 0; round < 15; round++) {
      const id = await newFolder(alice, `race ${round}`);
      const [upload, deletion] = await Promise.all([
        alice.put('first.jpg', jpeg(300, round), { query: `?folderId=${id}` }),
        outcome(alice.request('DELETE', `/folders/${id}`)),
      ]);
      if (upload.status === 201) {
        expect(deletion).toBe('409 FOLDER.NOT_EMPTY');
        expect((await alice.content(upload.body.id)).status).toBe(200);
      } else {
        expect([upload.status, deletion]).toEqual([404, '204']);
      }
    }
  });
});

describe('a file', () => {
  it('moves to another folder, with its bytes, its date and its name', async () => {
    const [from, to] = [await newFolder(alice, 'from'), await newFolder(alice, 'to')];
    const bytes = jpeg(70_000, 'moving');
    const query = `?folderId=${from}&takenAt=2026-08-02T17:21:09Z`;
    const { body: file } = await alice.put('sea.jpg', bytes, { query });
    const moved = await move(alice, file.id, { folderId: to });
    expect(moved.status).toBe(200);
    expect(moved.body).toEqual({ ...file, folderId: to, status: undefined });
    expect((await alice.content(file.id)).bytes.equals(bytes)).toBe(true);
    const byName = (folderId: string) => alice.request('GET', `/files/by-name/sea.jpg/content?folderId=${folderId}`);
    expect((await byName(to)).bytes.equals(bytes)).toBe(true);
    expect(await outcome(byName(from))).toBe('404 FILE.NOT_FOUND');
    expect([(await folder(alice, from)).fileCount, (await folder(alice, to)).fileCount]).toEqual([0, 1]);
  });

  it('gets a number where its name is taken, and stays where its bytes are already', async () => {
    const to = await newFolder(alice, 'taken names');
    await putInto(alice, to, 'same.jpg', jpeg(100, 'there'));
    const here = (await alice.put('same.jpg', jpeg(100, 'coming'))).body;
    expect((await move(alice, here.id, { folderId: to })).body).toMatchObject({ name: 'same (1).jpg', folderId: to });
    const twin = (await alice.put('twin.jpg', jpeg(100, 'there'))).body;
    expect(await outcome(move(alice, twin.id, { folderId: to }))).toBe('409 FILE.DUPLICATE');
    expect((await alice.request<FileBody>('GET', `/files/${twin.id}`)).body.folderId).toBe(twin.folderId);
  });

  it('is renamed on its way', async () => {
    const to = await newFolder(alice, 'renamed on the way');
    const file = (await alice.put('before.jpg', jpeg(100, 'on its way'))).body;
    const moved = await move(alice, file.id, { folderId: to, name: 'after.jpg', takenAt: '2020-02-02T00:00:00Z' });
    expect(moved.body).toMatchObject({ name: 'after.jpg', folderId: to, takenAt: '2020-02-02T00:00:00.000Z' });
  });

  it('does not move to a folder of somebody else, nor to none', async () => {
    const bob = await vault.signUp();
    const theirs = await newFolder(bob, 'theirs');
    const file = (await alice.put('mine.jpg', jpeg(100, 'mine'))).body;
    for (const folderId of [theirs, uuidv7(), 'no-id', '']) {
      expect(await outcome(move(alice, file.id, { folderId }))).toBe('404 FOLDER.NOT_FOUND');
    }
    expect(await outcome(move(bob, file.id, { folderId: theirs }))).toBe('404 FILE.NOT_FOUND');
  });

  it('moves once when twenty want to move it to different folders', async () => {
    const folders = await Promise.all(Array.from({ length: 20 }, (_, i) => newFolder(alice, `target ${i}`)));
    const file = (await alice.put('wanted.jpg', jpeg(4000, 'wanted'))).body;
    const outcomes = await Promise.all(folders.map((folderId) => outcome(move(alice, file.id, { folderId }))));
    expect(outcomes.filter((each) => each === '200').length).toBeGreaterThanOrEqual(1);
    expect(outcomes.filter((each) => each !== '200' && each !== '409 FILE.CHANGED_MEANWHILE')).toEqual([]);
    const { folderId } = (await alice.request<FileBody>('GET', `/files/${file.id}`)).body;
    expect(folders).toContain(folderId);
    expect((await alice.content(file.id)).bytes.equals(jpeg(4000, 'wanted'))).toBe(true);
    const counts = await Promise.all(folders.map(async (id) => (await folder(alice, id)).fileCount));
    expect(counts.reduce((sum, n) => sum + n)).toBe(1);
  });
});
