import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { lock, newFolder, outcome, putInto, unlock } from '../support/folders';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { deleteFolder, trashFile } from '../support/trash';
import type { VaultClient } from '../support/vault-client';

interface Checked {
  clientId: string;
  action?: string;
  fileId?: string;
  code?: string;
}

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
});
beforeEach(async () => {
  alice = await vault.signUp();
});
afterAll(() => vault.close());

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const ask = async (client: VaultClient, json: unknown) =>
  client.request<{ items: Checked[]; errors?: { path: string }[] }>('POST', '/files/check', { json: json as object });
const check = async (...items: object[]) => (await ask(alice, { items })).body.items;

describe('a question about files', () => {
  it('needs a session', async () => {
    const items = [{ clientId: 'a', sha256: sha256('a') }];
    expect(await outcome(ask(vault.stranger(), { items }))).toBe('401 AUTH.SESSION_REQUIRED');
  });

  it('says what an upload of each would come to, in the order of the question', async () => {
    const [there, trashed, both] = ['there', 'trashed', 'both'].map((seed) => jpeg(2000, seed));
    const folderId = await newFolder(alice);
    const ofRoot = (await alice.put('there.jpg', there)).body.id;
    const inTrash = await putInto(alice, folderId, 'trashed.jpg', trashed);
    await trashFile(alice, inTrash.id);
    const before = await putInto(alice, folderId, 'both.jpg', both);
    await trashFile(alice, before.id);
    // In the trash, and moved in beside it from elsewhere.
    const elsewhere = (await alice.put('both.jpg', both)).body.id;
    await alice.request('PATCH', `/files/${elsewhere}`, { json: { folderId } });

    const question = [
      { clientId: 'x', sha256: sha256('unknown') },
      { clientId: 'in another folder', sha256: sha256(there), folderId },
      { clientId: 'by null', sha256: sha256(there), folderId: null },
      { clientId: 'TRASH', sha256: sha256(trashed).toUpperCase(), folderId },
      { clientId: 'trash of another folder', sha256: sha256(trashed) },
      { clientId: 'both', sha256: sha256(both), folderId },
      { clientId: 'both', sha256: sha256(both), folderId },
      { clientId: '', sha256: sha256(there) },
    ];
    expect(await check(...question)).toEqual([
      { clientId: 'x', action: 'upload' },
      { clientId: 'in another folder', action: 'upload' },
      { clientId: 'by null', action: 'duplicate', fileId: ofRoot },
      { clientId: 'TRASH', action: 'restorable', fileId: inTrash.id },
      { clientId: 'trash of another folder', action: 'upload' },
      { clientId: 'both', action: 'duplicate', fileId: elsewhere },
      { clientId: 'both', action: 'duplicate', fileId: elsewhere },
      { clientId: '', action: 'duplicate', fileId: ofRoot },
    ]);
    // As it was said, so it is.
    const again = await alice.put('again.jpg', trashed, { query: `?folderId=${folderId}` });
    expect([again.status, again.body.status, again.body.id]).toEqual([200, 'restored', inTrash.id]);
  });

  it('is answered for each folder by itself: one that is locked, lost, or somebody else’s keeps nobody from the others', async () => {
    const photo = jpeg(2000, 'shut');
    const [shut, lost, open] = [await newFolder(alice), await newFolder(alice), await newFolder(alice)];
    const inShut = await putInto(alice, shut, 'a.jpg', photo);
    const inOpen = await putInto(alice, open, 'a.jpg', photo);
    await putInto(alice, lost, 'a.jpg', photo);
    await lock(alice, shut);
    await alice.request('POST', `/folders/${shut}/relock`);
    await deleteFolder(alice, lost, 'trash');
    const bob = await vault.signUp();
    const ofBob = await newFolder(bob);
    await putInto(bob, ofBob, 'a.jpg', photo);

    const folders = [shut, lost, ofBob, uuidv7(), 'no id', open];
    const question = folders.map((folderId, n) => ({ clientId: String(n), sha256: sha256(photo), folderId }));
    const answer = [
      { clientId: '0', code: 'FOLDER.LOCKED' },
      ...['1', '2', '3', '4'].map((clientId) => ({ clientId, code: 'FOLDER.NOT_FOUND' })),
      { clientId: '5', action: 'duplicate', fileId: inOpen.id },
    ];
    expect(await check(...question)).toEqual(answer);
    await unlock(alice, shut);
    expect((await check(...question))[0]).toEqual({ clientId: '0', action: 'duplicate', fileId: inShut.id });
    // The root of an account that has nothing yet.
    const carol = await vault.signUp();
    const { body } = await ask(carol, { items: [{ clientId: 'c', sha256: sha256(photo) }] });
    expect(body.items).toEqual([{ clientId: 'c', action: 'upload' }]);
  });

  it('may be about five thousand files, and no more', async () => {
    const photos = Array.from({ length: 5 }, (_, n) => jpeg(1000, `of five ${n}`));
    for (const [n, photo] of photos.entries()) await alice.put(`${n}.jpg`, photo);
    const items = Array.from({ length: 5000 }, (_, n) => ({
      clientId: String(n).padEnd(128, 'x'),
      sha256: sha256(n % 1000 === 0 ? (photos[n / 1000] ?? '') : String(n)),
      folderId: null,
    }));
    const outcomes = await check(...items);
    expect(outcomes.map(({ clientId }) => clientId)).toEqual(items.map(({ clientId }) => clientId));
    const known = outcomes.flatMap(({ action }, n) => (action === 'duplicate' ? [n] : []));
    expect(known).toEqual([0, 1000, 2000, 3000, 4000]);
    const more = [...items, { clientId: 'more', sha256: sha256('more') }];
    expect((await ask(alice, { items: more })).status).toBe(422);
  });

  it('about more than a hundred folders is refused', async () => {
    const items = Array.from({ length: 101 }, (_, n) => ({ clientId: '', sha256: sha256(''), folderId: `${n}` }));
    const { status, body } = await ask(alice, { items });
    expect([status, body.errors?.[0]?.path]).toEqual([422, 'items']);
    expect(await check(...items.slice(1))).toHaveLength(100);
  });

  it.each([
    ['nothing', {}],
    ['an empty list', { items: [] }],
    ['a list of nothing', { items: [null] }],
    ['a list of lists', { items: [[]] }],
    ['an object that looks like a list', { items: { 0: { clientId: 'a', sha256: sha256('a') }, length: 1 } }],
    ['no digest', { items: [{ clientId: 'a' }] }],
    ['a digest of another length', { items: [{ clientId: 'a', sha256: sha256('a').slice(2) }] }],
    ['a digest that is no hexadecimal', { items: [{ clientId: 'a', sha256: sha256('a').replace(/./, 'g') }] }],
    ['a digest with a newline', { items: [{ clientId: 'a', sha256: `${sha256('a')}\n` }] }],
    ['no name of the client’s', { items: [{ sha256: sha256('a') }] }],
    ['a number for a name', { items: [{ clientId: 1, sha256: sha256('a') }] }],
    ['too long a name', { items: [{ clientId: 'a'.repeat(129), sha256: sha256('a') }] }],
    ['a folder that is a number', { items: [{ clientId: 'a', sha256: sha256('a'), folderId: 7 }] }],
    ['a field too many', { items: [{ clientId: 'a', sha256: sha256('a'), ownerId: 'x' }] }],
    ['a field that everything has', { items: [{ clientId: 'a', sha256: sha256('a'), toString: 'x' }] }],
  ])('that is %s is refused', async (_, json) => {
    expect(await outcome(ask(alice, json))).toBe('422 REQUEST.INVALID');
  });

  it('that is larger than any question is refused, and so is a body of that size elsewhere', async () => {
    const large = { items: [{ clientId: 'x'.repeat(3_000_000), sha256: sha256('a') }] };
    expect(await outcome(ask(alice, large))).toBe('413 REQUEST.TOO_LARGE');
    const json = { name: 'x'.repeat(100_000) };
    expect(await outcome(alice.request('POST', '/folders', { json }))).toBe('413 REQUEST.TOO_LARGE');
    expect(await outcome(alice.request('POST', '/folders?/files/check', { json }))).toBe('413 REQUEST.TOO_LARGE');
  });
});
