import { v7 as uuidv7 } from 'uuid';
import { RetentionService } from '../../src/platform/jobs/retention.service';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { folder, type FolderBody, lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import { deleteFolder, restore, trash, trashFile } from '../support/trash';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
});
beforeEach(async () => {
  alice = await vault.signUp();
});
afterAll(() => vault.close());

const folderIds = async () =>
  (await alice.request<{ items: FolderBody[] }>('GET', '/folders')).body.items
    .filter(({ isRoot }) => !isRoot)
    .map(({ id }) => id);
const namesIn = async (id: string) => (await alice.list(`?folderId=${id}`)).body.items.map(({ name }) => name).sort();
const stale = () =>
  vault.database.query(`UPDATE sessions SET proved_at = proved_at - interval '1 hour' WHERE user_id = $1`, [
    alice.userId,
  ]);

/** @returns ids of the folder and of its two files */
async function filled(name = uuidv7()): Promise<[string, string, string]> {
  const id = await newFolder(alice, name);
  const one = await putInto(alice, id, 'one.jpg', jpeg(1000, `${id} one`));
  const two = await putInto(alice, id, 'two.jpg', jpeg(1000, `${id} two`));
  return [id, one.id, two.id];
}

describe('a folder in the trash', () => {
  it('is nowhere else, and comes back with what went there with it', async () => {
    const [id, one] = await filled('Summer');
    const before = await putInto(alice, id, 'before.jpg', jpeg(1000, 'before'));
    await trashFile(alice, before.id);
    expect((await deleteFolder(alice, id, 'trash')).status).toBe(204);

    expect(await folderIds()).toEqual([]);
    expect((await alice.list()).body.items).toEqual([]);
    expect(await outcome(alice.request('GET', `/folders/${id}`))).toBe('404 FOLDER.NOT_FOUND');
    expect(await outcome(alice.list(`?folderId=${id}`))).toBe('404 FOLDER.NOT_FOUND');
    expect(await outcome(alice.put('x.jpg', jpeg(500, 'x'), { query: `?folderId=${id}` }))).toBe(
      '404 FOLDER.NOT_FOUND',
    );
    expect(await outcome(alice.request('PATCH', `/folders/${id}`, { json: { name: 'x' } }))).toBe(
      '404 FOLDER.NOT_FOUND',
    );
    expect(await outcome(alice.request('PUT', `/folders/${id}/lock`, { json: { password: PASSWORD } }))).toBe(
      '404 FOLDER.NOT_FOUND',
    );
    expect(await outcome(deleteFolder(alice, id, 'trash'))).toBe('404 FOLDER.NOT_FOUND');
    expect(await outcome(alice.request('GET', `/files/${one}/content`))).toBe('404 FILE.NOT_FOUND');

    const { items, folders } = await trash(alice);
    expect(items).toEqual([]);
    expect(folders).toMatchObject([{ folderId: id, name: 'Summer', count: 3, locked: false }]);
    expect((await trash(alice, `?folderId=${id}`)).items.map(({ name }) => name).sort()).toEqual([
      'before.jpg',
      'one.jpg',
      'two.jpg',
    ]);

    expect(await restore(alice, id)).toEqual([{ id, ok: true }]);
    expect(await namesIn(id)).toEqual(['one.jpg', 'two.jpg']);
    expect((await alice.content(one)).bytes.equals(jpeg(1000, `${id} one`))).toBe(true);
    expect((await trash(alice)).items.map(({ name }) => name)).toEqual(['before.jpg']);
    expect(await restore(alice, id)).toEqual([{ id, ok: false, code: 'TRASH.NOT_FOUND' }]);
  });

  it('gives its name away, and gets a number for it', async () => {
    const [id] = await filled('Summer');
    await deleteFolder(alice, id, 'trash');
    const other = await newFolder(alice, 'Summer');
    await newFolder(alice, 'Summer (1)');
    await restore(alice, id);
    expect((await folder(alice, id)).name).toBe('Summer (2)');
    expect((await folder(alice, other)).name).toBe('Summer');
  });

  it('comes back, without the others, for a file of it', async () => {
    const [id, one, two] = await filled('Summer');
    await deleteFolder(alice, id, 'trash');
    expect(await restore(alice, one)).toEqual([{ id: one, ok: true, name: 'one.jpg', folderId: id }]);
    expect(await namesIn(id)).toEqual(['one.jpg']);
    expect((await trash(alice)).items.map((file) => file.id)).toEqual([two]);
  });

  it('is not what somebody else can see or touch', async () => {
    const [id] = await filled();
    const bob = await vault.signUp();
    expect(await outcome(deleteFolder(bob, id, 'trash'))).toBe('404 FOLDER.NOT_FOUND');
    expect(await outcome(deleteFolder(bob, id, 'purge'))).toBe('404 FOLDER.NOT_FOUND');
    await deleteFolder(alice, id, 'trash');
    expect(await restore(bob, id)).toEqual([{ id, ok: false, code: 'TRASH.NOT_FOUND' }]);
    expect(await outcome(bob.request('DELETE', `/trash/${id}`))).toBe('404 TRASH.NOT_FOUND');
    expect(await outcome(bob.request('GET', `/trash?folderId=${id}`))).toBe('404 FOLDER.NOT_FOUND');
    expect((await trash(alice)).folders).toHaveLength(1);
  });

  it('is also where one without files goes, when some of its files are there', async () => {
    const [id, one, two] = await filled();
    expect(await outcome(alice.request('DELETE', `/folders/${id}`))).toBe('409 FOLDER.NOT_EMPTY');
    await alice.request('POST', '/files/batch', { json: { action: 'trash', ids: [one, two] } });
    expect(await outcome(alice.request('DELETE', `/folders/${id}`))).toBe('204');
    expect((await trash(alice)).folders).toMatchObject([{ folderId: id, count: 2 }]);
    // Its files were there before: they are asked for one by one.
    await restore(alice, id, one);
    expect(await namesIn(id)).toEqual(['one.jpg']);
  });

  it('never was, for an upload that is on its way', async () => {
    for (let round = 0; round < 15; round++) {
      const [id] = await filled(`race ${round}`);
      const [upload] = await Promise.all([
        alice.put('late.jpg', jpeg(60_000, round), { query: `?folderId=${id}` }),
        deleteFolder(alice, id, 'trash'),
      ]);
      await deleteFolder(alice, id, 'trash');
      const inTrash = (await trash(alice, `?folderId=${id}`)).items.map(({ name }) => name);
      expect([upload.status, inTrash.includes('late.jpg')]).toEqual(
        upload.status === 201 ? [201, true] : [expect.any(Number), false],
      );
      expect([201, 404, 423]).toContain(upload.status);
    }
  });

  it('cannot be the root', async () => {
    const root = (await alice.put('a.jpg', jpeg(500, 'a'))).body.folderId;
    for (const contents of ['trash', 'purge'] as const)
      expect(await outcome(deleteFolder(alice, root, contents))).toBe('409 FOLDER.IS_ROOT');
    expect(await outcome(alice.request('DELETE', `/folders/${root}?contents=all`))).toBe('422 REQUEST.INVALID');
  });

  it('is not counted among the thousand, but cannot come back as the one beyond', async () => {
    const [id] = await filled();
    await deleteFolder(alice, id, 'trash');
    await vault.database.query(
      `INSERT INTO folders (id, owner_id, name_bidx, name_sealed, fk_wrapped)
       SELECT gen_random_uuid(), $1, int4send(n), int4send(n), int4send(n) FROM generate_series(1, 1000) AS n`,
      [alice.userId],
    );
    expect(await restore(alice, id)).toEqual([{ id, ok: false, code: 'FOLDER.TOO_MANY' }]);
  });
});

