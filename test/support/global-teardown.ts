import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OpenedDatabase } from '../../src/platform/database/open-database';

export default async function globalTeardown(): Promise<void> {
  const { database, directory } = (
    globalThis as unknown as { photovaultTest: { database: OpenedDatabase; directory: string } }
  ).photovaultTest;
  await database.close();
  await rm(dirname(directory), { recursive: true, force: true });
}
