import { randomBytes } from 'node:crypto';
import { withClient } from '../../src/platform/database/open-database';
import { databaseUrl, TEMPLATE } from './database-url';

export interface TestDatabase {
  readonly url: string;
  /** Rows straight from the database, where they are the proof. */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A database of its own with the current schema; `empty` = without any. */
export async function createTestDatabase(kind: 'migrated' | 'empty' = 'migrated'): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await withClient(databaseUrl('postgres'), async (client) => {
    // Copies of one template wait for each other: PostgreSQL refuses a template that somebody is copying.
    await client.query('SELECT pg_advisory_lock(1)');
    await client.query(`CREATE DATABASE ${name} ${kind === 'migrated' ? `TEMPLATE ${TEMPLATE}` : ''}`);
  });
  const url = databaseUrl(name);
  return {
    url,
    query: <Row extends object>(sql: string, values: readonly unknown[] = []) =>
      withClient(url, async (client) => (await client.query<Row>(sql, [...values])).rows),
    drop: () =>
      withClient(databaseUrl('postgres'), async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}