describe('folders in the trash', () => {
  it('are at most a thousand: they are listed at once', async () => {
    const [id] = await filled();
    await vault.database.query(
      `INSERT INTO folders (id, owner_id, name_bidx, name_sealed, fk_wrapped, trashed_at)
       SELECT gen_random_uuid(), $1, int4send(n), int4send(n), int4send(n), now() FROM generate_series(1, 1000) AS n`,
      [alice.userId],
    );
    expect(await outcome(deleteFolder(alice, id, 'trash'))).toBe('409 FOLDER.TOO_MANY');
    expect(await namesIn(id)).toEqual(['one.jpg', 'two.jpg']);
    await vault.database.query(
      `DELETE FROM folders WHERE ctid = (SELECT ctid FROM folders WHERE owner_id = $1 AND trashed_at IS NOT NULL LIMIT 1)`,
      [alice.userId],
    );
    expect(await outcome(deleteFolder(alice, id, 'trash'))).toBe('204');
  });

  it('can be seen and purged, also beside one whose name is damaged, and so can that', async () => {
    const [[bad], [good], [other]] = [await filled('bad'), await filled('good'), await filled('other')];
    for (const id of [bad, good, other]) await deleteFolder(alice, id, 'trash');
    await vault.database.query(`UPDATE folders SET name_sealed = '\\x00' WHERE id = $1`, [bad]);
    expect((await trash(alice)).folders.map(({ name }) => name)).toEqual(['other', 'good']);
    expect(await outcome(alice.request('DELETE', `/trash/${good}`))).toBe('204');
    expect(await outcome(alice.request('DELETE', `/trash/${bad}`))).toBe('204');
    expect((await alice.request('DELETE', '/trash')).body).toEqual({ files: 2, kept: [] });
    expect(await vault.database.query('SELECT FROM folders WHERE id = ANY($1)', [[bad, good, other]])).toEqual([]);
  });
});

