/**
 * C2SP chunked-encryption@v1 with SHA-512 and AES-256-GCM ("Cobblestone-256"), https://c2sp.org/chunked-encryption:
 * the one symmetric primitive of the vault. Seekable, bound to a context, committed to its key, safe against truncation.
 *
 *     message = salt(24) ‖ commitment(32) ‖ chunk 0 ‖ … ‖ chunk n
 *     chunk   = AES-256-GCM(plaintext) ‖ tag(16); 16384 bytes of plaintext, the last one always fewer (maybe none)
 *
 * Every interface takes `key` (32 uniformly random bytes) and `ctx` (see contexts.ts), and throws RangeError for a key
 * of another length. The `salt` parameter exists for published vectors: leave it out and it is random.
 */
import { CHUNK_BYTES, HEADER_BYTES, SEALED_CHUNK_BYTES, ctLen, ptLen } from './chunked-format';
import { ChunkCutter } from './chunk-cutter';
import { ChunkOpener } from './chunk-opener';
import { ChunkSealer } from './chunk-sealer';
import { DecryptionError } from './decryption-error';

export {
  CHUNK_BYTES,
  HEADER_BYTES,
  KEY_BYTES,
  SALT_BYTES,
  SEALED_CHUNK_BYTES,
  TAG_BYTES,
  ctLen,
  ptLen,
} from './chunked-format';

/** Chunks per block (256 KiB of plaintext): one hop through the event loop each, instead of one per 16 KiB. */
const BLOCK_CHUNKS = 16;

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Seals `plaintext` into one message of `ctLen(plaintext.length)` bytes. */
export function seal(key: Buffer, ctx: Buffer, plaintext: Buffer, salt?: Buffer): Buffer {
  const sealer = new ChunkSealer(key, ctx, salt);
  const message = Buffer.allocUnsafe(ctLen(plaintext.length));
  let written = sealer.writeHeader(message);
  // `<=`, not `<`: a plaintext that fills its chunks is followed by an empty one.
  for (let start = 0; start <= plaintext.length; start += CHUNK_BYTES) {
    written += sealer.seal(plaintext.subarray(start, start + CHUNK_BYTES), message, written);
  }
  return message;
}

/**
 * Opens a whole message.
 *
 * @throws DecryptionError when any part of it is not what was sealed under `key` and `ctx`
 */
export function open(key: Buffer, ctx: Buffer, message: Buffer): Buffer {
  const plaintext = Buffer.allocUnsafe(ptLen(message.length));
  const opener = new ChunkOpener(key, ctx, message.subarray(0, HEADER_BYTES));
  let written = 0;
  for (let start = HEADER_BYTES; start < message.length; start += SEALED_CHUNK_BYTES) {
    written += opener.open(message.subarray(start, start + SEALED_CHUNK_BYTES), plaintext, written);
  }
  return plaintext;
}

/**
 * Seals a stream of any length; the first block starts with the 56-byte header.
 *
 * **The yielded block is valid only until the next one is asked for**: all blocks of a message share one buffer, so that
 * memory stays flat however large the file. Write it out (and wait for the write) before going on, or copy it; never
 * wrap this generator in `Readable.from`, which reads ahead.
 */
export async function* sealStream(
  key: Buffer,
  ctx: Buffer,
  source: AsyncIterable<Buffer>,
  salt?: Buffer,
): AsyncGenerator<Buffer, void> {
  const sealer = new ChunkSealer(key, ctx, salt);
  const cutter = new ChunkCutter(CHUNK_BYTES);
  const block = Buffer.allocUnsafe(HEADER_BYTES + BLOCK_CHUNKS * SEALED_CHUNK_BYTES);
  let used = sealer.writeHeader(block);
  for await (const piece of source) {
    // A full chunk is never the last one, so it is sealed without looking ahead.
    for (const chunk of cutter.cut(piece)) {
      used += sealer.seal(chunk, block, used);
      if (block.length - used < SEALED_CHUNK_BYTES) {
        yield block.subarray(0, used);
        used = 0;
      }
    }
  }
  used += sealer.seal(cutter.rest(), block, used);
  yield block.subarray(0, used);
}

