import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OpenedDatabase } from '../../src/platform/database/open-database';
import type { S3Server } from './s3-server';

export default async function globalTeardown(): Promise<void> {
  const { database, directory, objectStore } = (
    globalThis as unknown as {
      photovaultTest: { database: OpenedDatabase; directory: string; objectStore?: S3Server };
    }
  ).photovaultTest;
  await objectStore?.remove();
  await database.close();
  await rm(dirname(directory), { recursive: true, force: true });
}
