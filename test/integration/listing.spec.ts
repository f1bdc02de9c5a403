import { getRepositoryToken } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { DataSource } from 'typeorm';
import { DIRECTIONS, type Direction, type FilePage, type Order, ORDERS } from '../../src/files/file-page';
import { FileEntity } from '../../src/files/file.entity';
import { FilesRepository } from '../../src/files/files.repository';
import type { OpenFolder } from '../../src/folders/access/open-folder';
import { withClient } from '../../src/platform/database/open-database';
import { type PreparedStatement, PreparedStatements } from '../../src/platform/database/prepared-statements';
import { decodeCursor, encodeCursor } from '../../src/platform/http/cursor';
import { newRoot } from '../support/rows';
import { startTestApp, type TestApp } from '../support/test-app';

const MANY = 20_000;

/** Remembers what was asked last, so that PostgreSQL can be asked how it finds that. */
class RecordingStatements extends PreparedStatements {
  last?: { statement: PreparedStatement; values: readonly unknown[] };

  override async run<Row extends object>(statement: PreparedStatement, values: readonly unknown[]): Promise<Row[]> {
    this.last = { statement, values };
    return super.run(statement, values);
  }
}

let vault: TestApp;
let statements: RecordingStatements;
let files: FilesRepository;

beforeAll(async () => {
  vault = await startTestApp();
  statements = new RecordingStatements(vault.app.get(DataSource));
  const rows = vault.app.get<Repository<FileEntity>>(getRepositoryToken(FileEntity), { strict: false });
  files = new FilesRepository(rows, statements);
});
afterAll(() => vault.close());

/**
 * Files of one owner, a few to each millisecond, many without a date, in an order that has nothing to do with that of their ids.
 * @param count how many
 */
async function insertFiles({ ownerId, id: folderId }: OpenFolder, count: number): Promise<void> {
  await vault.database.query(
    `WITH numbered AS (SELECT gen_random_uuid() AS id, gen_random_uuid() AS blob, n FROM generate_series(1, $3::int) AS n),
          stored AS (
            INSERT INTO blobs (id, owner_id, file_id, kind, state, ct_bytes, ct_crc32, header)
            SELECT blob, $1, id, 0, 'ready', 1072, 0, decode(repeat('00', 56), 'hex') FROM numbered)
     INSERT INTO files (id, owner_id, folder_id, blob_id, fk_version, dek_wrapped, meta_sealed, name_bidx, content_bidx, taken_at, created_at)
     SELECT id, $1, $2, blob, 1, decode(repeat('00', 105), 'hex'), decode(repeat('00', 200), 'hex'), sha256(id::text::bytea),
            sha256(blob::text::bytea),
            CASE WHEN n % 3 > 0 THEN timestamptz '2020-01-01' + (n % 97) * interval '1 day' END,
            timestamptz '2026-01-01' + (n % (1 + $3::int / 7)) * interval '1 millisecond'
       FROM numbered`,
    [ownerId, folderId, count],
  );
}

/** Ids as PostgreSQL sorts them all at once. */
async function sorted(ownerId: string, order: Order, direction: Direction): Promise<string[]> {
  const key = order === 'created' ? 'created_at' : 'COALESCE(taken_at, created_at)';
  const rows = await vault.database.query<{ id: string }>(
    `SELECT id FROM files WHERE owner_id = $1 AND trashed_at IS NULL ORDER BY ${key} ${direction}, id ${direction}`,
    [ownerId],
  );
  return rows.map(({ id }) => id);
}

/** Ids as a client gets them that walks from page to page, by the cursors that it is given. */
async function walk(ownerId: string, page: Omit<FilePage, 'after'>): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await files.findPage(ownerId, { ...page, after: after ?? undefined });
    ids.push(...rows.map(({ id }) => id));
    const last = rows.length === page.limit ? rows.at(-1) : undefined;
    cursor = last && encodeCursor({ at: positionOf(last, page.order), id: last.id });
  } while (cursor !== undefined);
  return ids;
}

function positionOf(row: { takenAt: Date | null; createdAt: Date }, order: Order): Date {
  return order === 'taken' ? (row.takenAt ?? row.createdAt) : row.createdAt;
}

