import { randomInt } from 'node:crypto';
import {
  HEADER_BYTES,
  ctLen,
  open,
  openRange,
  openStream,
  seal,
  sealStream,
} from '../../src/platform/crypto/chunked-encryption';
import type { ByteRange } from '../../src/platform/crypto/chunked-encryption';

/** Sizes of stream pieces that fall before, on and after the borders of header, chunk and block. */
const PIECE_BYTES = [7, 55, 56, 57, 4_999, 16_383, 16_384, 16_385, 16_400, 65_536, 262_144, 262_400, 1_000_003];
/** Above this, pieces of a few bytes only cost time. */
const SMALL_MESSAGE_BYTES = 100_000;

/** `bytes` as a stream of pieces of `pieceBytes` each. */
export async function* pieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer, void> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield await Promise.resolve(bytes.subarray(start, start + pieceBytes));
  }
}

/** A stream as one buffer. Every block is copied before the next one is asked for, as `sealStream` demands. */
export async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of source) blocks.push(Buffer.from(block));
  return Buffer.concat(blocks);
}

/** `message` with one random bit of the byte at `position` flipped. */
export function flipped(message: Buffer, position: number): Buffer {
  const copy = Buffer.from(message);
  copy[position] ^= 1 << randomInt(8);
  return copy;
}

/** What a stream gave before it failed; `error` is undefined when it did not. */
export async function drain(source: AsyncIterable<Buffer>): Promise<{ emitted: Buffer; error: unknown }> {
  const blocks: Buffer[] = [];
  try {
    for await (const block of source) blocks.push(Buffer.from(block));
    return { emitted: Buffer.concat(blocks), error: undefined };
  } catch (error) {
    return { emitted: Buffer.concat(blocks), error };
  }
}

/** Ranged reads of an object that holds `message`. */
export function readFrom(message: Buffer, pieceBytes = 50_000): (range: ByteRange) => AsyncIterable<Buffer> {
  return ({ start, end }) => pieces(message.subarray(start, end + 1), pieceBytes);
}

/** `range` of the plaintext of `message`, as a stream. */
export function openRangeOf(key: Buffer, ctx: Buffer, message: Buffer, range: ByteRange): AsyncIterable<Buffer> {
  return openRange(key, ctx, message.subarray(0, HEADER_BYTES), message.length, range, readFrom(message));
}

/** The message as each sealing interface makes it, by the interface's name. */
export async function sealEveryWay(
  key: Buffer,
  ctx: Buffer,
  plaintext: Buffer,
  salt: Buffer,
): Promise<Map<string, Buffer>> {
  const messages = new Map([['seal', seal(key, ctx, plaintext, salt)]]);
  for (const size of pieceSizes(plaintext)) {
    messages.set(`sealStream by ${size}`, await collect(sealStream(key, ctx, pieces(plaintext, size), salt)));
  }
  return messages;
}

/** The whole plaintext as each opening interface gives it. An empty plaintext has no range, so none is tried. */
export async function openEveryWay(
  key: Buffer,
  ctx: Buffer,
  message: Buffer,
  ptBytes: number,
): Promise<Map<string, Buffer>> {
  const plaintexts = new Map([['open', open(key, ctx, message)]]);
  for (const size of pieceSizes(message)) {
    plaintexts.set(`openStream by ${size}`, await collect(openStream(key, ctx, pieces(message, size))));
  }
  if (ptBytes > 0) {
    plaintexts.set('openRange', await collect(openRangeOf(key, ctx, message, { start: 0, end: ptBytes - 1 })));
  }
  return plaintexts;
}

/** What each opening interface gives of a bad message before it fails, by the interface's name. */
export async function failEveryWay(
  key: Buffer,
  ctx: Buffer,
  message: Buffer,
): Promise<Map<string, { emitted: Buffer; error: unknown }>> {
  const outcomes = new Map([['open', await drain(opened(key, ctx, message))]]);
  for (const size of pieceSizes(message)) {
    outcomes.set(`openStream by ${size}`, await drain(openStream(key, ctx, pieces(message, size))));
  }
  // By its length this may be the message of an empty plaintext, which has no range to ask for.
  if (message.length !== ctLen(0)) {
    outcomes.set('openRange', await drain(openRangeOf(key, ctx, message, { start: 0, end: Number.MAX_SAFE_INTEGER })));
  }
  return outcomes;
}

function pieceSizes(bytes: Buffer): number[] {
  return PIECE_BYTES.filter((size) => size > 1_000 || bytes.length < SMALL_MESSAGE_BYTES);
}

async function* opened(key: Buffer, ctx: Buffer, message: Buffer): AsyncGenerator<Buffer, void> {
  yield await Promise.resolve(open(key, ctx, message));
}
