import { isWritable, storedName, type StoredName } from '../platform/names/stored-name';

/**
 * Reads the name that a client gives a file. Of a path, in either style, the last component counts: browsers and cameras send
 * "C:\\fakepath\\a.jpg" and "DCIM/a.jpg". An odd direction of writing can dress "gpj.exe" up as "exe.jpg", but here the bytes decide what a
 * file is, never the name.
 *
 * @returns the name, or in one sentence why there is none: the caller answers 422
 */
export function parseFileName(raw: string): StoredName {
  const lastSeparator = Math.max(raw.lastIndexOf('/'), raw.lastIndexOf('\\'));
  return storedName(isWritable(raw) ? raw.slice(lastSeparator + 1) : raw, 'file');
}