const EVERY_WAY = ORDERS.flatMap((order) => DIRECTIONS.map((direction) => [order, direction] as const));

describe('a walk from page to page', () => {
  let folder: OpenFolder;
  beforeAll(async () => {
    folder = await newRoot(vault);
    await insertFiles(folder, 300);
    await insertFiles(await newRoot(vault), 50);
  });

  it.each(EVERY_WAY)(
    'by %s, %s, meets every file once and in order, however many share a moment',
    async (order, direction) => {
      const expected = await sorted(folder.ownerId, order, direction);
      expect(expected).toHaveLength(300);
      for (const limit of [1, 7, 100, 300, 1000]) {
        for (const folderId of [undefined, folder.id]) {
          expect(await walk(folder.ownerId, { order, direction, limit, folderId })).toEqual(expected);
        }
      }
    },
  );

  it.each(EVERY_WAY)(
    'by %s, %s, misses none that was there before, while others come and go',
    async (order, direction) => {
      const owner = await newRoot(vault);
      await insertFiles(owner, 100);
      const before = await sorted(owner.ownerId, order, direction);
      const gone = new Set(before.filter((_, i) => i % 10 === 5));
      const met: string[] = [];
      let after: FilePage['after'];
      for (let round = 0; ; round++) {
        const rows = await files.findPage(owner.ownerId, { order, direction, limit: 9, after });
        met.push(...rows.map(({ id }) => id));
        const last = rows.at(-1);
        if (!last || rows.length < 9) break;
        after = { at: positionOf(last, order), id: last.id };
        await insertFiles(owner, 3);
        // Also the very file that the cursor names.
        if (round === 2) gone.add(last.id);
        await vault.database.query('UPDATE files SET trashed_at = now() WHERE id = ANY($1)', [[...gone]]);
      }
      expect(new Set(met).size).toBe(met.length);
      const met1 = new Set(met);
      expect(before.filter((id) => !met1.has(id) && !gone.has(id))).toEqual([]);
    },
  );

  it('sees no locked folder by the way, and nothing of a stranger', async () => {
    const owner = await newRoot(vault);
    await insertFiles(owner, 20);
    const [locked] = await vault.database.query<{ id: string }>(
      'INSERT INTO folders (id, owner_id, name_bidx, name_sealed) VALUES (gen_random_uuid(), $1, $2, $2) RETURNING id',
      [owner.ownerId, Buffer.from('name')],
    );
    await vault.database.query(
      'UPDATE files SET folder_id = $2 WHERE id IN (SELECT id FROM files WHERE owner_id = $1 LIMIT 5)',
      [owner.ownerId, locked?.id],
    );
    const page = { order: 'taken', direction: 'asc', limit: 6 } as const;
    expect(await walk(owner.ownerId, page)).toHaveLength(15);
    // Who may ask for it by name is not the repository's to say: `FolderAccess` does, before.
    expect(await walk(owner.ownerId, { ...page, folderId: locked?.id })).toHaveLength(5);
    const { ownerId: stranger } = await newRoot(vault);
    expect(await walk(stranger, { ...page, folderId: owner.id })).toEqual([]);
  });
});

