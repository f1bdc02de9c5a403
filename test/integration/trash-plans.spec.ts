import type { Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { FileEntity } from '../../src/files/file.entity';
import { FilesRepository } from '../../src/files/files.repository';
import { TrashedFilesRepository } from '../../src/files/trash/trashed-files.repository';
import { withClient } from '../../src/platform/database/open-database';
import { type PreparedStatement, PreparedStatements } from '../../src/platform/database/prepared-statements';
import { newFolder } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { newFile, newPendingBlob } from '../support/rows';
import { startTestApp, type TestApp } from '../support/test-app';

const MANY = 4000;

let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

interface Plan {
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Actual Rows': number;
  readonly Plans?: readonly Plan[];
}

const touched = (plan: Plan): number =>
  plan['Actual Rows'] +
  (plan['Rows Removed by Filter'] ?? 0) +
  (plan.Plans ?? []).reduce((n, each) => n + touched(each), 0);

/** How many rows PostgreSQL looks at for a statement that it has planned once for all values, as it does for the hot ones. */
async function cost(statement: string, values: readonly unknown[]): Promise<number> {
  return withClient(vault.database.url, async (client) => {
    await client.query('SET plan_cache_mode = force_generic_plan; BEGIN');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${statement}`,
      [...values],
    );
    await client.query('ROLLBACK');
    return touched(rows[0]?.['QUERY PLAN'][0].Plan ?? { 'Actual Rows': Infinity });
  });
}

it('an upload costs the same in a large folder that PostgreSQL does not know of yet', async () => {
  const alice = await vault.signUp();
  const ownerId = alice.userId ?? '';
  await insertManyFiles(vault, alice, await newFolder(alice), 20);
  // Of blobs neither: who knows of the one table and not of the other takes a merge for cheap.
  const without = 'SET (autovacuum_enabled = false)';
  await vault.database.query(`ALTER TABLE files ${without}; ALTER TABLE blobs ${without}; ANALYZE`);
  const folderId = await newFolder(alice);
  await insertManyFiles(vault, alice, folderId, MANY);
  const costs: number[] = [];
  const statements = {
    run: async ({ text }: PreparedStatement, values: readonly unknown[]) => {
      costs.push(await cost(text, values));
      return [];
    },
  } as unknown as PreparedStatements;
  const rows = {
    query: async (text: string, values: readonly unknown[]) => {
      costs.push(await cost(text, values));
      return [];
    },
  } as unknown as Repository<FileEntity>;
  const files = new FilesRepository(rows, statements);
  const folder = {
    id: folderId,
    ownerId,
    isRoot: false,
    keyVersion: 1,
    epoch: 1,
    key: Buffer.alloc(32),
    isLocked: false,
  };
  const [some] = await vault.database.query<{ name: Buffer; content: Buffer }>(
    `SELECT name_bidx AS name, content_bidx AS content FROM files WHERE folder_id = $1 AND trashed_at IS NULL ORDER BY id DESC OFFSET 1000 LIMIT 1`,
    [folderId],
  );
  const file = { ...newFile(folder), id: uuidv7() };
  const blob = await newPendingBlob(vault, file);
  await files.insertWithBlob(file, 1, blob);
  await files.insertWithBlob({ ...file, nameBidx: some.name }, 1, blob, { replace: true });
  await files.findOwnedByName(ownerId, folderId, some.name);
  await files.findOwnedByContent(ownerId, folderId, some.content);
  await new TrashedFilesRepository(rows).findOwnedByContent(ownerId, folderId, some.content);
  // A hundred at once: each costs what one does.
  const contents = Array.from({ length: 100 }, (_, n) => (n === 0 ? some.content : Buffer.alloc(32, n)));
  const asked = costs.length;
  await files.findManyByContent(ownerId, folderId, contents);
  await new TrashedFilesRepository(rows).findManyByContent(ownerId, folderId, contents);
  const ofMany = costs.splice(asked);
  expect(ofMany).toHaveLength(2);
  expect(Math.max(...ofMany)).toBeLessThan(6 * contents.length);
  // Whoever deletes a folder is asked this by the schema.
  const reference = 'SELECT 1 FROM ONLY files x WHERE $1 = owner_id AND $2 = folder_id FOR KEY SHARE OF x';
  costs.push(await cost(reference, [ownerId, uuidv7()]));
  expect(costs).toHaveLength(6);
  expect(Math.max(...costs)).toBeLessThan(60);
});
