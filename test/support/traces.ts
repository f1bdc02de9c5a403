import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobKey, isUnfinished } from '../../src/platform/blobs/blob-key';
import { BlobStore } from '../../src/platform/blobs/blob-store';
import type { TestApp } from './test-app';

/** What a vault holds of a person, seen from below: rows and objects instead of routes. */
export interface Traces {
  readonly files: number;
  readonly blobs: number;
  /** The person's own objects, by their paths where the store is a disk. */
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
  const keys: string[] = [];
  for await (const { key } of vault.app.get(BlobStore).list()) keys.push(key);
  const isTheirs = (key: string): boolean => key.startsWith(`${ownerOf(userId)}/`);
  return {
    files: rows?.files ?? NaN,
    blobs: rows?.blobs ?? NaN,
    objects: keys.filter(isTheirs).map((key) => join(vault.dataDir, 'blobs', key)),
    temporary: keys.filter(isUnfinished),
  };
}

/** Where a person's objects are. */
export function blobDirectory(vault: TestApp, userId: string): string {
  return join(vault.dataDir, 'blobs', ownerOf(userId));
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

function ownerOf(userId = ''): string {
  return blobKey(userId, '').split('/')[0] ?? '';
}
