import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/data-source';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { describeSchema, namedParts } from '../support/schema';

/** PostgreSQL's extensions, and the table in which TypeORM keeps what has been run, with its capital `PK_`. */
const NOT_OURS = /^extension|\bmigrations|^index PK_/;

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase('empty');
  dataSource = await createDataSource(database.url).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

describe('the migrations', () => {
  it('lead up, down to nothing but their own table, and up to the same schema again', async () => {
    const empty = await describeSchema(dataSource);
    expect(empty.filter((line) => !NOT_OURS.test(line))).toEqual([]);

    await dataSource.runMigrations();
    const up = await describeSchema(dataSource);
    expect(up).toContain('table files');
    expect(up).toContain('column files.created_at timestamp(3) with time zone NOT NULL DEFAULT now()');
    expect(up).toContain(
      'constraint fk_files_owner_id_folder_id on files: FOREIGN KEY (owner_id, folder_id) REFERENCES folders(owner_id, id)',
    );

    for (let undone = 0; undone < dataSource.migrations.length; undone++) await dataSource.undoLastMigration();
    const down = await describeSchema(dataSource);
    expect(down.filter((line) => !NOT_OURS.test(line))).toEqual([]);
    expect(await dataSource.query('SELECT * FROM migrations')).toEqual([]);

    await dataSource.runMigrations();
    expect(await describeSchema(dataSource)).toEqual(up);
  });

  it('make exactly what the entities describe', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('are all listed in the data source, in the order of their timestamps', () => {
    const files = readdirSync(resolve(__dirname, '../../migrations')).sort();
    expect(files.filter((file) => !/^\d{13}-[a-z]+(-[a-z]+)+\.ts$/.test(file))).toEqual([]);
    const names = dataSource.migrations.map(({ name }) => name);
    const expected = files.map((file) => {
      const [timestamp = '', ...words] = file.replace('.ts', '').split('-');
      return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('') + timestamp;
    });
    expect(names).toEqual(expected);
  });
});

describe('constraints and indexes', () => {
  it('are named pk_, fk_, uq_, ix_ or ck_ by what they are, then by their table', async () => {
    const parts = await namedParts(dataSource);
    expect(parts.length).toBeGreaterThan(15);
    const odd = parts.filter(
      ({ table, name, prefix }) => !new RegExp(`^${prefix}_${table}${prefix === 'pk' ? '' : '_[a-z_]+'}$`).test(name),
    );
    expect(odd).toEqual([]);
  });

  it('are named after the columns of a foreign key', async () => {
    const keys = await dataSource.query<{ name: string; columns: string }[]>(`
      SELECT conname AS name, string_agg(attname, '_' ORDER BY position) AS columns
        FROM pg_constraint, unnest(conkey) WITH ORDINALITY AS key (attnum, position)
             JOIN pg_attribute USING (attnum)
       WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND attrelid = conrelid
       GROUP BY conname`);
    expect(keys.length).toBeGreaterThan(4);
    expect(keys.filter(({ name, columns }) => !name.endsWith(`_${columns}`))).toEqual([]);
  });
});
