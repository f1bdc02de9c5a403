import { MAX_NAME_BYTES } from './numbered-name';

/** A control character (C0, DEL, C1) or half of a surrogate pair, which UTF-8 cannot write. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

export type StoredName = { ok: true; name: string } | { ok: false; reason: string };

/**
 * A name that a person gives to something in the vault (security design, section 5). A name is data and never touches our file system, so
 * only what no system could give back is refused; the rest is stored as NFC, so that a name typed on any keyboard finds it.
 *
 * - Spaces at the ends and names reserved by Windows stay: a vault returns what it was given, and tells " a" from "a".
 * - Bidirectional controls (U+202A–202E, U+2066–2069) stay: Arabic and Hebrew names carry them. Whoever shows a name isolates it.
 *
 * @param what is named, for the sentence that says why not
 * @returns the name, or in one sentence why there is none: the caller answers 422
 */
export function storedName(raw: string, what: 'file' | 'folder'): StoredName {
  const name = raw.normalize('NFC');
  const mustNot = (be: string): StoredName => ({ ok: false, reason: `A ${what} name must not ${be}.` });
  if (!isWritable(raw)) return mustNot('contain control characters or broken Unicode');
  if (name === '') return mustNot('be empty');
  if (name === '.' || name === '..') return mustNot('be "." or ".."');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return mustNot(`be longer than ${MAX_NAME_BYTES} bytes in UTF-8`);
  return { ok: true, name };
}

export function isWritable(text: string): boolean {
  return !FORBIDDEN.test(text);
}