describe('one file among many, before PostgreSQL has any statistics', () => {
  it.each<[by: string, find: (row: FileEntity) => Promise<unknown>]>([
    ['id', (row) => files.findOwned(row.ownerId, row.id)],
    ['name', (row) => files.findOwnedByName(row.ownerId, row.folderId, row.nameBidx)],
    ['content', (row) => files.findOwnedByContent(row.ownerId, row.folderId, row.contentBidx)],
  ])('is found by its %s without a walk through all that the owner has', async (_by, find) => {
    const folder = await newRoot(vault);
    await insertFiles(folder, 2000);
    const [row] = await vault.app
      .get<Repository<FileEntity>>(getRepositoryToken(FileEntity), { strict: false })
      .find({ where: { ownerId: folder.ownerId }, take: 1 });
    if (!row) throw new Error('no file was inserted');
    expect(await find(row)).toMatchObject({ id: row.id });
    const { statement, values } = statements.last ?? { statement: { text: '' }, values: [] };
    const literal = (value: unknown) =>
      Buffer.isBuffer(value) ? `'\\x${value.toString('hex')}'` : `'${String(value)}'`;
    await withClient(vault.database.url, async (client) => {
      await client.query('SET plan_cache_mode = force_generic_plan');
      await client.query(`PREPARE one AS ${statement.text}`);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number } }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE one(${values.map(literal).join(', ')})`,
      );
      expect(rows[0]?.['QUERY PLAN'][0].Plan['Shared Hit Blocks']).toBeLessThan(50);
    });
  });
});

describe(`a page of ${MANY} files`, () => {
  let folder: OpenFolder;
  beforeAll(async () => {
    folder = await newRoot(vault);
    await insertFiles(folder, MANY);
    for (let i = 0; i < 5; i++) await insertFiles(await newRoot(vault), 2000);
    await vault.database.query('VACUUM ANALYZE files');
    await vault.database.query('VACUUM ANALYZE blobs');
  });

  /** The page that begins so many files from the start. */
  async function pageAt(depth: number, order: Order, direction: Direction): Promise<FilePage> {
    const [id] = (await sorted(folder.ownerId, order, direction)).slice(depth);
    const [row] = await vault.database.query<{ takenAt: Date | null; createdAt: Date }>(
      'SELECT taken_at AS "takenAt", created_at AS "createdAt" FROM files WHERE id = $1',
      [id],
    );
    const after = depth === 0 || !row ? undefined : { at: positionOf(row, order), id: id ?? '' };
    return { order, direction, limit: 100, after };
  }

  interface Plan {
    'Node Type': string;
    'Index Name'?: string;
    'Actual Rows': number;
    'Actual Loops': number;
    'Rows Removed by Filter'?: number;
    'Shared Hit Blocks': number;
    'Shared Read Blocks': number;
    Plans?: Plan[];
  }

  /** How PostgreSQL finds a page after it has planned the statement often enough to keep a plan for all values. */
  async function explain(page: FilePage): Promise<Plan[]> {
    await files.findPage(folder.ownerId, page);
    const { statement, values } = statements.last ?? { statement: { text: '' }, values: [] };
    const literals = values.map((value) => (value === null ? 'NULL' : `'${textOf(value)}'`));
    const execute = `EXECUTE page(${literals.join(', ')})`;
    return withClient(vault.database.url, async (client) => {
      await client.query(`PREPARE page AS ${statement.text}`);
      for (let i = 0; i < 10; i++) await client.query(execute);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${execute}`,
      );
      return rows.flatMap((row) => flatten(row['QUERY PLAN'][0].Plan));
    });
  }

  function textOf(value: unknown): string {
    return value instanceof Date ? value.toISOString() : String(value);
  }

  function flatten(plan: Plan): Plan[] {
    return [plan, ...(plan.Plans ?? []).flatMap(flatten)];
  }

  const blocks = (nodes: Plan[]) => (nodes[0]?.['Shared Hit Blocks'] ?? 0) + (nodes[0]?.['Shared Read Blocks'] ?? 0);

  it.each(EVERY_WAY)(
    'by %s, %s, is read from its index without sorting, at any depth at the same cost',
    async (order, direction) => {
      const [first, deep] = [await pageAt(0, order, direction), await pageAt(MANY - 500, order, direction)];
      const costs: number[] = [];
      const pages: FilePage[] = [first, deep, { ...first, folderId: folder.id }, { ...deep, folderId: folder.id }];
      for (const page of pages) {
        const nodes = await explain(page);
        const kinds = nodes.map((node) => node['Node Type']);
        expect(kinds.filter((kind) => /Sort|Seq Scan|Hash|Bitmap/.test(kind))).toEqual([]);
        expect(nodes.flatMap((node) => node['Index Name'] ?? [])).toContain(
          `ix_files_owner_id_${page.folderId ? 'folder_id_' : ''}${order}_at`,
        );
        expect(nodes.every((node) => node['Actual Rows'] * node['Actual Loops'] <= 101)).toBe(true);
        costs.push(blocks(nodes));
      }
      expect(Math.max(...costs)).toBeLessThan(1.2 * Math.min(...costs));
    },
  );
});
