/** The longest name, in bytes of UTF-8: what every common file system can write when the file comes back. */
const MAX_BYTES = 255;

/** A control character (C0, DEL, C1) or half of a surrogate pair, which UTF-8 cannot write. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

/** What people read as an extension: at the end, short, without spaces; in "Trip No. 3" there is none. */
const EXTENSION = /^\.[^.\s]{1,16}$/u;

const GRAPHEMES = new Intl.Segmenter();

export type ParsedFileName = { ok: true; name: string } | { ok: false; reason: string };

/**
 * Reads the name that a client gives a file (security design, section 5). A name is data and never touches our file system, so
 * only what no system could give back is refused; the rest is stored as NFC, so that a name typed on any keyboard finds it.
 *
 * - A path, of either style, counts by its last component: browsers and cameras send "C:\\fakepath\\a.jpg" and "DCIM/a.jpg".
 * - Spaces at the ends and names reserved by Windows stay: a vault returns what it was given, and tells " a" from "a".
 * - Bidirectional controls (U+202A–202E, U+2066–2069) stay: Arabic and Hebrew names carry them. They can dress "gpj.exe" up
 *   as "exe.jpg", but here the bytes decide what a file is, never the name; whoever shows a name isolates it.
 *
 * @returns the name, or in one sentence why there is none: the caller answers 422
 */
export function parseFileName(raw: string): ParsedFileName {
  if (FORBIDDEN.test(raw)) {
    return { ok: false, reason: 'A file name must not contain control characters or broken Unicode.' };
  }
  const lastSeparator = Math.max(raw.lastIndexOf('/'), raw.lastIndexOf('\\'));
  const name = raw.slice(lastSeparator + 1).normalize('NFC');
  if (name === '') return { ok: false, reason: 'A file name must not be empty.' };
  if (name === '.' || name === '..') return { ok: false, reason: 'A file name must not be "." or "..".' };
  if (Buffer.byteLength(name) > MAX_BYTES) {
    return { ok: false, reason: `A file name must not be longer than ${MAX_BYTES} bytes in UTF-8.` };
  }
  return { ok: true, name };
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
  return fit(stem, MAX_BYTES - Buffer.byteLength(ending)) + ending;
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
