import { setTimeout as delay } from 'node:timers/promises';
import { RetentionService } from '../../src/platform/jobs/retention.service';
import { newFolder } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { startTestApp, type TestApp } from '../support/test-app';
import { deleteFolder, restore, trash } from '../support/trash';
import type { VaultClient } from '../support/vault-client';
import { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

jest.setTimeout(180_000);

const FILES = 3000;

describe('a server that is killed', () => {
  let vault: TestApp;
  let alice: VaultClient;

  beforeAll(async () => {
    vault = await startTestApp();
    alice = await vault.signUp('alice@example.com');
  });
  afterAll(() => vault.close());

  /** Kills a server somewhere in what it was asked for. */
  async function killedIn(after: number, request: (doomed: VaultClient) => Promise<unknown>): Promise<void> {
    const server = new VaultProcess({
      cwd: vault.dataDir,
      env: { DATA_DIR: vault.dataDir, DB_URL: vault.database.url, LOG_LEVEL: 'info' },
    });
    const doomed = await server.clientOf(alice);
    const asked = request(doomed).catch(() => undefined);
    await delay(after);
    await server.end('SIGKILL');
    await asked;
    // What it had sent to the database is still carried out there, a COMMIT as well: only then it is known what it has left.
    await eventually('the database has ended what the dead server had begun', async () => {
      const open = await vault.database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
      );
      return open.length === 0;
    });
  }

  async function counts(id: string): Promise<{ live: number; trashed: number }> {
    const [row] = await vault.database.query<{ live: number; trashed: number }>(
      `SELECT count(*) FILTER (WHERE trashed_at IS NULL)::int AS live, count(trashed_at)::int AS trashed
         FROM files WHERE folder_id = $1`,
      [id],
    );
    return row ?? { live: 0, trashed: 0 };
  }

  it('while a folder goes to the trash or comes back leaves it wholly here or wholly there', async () => {
    const id = await newFolder(alice, 'many');
    await insertManyFiles(vault, alice, id, FILES);
    for (const after of [20, 60, 150, 400]) {
      await killedIn(after, (doomed) => deleteFolder(doomed, id, 'trash'));
      const there = (await trash(alice)).folders.length === 1;
      expect(await counts(id)).toEqual(there ? { live: 0, trashed: FILES } : { live: FILES, trashed: 0 });
      if (!there) expect((await deleteFolder(alice, id, 'trash')).status).toBe(204);
      await killedIn(after, (doomed) => restore(doomed, id));
      const back = (await trash(alice)).folders.length === 0;
      expect(await counts(id)).toEqual(back ? { live: FILES, trashed: 0 } : { live: 0, trashed: FILES });
      if (!back) expect(await restore(alice, id)).toEqual([{ id, ok: true }]);
    }
  });

  it('while it purges a folder leaves either all of it, or what nobody sees and the next sweep removes', async () => {
    for (const after of [100, 300, 600]) {
      const id = await newFolder(alice, `purged ${after}`);
      await insertManyFiles(vault, alice, id, FILES);
      await killedIn(after, (doomed) => deleteFolder(doomed, id, 'purge'));
      const { status } = await alice.request('GET', `/folders/${id}`);
      if (status === 200) expect(await counts(id)).toEqual({ live: FILES, trashed: 0 });
      else {
        expect((await trash(alice)).folders).toEqual([]);
        await vault.app.get(RetentionService, { strict: false }).sweep();
        expect(await counts(id)).toEqual({ live: 0, trashed: 0 });
        expect(await vault.database.query('SELECT FROM folders WHERE id = $1', [id])).toEqual([]);
      }
      // No blob is ready that no file needs.
      const orphans = await vault.database.query(
        `SELECT b.id FROM blobs b WHERE b.state = 'ready' AND NOT EXISTS (SELECT FROM files f WHERE f.blob_id = b.id)`,
      );
      expect(orphans).toEqual([]);
    }
  });
});
