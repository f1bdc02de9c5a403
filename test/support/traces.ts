import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobKey } from '../../src/platform/blobs/blob-key';
import type { TestApp } from './test-app';

/** What a vault holds of a person, seen from below: rows and files instead of routes. */
export interface Traces {
  readonly files: number;
  readonly blobs: number;
  /** Objects on disk, by their paths below the person's own directory. */
  readonly objects: string[];
  /** Unfinished writes, of anybody. */
  readonly temporary: string[];
}

export async function tracesOf(vault: TestApp, userId: string | undefined): Promise<Traces> {
  const [rows] = await vault.database.query<{ files: number; blobs: number }>(
    `SELECT (SELECT count(*)::int FROM files WHERE owner_id = $1) AS files,
            (SELECT count(*)::int FROM blobs WHERE owner_id = $1) AS blobs`,
    [userId],
  );
  return {
    files: rows?.files ?? NaN,
    blobs: rows?.blobs ?? NaN,
    objects: await filesBelow(blobDirectory(vault, userId ?? '')),
    temporary: await filesBelow(join(vault.dataDir, 'blobs', 'tmp')),
  };
}

/** Where a person's objects are. */
export function blobDirectory(vault: TestApp, userId: string): string {
  const [owner] = blobKey(userId, '').split('/');
  return join(vault.dataDir, 'blobs', owner ?? '');
}

/**
 * Expects that so many files are stored and not a row, an object or an unfinished write more. What a broken request began may take
 * a moment to go.
 */
export async function expectStored(vault: TestApp, userId: string | undefined, count: number): Promise<void> {
  let traces = await tracesOf(vault, userId);
  for (let tries = 0; tries < 150 && !isExactly(traces, count); tries++) {
    await sleep(20);
    traces = await tracesOf(vault, userId);
  }
  expect({ ...traces, objects: traces.objects.length }).toEqual({
    files: count,
    blobs: count,
    objects: count,
    temporary: [],
  });
}

function isExactly({ files, blobs, objects, temporary }: Traces, count: number): boolean {
  return files === count && blobs === count && objects.length === count && temporary.length === 0;
}

async function filesBelow(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
