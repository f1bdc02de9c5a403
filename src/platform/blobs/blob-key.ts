import { createHash } from 'node:crypto';

/** Where remains of unfinished writes are, by their ids. */
export const UNFINISHED = 'tmp';
const KEY = /^(?:tmp|[0-9a-f]{16}\/[0-9a-f]{2})\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Where an object lives: `<user-hash>/<aa>/<uuid>`. No name that a person has chosen is part of it. `aa` is the last byte of the id,
 * because the first byte of a UUIDv7 stays the same for years.
 */
export function blobKey(ownerId: string, blobId: string): string {
  const owner = createHash('sha256').update(ownerId).digest('hex').slice(0, 16);
  return `${owner}/${blobId.slice(-2)}/${blobId}`;
}

/** The blob id in a key (also of the remains of an unfinished `put`, `tmp/<uuid>`), or null when it is not a key of ours. */
export function blobIdOf(key: string): string | null {
  return KEY.test(key) ? key.slice(-36) : null;
}

/** Whether a key that a store has listed is not an object's but names what an unfinished `put` has left. */
export function isUnfinished(key: string): boolean {
  return key.startsWith(`${UNFINISHED}/`);
}
