/** The longest name, in bytes of UTF-8: what every common file system can write when the file comes back. */
export const MAX_NAME_BYTES = 255;

/** What people read as an extension: at the end, short, without spaces; in "Trip No. 3" there is none. */
const EXTENSION = /^\.[^.\s]{1,16}$/u;

const GRAPHEMES = new Intl.Segmenter();

/**
 * The n-th other name for a file whose name is taken: "photo.jpg" → "photo (1).jpg".
 * A number already there is part of the name that the person chose and stays: "photo (1).jpg" → "photo (1) (1).jpg", as
 * browsers do; counting on to "photo (2).jpg" could take another picture's name. Only the last extension counts, so
 * "a.tar.gz" → "a.tar (1).gz", and ".hidden" has none.
 *
 * @param name not empty, at most 255 bytes in UTF-8, NFC
 * @param n from 1; different numbers give different names
 * @returns again a valid name in NFC: where the number does not fit into 255 bytes, the end of the stem gives way
 */
export function numberedName(name: string, n: number): string {
  const { stem, extension } = splitName(name);
  return withEnding(stem, ` (${n})${extension}`);
}

/**
 * The name of the same picture in another form: "photo.jpg" as "webp" → "photo.webp".
 * @param extension without its dot
 */
export function nameWithExtension(name: string, extension: string): string {
  return withEnding(splitName(name).stem, `.${extension}`);
}

/** A name of any length, within 255 bytes: the end of the stem gives way. */
export function shortenedName(name: string): string {
  const { stem, extension } = splitName(name);
  return withEnding(stem, extension);
}

function splitName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && EXTENSION.test(name.slice(dot)) ? name.slice(dot) : '';
  return { stem: name.slice(0, name.length - extension.length), extension };
}

function withEnding(stem: string, ending: string): string {
  return fit(stem, MAX_NAME_BYTES - Buffer.byteLength(ending)) + ending;
}

/** The longest start of `text` within `maxBytes` that cuts no character a person sees; one alone too long is cut inside. */
function fit(text: string, maxBytes: number): string {
  // What nearly every name does, and to look for characters takes a hundred times as long.
  if (Buffer.byteLength(text) <= maxBytes) return text;
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
