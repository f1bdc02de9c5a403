import { blobIdOf, isUnfinished } from '../platform/blobs/blob-key';
import type { BlobStore } from '../platform/blobs/blob-store';
import type { BlobsRepository } from './blobs.repository';

const BATCH = 500;
/** Younger objects are left alone: a restored backup or another process may know them. */
export const STRAY_AGE_MS = 24 * 3600 * 1000;

export interface StrayRules {
  /** Only what was last written before this. */
  readonly before: Date;
  /** When the database began: what is older may be another's, or a dump may be on its way back. */
  readonly bornAt: Date;
}

/**
 * The keys of objects, and of remains of unfinished uploads, that no row has a use for. An object may just be on its way out, and its row gone
 * before it: only what is found twice is a stray.
 */
export async function* findStrays(
  store: BlobStore,
  blobs: BlobsRepository,
  { before, bornAt }: StrayRules,
): AsyncGenerator<string> {
  let batch = new Map<string, string>();
  for await (const { key, modifiedAt } of store.list()) {
    // A file that is not of our making is not ours to remove.
    const id = blobIdOf(key);
    if (id === null || modifiedAt >= before || createdAt(id) < bornAt.getTime()) continue;
    batch.set(key, id);
    if (batch.size < BATCH) continue;
    yield* withoutUse(blobs, batch);
    batch = new Map();
  }
  yield* withoutUse(blobs, batch);
}

async function* withoutUse(blobs: BlobsRepository, batch: ReadonlyMap<string, string>): AsyncGenerator<string> {
  const states = await blobs.findStates([...batch.values()]);
  for (const [key, id] of batch) {
    const state = states.get(id);
    // A whole blob has no use for what another attempt to store it has begun.
    if (state === undefined || (state === 'ready' && isUnfinished(key))) yield key;
  }
}

/** A UUIDv7 begins with the milliseconds of its making (RFC 9562 section 5.7). */
function createdAt(id: string): number {
  return parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