describe('a locked folder', () => {
  it('shows nothing of its trash but a name and a number, and keeps it', async () => {
    const [id, one, two] = await filled('Secrets');
    await lock(alice, id);
    expect(await outcome(trashFile(alice, one))).toBe('423 FOLDER.LOCKED');
    expect((await alice.request('POST', '/files/batch', { json: { action: 'trash', ids: [one] } })).body).toEqual({
      items: [{ id: one, ok: false, code: 'FOLDER.LOCKED' }],
    });
    await unlock(alice, id);
    expect(await outcome(trashFile(alice, one))).toBe('204');
    await alice.request('POST', `/folders/${id}/relock`);

    const shown = await trash(alice);
    expect([shown.items, shown.folders]).toEqual([
      [],
      [
        {
          folderId: id,
          name: 'Secrets',
          count: 1,
          locked: true,
          unlockedUntil: null,
          trashedAt: null,
          purgedAfter: null,
        },
      ],
    ]);
    expect(await outcome(alice.request('GET', `/trash?folderId=${id}`))).toBe('423 FOLDER.LOCKED');
    expect(await restore(alice, one)).toEqual([{ id: one, ok: false, code: 'FOLDER.LOCKED' }]);
    expect(await outcome(alice.request('DELETE', `/trash/${one}`))).toBe('423 FOLDER.LOCKED');
    expect(await outcome(alice.request('DELETE', `/trash/${id}`))).toBe('404 TRASH.NOT_FOUND');
    expect((await alice.request('DELETE', '/trash')).body).toMatchObject({ files: 0, kept: [{ folderId: id }] });
    expect(await outcome(alice.request('DELETE', `/folders/${id}`))).toBe('409 FOLDER.NOT_EMPTY');

    await unlock(alice, id);
    expect((await trash(alice)).items).toEqual([]);
    expect((await trash(alice, `?folderId=${id}`)).items.map(({ name }) => name)).toEqual(['one.jpg']);
    expect(await restore(alice, one)).toMatchObject([{ ok: true, name: 'one.jpg' }]);
    await trashFile(alice, two);
    expect((await alice.request('DELETE', '/trash')).body).toEqual({ files: 1, kept: [] });
  });

  it('is trashed with its keys when it is unlocked, and can be unlocked there', async () => {
    const [id, one] = await filled('Secrets');
    await lock(alice, id);
    expect(await outcome(deleteFolder(alice, id, 'trash'))).toBe('423 FOLDER.LOCKED');
    await unlock(alice, id);
    expect(await outcome(deleteFolder(alice, id, 'trash'))).toBe('204');
    await alice.request('POST', `/folders/${id}/relock`);
    expect((await trash(alice)).folders).toMatchObject([{ folderId: id, name: 'Secrets', count: 2, locked: true }]);
    expect(await restore(alice, id, one)).toMatchObject([{ code: 'FOLDER.LOCKED' }, { code: 'FOLDER.LOCKED' }]);
    expect(await outcome(unlock(alice, id, 'the wrong one'))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect((await unlock(alice, id)).status).toBe(200);
    expect((await trash(alice, `?folderId=${id}`)).items).toHaveLength(2);
    expect(await restore(alice, id)).toEqual([{ id, ok: true }]);
    expect((await alice.content(one)).bytes.equals(jpeg(1000, `${id} one`))).toBe(true);
    await alice.request('POST', `/folders/${id}/relock`);
    expect(await outcome(alice.content(one))).toBe('423 FOLDER.LOCKED');
  });

  it('whose password is forgotten can be purged with a fresh PIN, from its place or from the trash', async () => {
    const [here] = await filled('here');
    const [there] = await filled('there');
    for (const id of [here, there]) await lock(alice, id);
    await unlock(alice, there);
    await deleteFolder(alice, there, 'trash');
    await alice.request('POST', `/folders/${there}/relock`);
    await stale();
    expect(await outcome(deleteFolder(alice, here, 'purge'))).toBe('403 AUTH.FRESH_PIN_REQUIRED');
    expect(await outcome(alice.request('DELETE', `/trash/${there}`))).toBe('403 AUTH.FRESH_PIN_REQUIRED');
    await alice.signIn(alice.email ?? '', 'test-device', (email) => vault.logs.pinFor(email));
    expect(await outcome(deleteFolder(alice, here, 'purge'))).toBe('204');
    expect(await outcome(alice.request('DELETE', `/trash/${there}`))).toBe('204');
    const events = () =>
      vault.database.query(`SELECT FROM security_events WHERE user_id = $1 AND kind = 'folder.purged'`, [alice.userId]);
    await eventually('both are in the security log', async () => (await events()).length === 2);
    expect(await trash(alice)).toEqual({ items: [], folders: [], nextCursor: null });
    expect(await folderIds()).toEqual([]);
    await vault.app.get(BlobSweeper, { strict: false }).sweep();
    await expectStored(vault, alice.userId, 0);
    const [slots] = await vault.database.query(
      'SELECT count(*)::int AS n FROM folder_slots WHERE folder_id = ANY($1)',
      [[here, there]],
    );
    expect(slots).toEqual({ n: 0 });
  });
});

describe('a purged folder', () => {
  it('is gone with all its files, and with those of an upload on its way', async () => {
    const [id] = await filled();
    const upload = alice.put('late.jpg', jpeg(200_000, 'late'), { query: `?folderId=${id}` });
    expect(await outcome(deleteFolder(alice, id, 'purge'))).toBe('204');
    await upload;
    expect(await trash(alice)).toEqual({ items: [], folders: [], nextCursor: null });
    expect(await outcome(unlock(alice, id))).toBe('404 FOLDER.NOT_FOUND');
    await vault.app.get(BlobSweeper, { strict: false }).sweep();
    await expectStored(vault, alice.userId, 0);
  });

  it('whose purge was cut off is seen by nobody, and goes with the next sweep', async () => {
    const [id, one] = await filled();
    await vault.database.query('UPDATE files SET trashed_at = clock_timestamp() WHERE folder_id = $1', [id]);
    await vault.database.query(
      'UPDATE folders SET trashed_at = clock_timestamp(), purged_at = clock_timestamp(), epoch = epoch + 1 WHERE id = $1',
      [id],
    );
    expect(await trash(alice)).toEqual({ items: [], folders: [], nextCursor: null });
    expect(await restore(alice, id, one)).toMatchObject([{ code: 'TRASH.NOT_FOUND' }, { code: 'TRASH.NOT_FOUND' }]);
    expect(await outcome(alice.request('GET', `/trash?folderId=${id}`))).toBe('404 FOLDER.NOT_FOUND');
    await vault.app.get(RetentionService, { strict: false }).sweep();
    await vault.app.get(BlobSweeper, { strict: false }).sweep();
    expect(await vault.database.query('SELECT FROM folders WHERE id = $1', [id])).toEqual([]);
    await expectStored(vault, alice.userId, 0);
  });
});

describe('after 30 days', () => {
  it('what is in the trash is purged, also behind a lock, and nothing else', async () => {
    const [open, ...inOpen] = await filled('open');
    const [locked, ...inLocked] = await filled('locked');
    const kept = await filled('kept');
    const single = await putInto(alice, kept[0], 'single.jpg', jpeg(1000, 'single'));
    await deleteFolder(alice, open, 'trash');
    await lock(alice, locked);
    await unlock(alice, locked);
    await deleteFolder(alice, locked, 'trash');
    await trashFile(alice, single.id);
    const sweep = () => vault.app.get(RetentionService, { strict: false }).sweep();
    const age = async (days: number) => {
      for (const table of ['files', 'folders'])
        await vault.database.query(
          `UPDATE ${table} SET trashed_at = trashed_at - make_interval(days => $1) WHERE trashed_at IS NOT NULL AND owner_id = $2`,
          [days, alice.userId],
        );
    };
    await age(29);
    await sweep();
    expect((await trash(alice)).folders).toHaveLength(2);
    await age(1);
    await sweep();
    expect(await trash(alice)).toEqual({ items: [], folders: [], nextCursor: null });
    const gone = [...inOpen, ...inLocked, single.id];
    expect(await vault.database.query('SELECT FROM files WHERE id = ANY($1)', [gone])).toEqual([]);
    expect(await vault.database.query('SELECT FROM folders WHERE id = ANY($1)', [[open, locked]])).toEqual([]);
    expect(await namesIn(kept[0])).toEqual(['one.jpg', 'two.jpg']);
  });
});
