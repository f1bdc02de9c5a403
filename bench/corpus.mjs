import { createCipheriv, createHash } from 'node:crypto';

/**
 * Length of the shared keystream, in bytes: the largest prime below 2^24. A prime, so that the pattern of a large file
 * never repeats at a multiple of anybody's chunk size and a server that serves the wrong chunk is noticed.
 */
export const SLAB_BYTES = 16_777_213;

/** Largest piece handed to a socket at once, in bytes. */
const PIECE_BYTES = 1 << 20;

/** SOI and a JFIF APP0 segment: what a server looks at when it decides by magic bytes. */
const JPEG_START = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');

/**
 * One file of the corpus: a JPEG head that names the file in a comment segment, then a window of the shared slab that
 * wraps around. Costs a few hundred bytes of memory whatever its size.
 */
export class CorpusFile {
  /** @type {string | undefined} */
  #sha256;

  /**
   * @param {object} parts
   * @param {string} parts.name file name, unique within a corpus
   * @param {number} parts.size bytes
   * @param {Buffer} parts.head first bytes, differ from file to file
   * @param {Buffer} parts.slab shared keystream
   * @param {number} parts.offset where in the slab the window starts
   */
  constructor({ name, size, head, slab, offset }) {
    if (size < head.length) throw new RangeError(`${name}: a corpus file has at least ${head.length} bytes`);
    this.name = name;
    this.size = size;
    this.head = head;
    this.slab = slab;
    this.offset = offset;
  }

  /**
   * The bytes [start, end) as views of shared memory, nothing is copied.
   * @param {number} [start]
   * @param {number} [end]
   * @returns {Generator<Buffer, void, void>}
   */
  *chunks(start = 0, end = this.size) {
    let at = start;
    if (at < this.head.length) {
      const piece = this.head.subarray(at, Math.min(end, this.head.length));
      yield piece;
      at += piece.length;
    }
    while (at < end) {
      const from = (this.offset + at) % this.slab.length;
      const piece = this.slab.subarray(from, from + Math.min(PIECE_BYTES, end - at));
      yield piece;
      at += piece.length;
    }
  }

  /**
   * @param {number} start
   * @param {Buffer} received
   * @returns {boolean} whether these are the file's bytes from `start` on
   */
  matches(start, received) {
    let at = 0;
    for (const piece of this.chunks(start, start + received.length)) {
      if (received.compare(piece, 0, piece.length, at, at + piece.length) !== 0) return false;
      at += piece.length;
    }
    return true;
  }

  /**
   * Lower-case hex, computed once; call it before the clock runs.
   * @returns {string}
   */
  sha256() {
    if (this.#sha256 === undefined) {
      const hash = createHash('sha256');
      for (const piece of this.chunks()) hash.update(piece);
      this.#sha256 = hash.digest('hex');
    }
    return this.#sha256;
  }
}

/**
 * Deterministic files: the same seed, name and size give the same bytes on every machine (AES-256-CTR keystream keyed by
 * the seed, so nothing compresses or deduplicates), and two names never give the same file.
 * @param {string} seed
 * @returns {(name: string, size: number) => CorpusFile}
 */
export function createCorpus(seed) {
  const key = createHash('sha256').update(`photovault bench ${seed}`).digest();
  const slab = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(SLAB_BYTES));
  return (name, size) => {
    const identity = createHash('sha256').update(`${seed}/${name}`).digest();
    const comment = Buffer.from(`${seed}/${name} ${identity.toString('hex')}`);
    const marker = Buffer.from([0xff, 0xfe, (comment.length + 2) >> 8, (comment.length + 2) & 0xff]);
    const head = Buffer.concat([JPEG_START, marker, comment]);
    return new CorpusFile({ name, size, head, slab, offset: identity.readUInt32BE(0) % SLAB_BYTES });
  };
}

/**
 * Deterministic random numbers (mulberry32) for the places of the range requests.
 * @param {number} seed
 * @returns {(below: number) => number} an integer in [0, below), below ≤ 2^32
 */
export function createRandom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
