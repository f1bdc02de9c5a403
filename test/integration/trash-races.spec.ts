import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { FileTrash } from '../../src/files/trash/file-trash.service';
import { FoldersService } from '../../src/folders/folders.service';
import { withClient } from '../../src/platform/database/open-database';
import { RetentionService } from '../../src/platform/jobs/retention.service';
import { FolderDeletion } from '../../src/trash/folder-deletion.service';
import { lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { deleteFolder, restore, trash, trashFile } from '../support/trash';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

let vault: TestApp;
let alice: VaultClient;
let deletion: FolderDeletion;

beforeAll(async () => {
  vault = await startTestApp();
  deletion = vault.app.get(FolderDeletion, { strict: false });
});
beforeEach(async () => {
  alice = await vault.signUp();
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => vault.close());

/** Runs `work` while another connection holds what `sql` has locked, until `work` calls `release`. */
async function whileLocked<T>(
  sql: string,
  values: unknown[],
  work: (release: () => Promise<unknown>, client: Client) => Promise<T>,
): Promise<T> {
  return withClient(vault.database.url, async (client) => {
    await client.query('BEGIN');
    await client.query(sql, values);
    return work(() => client.query('COMMIT'), client);
  });
}

/** Until so many statements wait for a lock. */
const waiting = (count: number) =>
  eventually(`${count} wait for a lock`, async () => {
    const [{ n }] = await vault.database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return n >= count;
  });

const HOLD_FOLDER = 'SELECT FROM folders WHERE id = $1 FOR UPDATE';
const HOLD_FILE = 'SELECT FROM files WHERE id = $1 FOR UPDATE';
const namesIn = async (id: string) => (await alice.list(`?folderId=${id}`)).body.items.map(({ name }) => name).sort();

async function age(days: number): Promise<void> {
  for (const table of ['files', 'folders'])
    await vault.database.query(
      `UPDATE ${table} SET trashed_at = trashed_at - make_interval(days => $1) WHERE trashed_at IS NOT NULL AND owner_id = $2`,
      [days, alice.userId],
    );
}

describe('a folder that is restored', () => {
  it('while the retention is at others is not purged with them', async () => {
    const [first, second] = [await newFolder(alice, 'first'), await newFolder(alice, 'second')];
    await putInto(alice, second, 'a.jpg', jpeg(1000, 'restored in time'));
    for (const id of [first, second]) await deleteFolder(alice, id, 'trash');
    await age(40);
    await whileLocked(HOLD_FOLDER, [first], async (release) => {
      const sweep = deletion.purgeDue(30);
      await waiting(1);
      expect(await restore(alice, second)).toEqual([{ id: second, ok: true }]);
      await release();
      await sweep;
    });
    expect(await namesIn(second)).toEqual(['a.jpg']);
  });

  it('right before it would be purged stays', async () => {
    const id = await newFolder(alice, 'both');
    await putInto(alice, id, 'a.jpg', jpeg(1000, 'both'));
    await deleteFolder(alice, id, 'trash');
    await whileLocked(HOLD_FOLDER, [id], async (release) => {
      const restored = restore(alice, id);
      await waiting(1);
      const purged = outcome(alice.request('DELETE', `/trash/${id}`));
      await waiting(2);
      await release();
      expect(await restored).toEqual([{ id, ok: true }]);
      expect(await purged).toBe('404 TRASH.NOT_FOUND');
    });
    expect(await namesIn(id)).toEqual(['a.jpg']);
  });

  it('and trashed again while the trash is emptied is not gone before its time', async () => {
    const id = await newFolder(alice, 'emptied');
    await putInto(alice, id, 'a.jpg', jpeg(1000, 'emptied'));
    await deleteFolder(alice, id, 'trash');
    await whileLocked(HOLD_FOLDER, [id], async (release) => {
      const restored = restore(alice, id);
      await waiting(1);
      const emptied = alice.request('DELETE', '/trash');
      await waiting(2);
      await release();
      expect(await restored).toEqual([{ id, ok: true }]);
      expect((await emptied).body).toEqual({ files: 0, kept: [] });
    });
    expect(await namesIn(id)).toEqual(['a.jpg']);
  });

  it('gets back what went with it, and not what was replaced in the same millisecond', async () => {
    const id = await newFolder(alice, 'same moment');
    const old = await putInto(alice, id, 'a.jpg', jpeg(1000, 'old of a moment'));
    const now = await putInto(alice, id, 'a.jpg', jpeg(1000, 'new of a moment'));
    const [{ at }] = await vault.database.query<{ at: Date }>('SELECT trashed_at AS at FROM files WHERE id = $1', [
      old.id,
    ]);
    const files = vault.app.get(FileTrash, { strict: false });
    const ofAlice = { id, ownerId: alice.userId ?? '' };
    await vault.app.get(DataSource).transaction(async (tx) => {
      await files.trashAllIn(tx, ofAlice, at);
      await files.restoreAllIn(tx, ofAlice, at);
    });
    expect((await alice.list(`?folderId=${id}`)).body.items.map((file) => file.id)).toEqual([now.id]);
  });
});

describe('a purge', () => {
  it('of one folder by two at once ends well for both', async () => {
    const id = await newFolder(alice, 'twice');
    await insertManyFiles(vault, alice, id, 1200);
    await vault.database.query('UPDATE files SET trashed_at = clock_timestamp() WHERE folder_id = $1', [id]);
    await vault.database.query(
      'UPDATE folders SET trashed_at = clock_timestamp(), purged_at = clock_timestamp() WHERE id = $1',
      [id],
    );
    const [{ held }] = await vault.database.query<{ held: string }>(
      'SELECT min(id::text) AS held FROM files WHERE folder_id = $1',
      [id],
    );
    await whileLocked(HOLD_FILE, [held], async (release) => {
      const both = [deletion.purgeDue(30), deletion.purgeDue(30)];
      await waiting(2);
      await release();
      await Promise.all(both);
      expect(vault.logs.text).not.toContain('a folder could not be purged');
    });
    expect(await vault.database.query('SELECT FROM folders WHERE id = ANY($1)', [[id]])).toEqual([]);
  });

  it('that fails for one file is done for all others, of its owner and of everybody else', async () => {
    const bob = await vault.signUp();
    const bad = (await alice.put('bad.jpg', jpeg(1000, 'bad'))).body;
    const good = (await alice.put('good.jpg', jpeg(1000, 'good'))).body;
    const his = (await bob.put('his.jpg', jpeg(1000, 'his'))).body;
    await trashFile(alice, bad.id);
    await trashFile(alice, good.id);
    await trashFile(bob, his.id);
    await vault.database.query(
      `UPDATE files SET trashed_at = trashed_at - interval '40 days' WHERE trashed_at IS NOT NULL`,
    );
    await withRefusal('files', bad.id, async () => {
      await vault.app.get(RetentionService, { strict: false }).sweep();
      const left = await vault.database.query('SELECT id FROM files WHERE id = ANY($1)', [[bad.id, good.id, his.id]]);
      expect(left).toEqual([{ id: bad.id }]);
      expect(vault.logs.text).toContain(`"fileId":"${bad.id}"`);
    });
    await vault.app.get(RetentionService, { strict: false }).sweep();
    expect(await vault.database.query('SELECT FROM files WHERE id = $1', [bad.id])).toEqual([]);
  });

  it('that fails for one folder is done for all others', async () => {
    const [bad, good] = [await newFolder(alice, 'bad'), await newFolder(alice, 'good')];
    for (const id of [bad, good]) await deleteFolder(alice, id, 'trash');
    await age(40);
    await withRefusal('folders', bad, async () => {
      await vault.app.get(RetentionService, { strict: false }).sweep();
      const left = await vault.database.query('SELECT id FROM folders WHERE id = ANY($1)', [[bad, good]]);
      expect(left).toEqual([{ id: bad }]);
    });
  });

  /** A row that cannot be deleted, whatever the reason. */
  async function withRefusal(table: 'files' | 'folders', id: string, work: () => Promise<void>): Promise<void> {
    const name = `refuse_${randomUUID().replaceAll('-', '')}`;
    await vault.database.query(
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
       CREATE TRIGGER ${name} BEFORE DELETE ON ${table} FOR EACH ROW WHEN (OLD.id = '${id}') EXECUTE FUNCTION ${name}()`,
    );
    try {
      await work();
    } finally {
      await vault.database.query(`DROP TRIGGER ${name} ON ${table}; DROP FUNCTION ${name}`);
    }
  }

  it('and a lock of the same folder wait for each other in one order', async () => {
    const id = await newFolder(alice, 'deadlock');
    const one = await putInto(alice, id, 'one.jpg', jpeg(1000, 'deadlock one'));
    const two = await putInto(alice, id, 'two.jpg', jpeg(1000, 'deadlock two'));
    await alice.request('POST', '/files/batch', { json: { action: 'trash', ids: [one.id, two.id] } });
    await age(40);
    // A lock goes by when they were made, a purge by their ids: uploads side by side differ in that.
    await vault.database.query(`UPDATE files SET created_at = created_at + interval '1 minute' WHERE id = $1`, [
      one.id,
    ]);
    await whileLocked(HOLD_FILE, [one.id], async (release) => {
      const sweep = vault.app.get(RetentionService, { strict: false }).sweep();
      await waiting(1);
      const locked = outcome(alice.request('PUT', `/folders/${id}/lock`, { json: { password: PASSWORD } }));
      await waiting(2);
      await release();
      expect(await locked).toBe('200');
      await sweep;
    });
    expect(await vault.database.query('SELECT FROM files WHERE id = ANY($1)', [[one.id, two.id]])).toEqual([]);
    expect(vault.logs.text).not.toContain('deadlock detected');
  });

  it('takes no file that was restored and trashed again a moment ago', async () => {
    const { id } = (await alice.put('again.jpg', jpeg(1000, 'again'))).body;
    const other = (await alice.put('other.jpg', jpeg(1000, 'other'))).body;
    await trashFile(alice, id);
    await trashFile(alice, other.id);
    await age(40);
    await whileLocked(HOLD_FILE, [id], async (release, client) => {
      const sweep = vault.app.get(RetentionService, { strict: false }).sweep();
      await waiting(1);
      // Restored and trashed by another process, in the meantime.
      await client.query('UPDATE files SET trashed_at = clock_timestamp() WHERE id = $1', [id]);
      await release();
      await sweep;
    });
    expect((await trash(alice)).items.map((file) => file.id)).toEqual([id]);
  });
});

describe('conflict=replace', () => {
  it('of a folder that is locked again at that moment is refused, and does not go round for ever', async () => {
    const id = await newFolder(alice, 'relocked');
    const old = await putInto(alice, id, 'a.jpg', jpeg(1000, 'relocked old'));
    await lock(alice, id);
    await unlock(alice, id);
    await trashFile(alice, old.id);
    await putInto(alice, id, 'a.jpg', jpeg(1000, 'relocked new'));
    await whileLocked(HOLD_FOLDER, [id], async (release) => {
      // The insert waits first; it finds its bytes in the trash, and the restoration waits again.
      const upload = outcome(
        alice.put('a.jpg', jpeg(1000, 'relocked old'), { query: `?folderId=${id}&conflict=replace` }),
      );
      await waiting(1);
      await alice.request('POST', `/folders/${id}/relock`);
      await release();
      expect(await upload).toBe('423 FOLDER.LOCKED');
    });
  });

  it('of a restoration is refused when the folder is locked right before the old file goes', async () => {
    const id = await newFolder(alice, 'relocked late');
    const old = await putInto(alice, id, 'a.jpg', jpeg(1000, 'late old'));
    await lock(alice, id);
    await unlock(alice, id);
    await trashFile(alice, old.id);
    await putInto(alice, id, 'a.jpg', jpeg(1000, 'late new'));
    const files = vault.app.get(FileTrash, { strict: false });
    const take = files.trash.bind(files);
    const calls = jest.spyOn(files, 'trash').mockImplementation(async (...args) => {
      if (calls.mock.calls.length === 1) await alice.request('POST', `/folders/${id}/relock`);
      if (calls.mock.calls.length > 20) throw new Error('goes round for ever');
      return take(...args);
    });
    const query = `?folderId=${id}&conflict=replace`;
    expect(await outcome(alice.put('a.jpg', jpeg(1000, 'late old'), { query }))).toBe('423 FOLDER.LOCKED');
  });
});

it('a folder that gets a file while it is deleted as an empty one stays', async () => {
  const id = await newFolder(alice, 'not empty any more');
  const { id: trashed } = await putInto(alice, id, 'trashed.jpg', jpeg(1000, 'trashed before'));
  await trashFile(alice, trashed);
  const folders = vault.app.get(FoldersService, { strict: false });
  const get = folders.get.bind(folders);
  jest.spyOn(folders, 'get').mockImplementation(async (...args) => {
    const shown = await get(...args);
    await putInto(alice, id, `${randomUUID()}.jpg`, jpeg(1000, randomUUID()));
    return shown;
  });
  expect(await outcome(alice.request('DELETE', `/folders/${id}`))).toBe('409 FOLDER.NOT_EMPTY');
  jest.restoreAllMocks();
  expect((await namesIn(id)).length).toBeGreaterThan(0);
});
