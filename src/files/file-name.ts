import { isWritable, NAME_MAX_BYTES, storedName, type StoredName } from '../platform/names/stored-name';

/** What people read as an extension: at the end, short, without spaces; in "Trip No. 3" there is none. */
const EXTENSION = /^\.[^.\s]{1,16}$/u;

const GRAPHEMES = new Intl.Segmenter();

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

/**
 * The n-th other name for a file whose name is taken: "photo.jpg" → "photo (1).jpg".
 * A number already there is part of the name that the person chose and stays: "photo (1).jpg" → "photo (1) (1).jpg", as
 * browsers do; counting on to "photo (2).jpg" could take another picture's name. Only the last extension counts, so
 * "a.tar.gz" → "a.tar (1).gz", and ".hidden" has none.
 *
 * @param name as `parseFileName` returned it
 * @param n from 1; different numbers give different names
 * @returns again a valid name in NFC: where the number does not fit into 255 bytes, the end of the stem gives way
 */
export function numberedName(name: string, n: number): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && EXTENSION.test(name.slice(dot)) ? name.slice(dot) : '';
  const stem = name.slice(0, name.length - extension.length);
  const ending = ` (${n})${extension}`;
  return fit(stem, NAME_MAX_BYTES - Buffer.byteLength(ending)) + ending;
}

/** The longest start of `text` within `maxBytes` that cuts no character a person sees; one alone too long is cut inside. */
function fit(text: string, maxBytes: number): string {
  const graphemes = Array.from(GRAPHEMES.segment(text), ({ segment }) => segment);
  return take(graphemes, maxBytes) || take([...text], maxBytes);
}

function take(pieces: string[], maxBytes: number): string {
  let taken = '';
  for (const piece of pieces) {
    if (Buffer.byteLength(taken + piece) > maxBytes) break;
    taken += piece;
  }
  return taken;
}
