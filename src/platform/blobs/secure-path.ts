import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blobIdOf } from './blob-key';
import { BlobStoreError } from './blob-store-error';

/** The one way from a key to a path: a key that is not of our own making never becomes one. */
export function securePath(root: string, key: string): string {
  if (blobIdOf(key) === null) throw new BlobStoreError('unsafe', 'a key of another form');
  return join(root, ...key.split('/'));
}

/**
 * Refuses a path with a symbolic link between `root` and its last component, for which `O_NOFOLLOW` is: it guards nothing before it.
 * Looked up each time, and without a thread: the kernel has these directories at hand. Those that do not exist are fine.
 */
export function refuseLinks(root: string, path: string, key: string): void {
  for (let directory = dirname(path); directory.length > root.length; directory = dirname(directory)) {
    if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new BlobStoreError('unsafe', key);
  }
}