/**
 * Opens a message that arrives as a stream, in blocks of up to 256 KiB, each of chunks whose tag was verified.
 *
 * **The yielded block is valid only until the next one is asked for**, as with {@link sealStream}.
 *
 * @throws DecryptionError as soon as something does not verify; what was yielded before it is genuine but incomplete,
 *   so the receiver must be able to see that the stream broke off
 */
export function openStream(key: Buffer, ctx: Buffer, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  return openChunks(key, ctx, source, 0, true);
}

/**
 * Opens a range of a message with one ranged read of the object that stores it. Yields like {@link openStream}.
 *
 * A range that reaches the last byte also verifies the end of the message, as the specification demands for offsets
 * that are relative to the end.
 *
 * @param header the first 56 bytes of the message
 * @param ctBytes length of the whole message
 * @param range bytes of the plaintext; an `end` past the last byte means the last byte
 * @param read gives the bytes of the object in the range it is handed; called once, after the header has verified
 * @throws RangeError when the plaintext has no such range
 * @throws DecryptionError when something does not verify, or `read` gives other bytes than it was asked for
 */
export async function* openRange(
  key: Buffer,
  ctx: Buffer,
  header: Buffer,
  ctBytes: number,
  range: ByteRange,
  read: (range: ByteRange) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  if (header.length !== HEADER_BYTES) throw new DecryptionError('the header is incomplete');
  const ptBytes = ptLen(ctBytes);
  const end = Math.min(range.end, ptBytes - 1);
  if (!(range.start >= 0 && range.start <= end)) throw new RangeError('no such range in the plaintext');

  const firstChunk = Math.floor(range.start / CHUNK_BYTES);
  const finalChunk = Math.floor(ptBytes / CHUNK_BYTES);
  const lastChunk = end === ptBytes - 1 ? finalChunk : Math.floor(end / CHUNK_BYTES);
  const stored: ByteRange = {
    start: HEADER_BYTES + firstChunk * SEALED_CHUNK_BYTES,
    end: Math.min(ctBytes, HEADER_BYTES + (lastChunk + 1) * SEALED_CHUNK_BYTES) - 1,
  };
  const opened = openChunks(
    key,
    ctx,
    headerThen(header, () => read(stored)),
    firstChunk,
    lastChunk === finalChunk,
  );

  let position = firstChunk * CHUNK_BYTES;
  for await (const block of opened) {
    const cut = block.subarray(Math.max(range.start - position, 0), Math.max(end + 1 - position, 0));
    position += block.length;
    if (cut.length > 0) yield cut;
  }
  if (position !== Math.min((lastChunk + 1) * CHUNK_BYTES, ptBytes)) {
    throw new DecryptionError('the stored object gave another number of bytes than was asked for');
  }
}

/** A range as if it were a message of its own. `read` is not called before the header was taken, and so verified. */
async function* headerThen(header: Buffer, read: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield header;
  yield* read();
}

/**
 * Opens header ‖ chunk `firstChunk` ‖ …: through the final chunk of the message when `withFinal`, else whole chunks only.
 */
async function* openChunks(
  key: Buffer,
  ctx: Buffer,
  source: AsyncIterable<Buffer>,
  firstChunk: number,
  withFinal: boolean,
): AsyncGenerator<Buffer, void> {
  const cutter = new ChunkCutter(SEALED_CHUNK_BYTES, HEADER_BYTES);
  let opener: ChunkOpener | undefined;
  const block = Buffer.allocUnsafe(BLOCK_CHUNKS * CHUNK_BYTES);
  let used = 0;
  for await (const piece of source) {
    for (const chunk of cutter.cut(piece)) {
      if (opener === undefined) {
        opener = new ChunkOpener(key, ctx, chunk, firstChunk);
        continue;
      }
      used += opener.open(chunk, block, used);
      if (used === block.length) {
        yield block;
        used = 0;
      }
    }
  }
  if (opener === undefined) throw new DecryptionError('the header is incomplete');
  // Whatever is left is shorter than a full chunk: the last chunk of the message, or else it does not belong there.
  if (withFinal) used += opener.open(cutter.rest(), block, used);
  else if (cutter.rest().length > 0) throw new DecryptionError('the message is truncated');
  if (used > 0) yield block.subarray(0, used);
}
