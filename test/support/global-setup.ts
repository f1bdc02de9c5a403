import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { createDataSource } from '../../src/data-source';
import { migrate } from '../../src/platform/database/migrate';
import { openDatabase, withClient } from '../../src/platform/database/open-database';
import { databaseUrl, TEMPLATE } from './database-url';
import { S3Server } from './s3-server';

/**
 * One real PostgreSQL for the whole run, and one migrated template database that every test file copies.
 * `TEST_DB_URL` names another server instead of the embedded one: that is how CI runs the suites on PostgreSQL 15. With
 * `TEST_BLOB_DRIVER=s3` the applications under test keep their bytes in an object store.
 */
export default async function globalSetup(): Promise<void> {
  const directory = join(await mkdtemp(join(tmpdir(), 'photovault-test-')), 'postgres');
  const database = await openDatabase({ url: process.env.TEST_DB_URL, directory, log: () => undefined });
  process.env.PV_TEST_SERVER = database.url;
  await withClient(database.url, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
  });
  await migrate(createDataSource(databaseUrl(TEMPLATE)), databaseUrl(TEMPLATE));
  const objectStore = process.env.TEST_BLOB_DRIVER === 's3' ? await S3Server.givenOrStart() : undefined;
  if (objectStore) process.env.PV_TEST_S3 = JSON.stringify(objectStore.env);
  (globalThis as { photovaultTest?: unknown }).photovaultTest = { database, directory, objectStore };
}
