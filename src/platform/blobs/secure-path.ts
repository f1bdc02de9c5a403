import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { blobIdOf } from './blob-key';
import { BlobStoreError } from './blob-store-error';

/** The one way from a key to a path: a key that is not of our own making never becomes one. */
export function securePath(root: string, key: string): string {
  if (blobIdOf(key) === null) throw new BlobStoreError('unsafe', 'a key of another form');
  return join(root, ...key.split('/'));
}

/**
 * Refuses a directory that is a symbolic link: `O_NOFOLLOW` guards only the last component of a path.
 * A directory that does not exist is fine.
 */
export async function refuseLink(directory: string, key: string): Promise<void> {
  try {
    if (!(await lstat(directory)).isDirectory()) throw new BlobStoreError('unsafe', key);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
