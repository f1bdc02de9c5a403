import { randomBytes, randomInt } from 'node:crypto';
import { CHUNK_BYTES, HEADER_BYTES, KEY_BYTES, SEALED_CHUNK_BYTES, openRange, seal } from './chunked-encryption';
import type { ByteRange } from './chunked-encryption';
import { DecryptionError } from './decryption-error';
import { collect, drain, flipped, openRangeOf, pieces, readFrom } from '../../../test/support/chunked-interfaces';

const key = randomBytes(KEY_BYTES);
const ctx = Buffer.from('pv1/test\0');

describe('ranges of a sealed message', () => {
  const plaintext = randomBytes(50 * CHUNK_BYTES + 77);
  const message = seal(key, ctx, plaintext);
  const header = message.subarray(0, HEADER_BYTES);
  const last = plaintext.length - 1;

  async function expectSlice(range: ByteRange): Promise<void> {
    const opened = await collect(openRangeOf(key, ctx, message, range));
    expect([range, opened.equals(plaintext.subarray(range.start, range.end + 1))]).toEqual([range, true]);
  }

  it('equal slices at 500 random places', async () => {
    for (let round = 0; round < 500; round++) {
      const start = randomInt(plaintext.length);
      const length = round % 2 === 0 ? randomInt(1, 40_000) : randomInt(1, plaintext.length + 1);
      await expectSlice({ start, end: Math.min(start + length - 1, last) });
    }
  });

  it('equal slices around every kind of border', async () => {
    const borders = [0, CHUNK_BYTES, 2 * CHUNK_BYTES, 16 * CHUNK_BYTES, 17 * CHUNK_BYTES, 50 * CHUNK_BYTES, last];
    const places = borders.flatMap((border) => [border - 1, border, border + 1]).filter((p) => p >= 0 && p <= last);
    for (const start of places) for (const end of places) if (start <= end) await expectSlice({ start, end });
  });

  it('read the object once, from chunk border to chunk border', async () => {
    const reads: ByteRange[] = [];
    const stored = readFrom(message);
    const spy = (range: ByteRange) => {
      reads.push(range);
      return stored(range);
    };
    await collect(openRange(key, ctx, header, message.length, { start: 20_000, end: 40_000 }, spy));
    await collect(openRange(key, ctx, header, message.length, { start: last, end: last + 1_000 }, spy));
    expect(reads).toEqual([
      { start: 56 + 16_400, end: 56 + 3 * 16_400 - 1 },
      { start: 56 + 50 * 16_400, end: message.length - 1 },
    ]);
  });

  it('that reach the last byte verify the end, even if the last chunk is empty', async () => {
    const full = seal(key, ctx, plaintext.subarray(0, 2 * CHUNK_BYTES));
    const altered = flipped(full, full.length - 1);
    const end = 2 * CHUNK_BYTES - 1;
    const { error } = await drain(openRangeOf(key, ctx, altered, { start: end, end }));
    expect(error).toBeInstanceOf(DecryptionError);
    expect((await collect(openRangeOf(key, ctx, altered, { start: 0, end: end - 1 }))).length).toBe(end);
  });

  it('fail where a chunk they need is altered, and only there', async () => {
    const altered = flipped(message, HEADER_BYTES + 20 * SEALED_CHUNK_BYTES + 5);
    const around = { start: 19 * CHUNK_BYTES, end: 21 * CHUNK_BYTES };
    expect((await drain(openRangeOf(key, ctx, altered, around))).error).toBeInstanceOf(DecryptionError);
    const before = { start: 0, end: 20 * CHUNK_BYTES - 1 };
    expect((await collect(openRangeOf(key, ctx, altered, before))).equals(plaintext.subarray(0, before.end + 1))).toBe(
      true,
    );
  });

  it.each([
    { start: -1, end: 5 },
    { start: 5, end: 4 },
    { start: plaintext.length, end: plaintext.length },
    { start: Number.NaN, end: 5 },
  ])('outside of the plaintext are refused: %p', async (range) => {
    await expect(collect(openRangeOf(key, ctx, message, range))).rejects.toThrow(RangeError);
  });

  it('of an empty plaintext do not exist', async () => {
    const empty = seal(key, ctx, Buffer.alloc(0));
    await expect(collect(openRangeOf(key, ctx, empty, { start: 0, end: 0 }))).rejects.toThrow(RangeError);
  });

  it('read nothing before the header has verified', async () => {
    let reads = 0;
    const read = () => {
      reads++;
      return pieces(message, 1_000);
    };
    for (const bad of [flipped(header, 0), flipped(header, 55), header.subarray(1), message.subarray(0, 57)]) {
      const range = openRange(key, ctx, bad, message.length, { start: 0, end: 5 }, read);
      expect((await drain(range)).error).toBeInstanceOf(DecryptionError);
    }
    expect(reads).toBe(0);
  });

  it.each([
    ['one chunk too few', 0, -SEALED_CHUNK_BYTES],
    ['half a chunk too few', 0, -8_000],
    ['one chunk too many', 0, SEALED_CHUNK_BYTES],
    ['half a chunk too many', 0, 8_000],
    ['the bytes beside them', 1, 1],
    ['the whole object', -HEADER_BYTES - 5 * SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES],
  ])('fail when the store gives %s', async (_what, startOff, endOff) => {
    const range = { start: 5 * CHUNK_BYTES, end: 9 * CHUNK_BYTES - 1 };
    const stored = readFrom(message);
    const wrong = ({ start, end }: ByteRange) => stored({ start: start + startOff, end: end + endOff });
    const { emitted, error } = await drain(openRange(key, ctx, header, message.length, range, wrong));
    expect(error).toBeInstanceOf(DecryptionError);
    expect(
      plaintext
        .subarray(range.start, range.end + 1)
        .subarray(0, emitted.length)
        .equals(emitted),
    ).toBe(true);
  });

  it('give the ranged read back when the reader goes away', async () => {
    let closed = false;
    async function* read({ start, end }: ByteRange): AsyncGenerator<Buffer, void> {
      try {
        yield* pieces(message.subarray(start, end + 1), 10_000);
      } finally {
        closed = true;
      }
    }
    for await (const block of openRange(key, ctx, header, message.length, { start: 9, end: last }, read)) {
      expect(block[0]).toBe(plaintext[9]);
      break;
    }
    expect(closed).toBe(true);
  });

  it('fail when the length of the object is a lie', async () => {
    for (const lie of [message.length - SEALED_CHUNK_BYTES, message.length - 1, message.length + 1]) {
      const toEnd = { start: 0, end: Number.MAX_SAFE_INTEGER };
      const { error } = await drain(openRange(key, ctx, header, lie, toEnd, readFrom(message)));
      expect(error).toBeInstanceOf(DecryptionError);
    }
  });
});
