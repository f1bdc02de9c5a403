import type { DataSource } from 'typeorm';
import { withClient } from './open-database';

/** Any number will do, as long as every process uses the same. */
const MIGRATION_LOCK = 7_042_001;

/** Runs what is pending, one process at a time: others that start meanwhile wait and then find nothing to do. */
export async function migrate(dataSource: DataSource, url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.initialize();
    try {
      await dataSource.runMigrations();
    } finally {
      await dataSource.destroy();
    }
  });
}
