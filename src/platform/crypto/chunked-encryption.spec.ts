import { randomBytes, randomInt } from 'node:crypto';
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  KEY_BYTES,
  SALT_BYTES,
  SEALED_CHUNK_BYTES,
  TAG_BYTES,
  ctLen,
  open,
  openStream,
  ptLen,
  seal,
  sealStream,
} from './chunked-encryption';
import { DecryptionError } from './decryption-error';
import { chunkNonce } from './message-keys';
import {
  collect,
  failEveryWay,
  flipped,
  openEveryWay,
  pieces,
  sealEveryWay,
} from '../../../test/support/chunked-interfaces';

const key = randomBytes(KEY_BYTES);
const ctx = Buffer.from('pv1/test\0');

/** Every interface refuses `message`, and gives nothing that is not a prefix of `plaintext`. */
async function expectRefused(message: Buffer, plaintext: Buffer, withKey = key, withCtx = ctx): Promise<void> {
  for (const [name, { emitted, error }] of await failEveryWay(withKey, withCtx, message)) {
    expect([name, error]).toEqual([name, expect.any(DecryptionError)]);
    expect([name, plaintext.subarray(0, emitted.length).equals(emitted)]).toEqual([name, true]);
  }
}

describe('lengths', () => {
  it.each([
    [0, 72],
    [1, 73],
    [16_383, 16_455],
    [16_384, 16_472],
    [16_385, 16_473],
    [5_000_000, 5_004_952],
  ])('%d bytes are sealed into %d, and back', (ptBytes, ctBytes) => {
    expect(ctLen(ptBytes)).toBe(ctBytes);
    expect(ptLen(ctBytes)).toBe(ptBytes);
  });

  it('ptLen inverts ctLen and refuses every length in between', () => {
    const lengths = new Map(Array.from({ length: 3 * CHUNK_BYTES }, (_, ptBytes) => [ctLen(ptBytes), ptBytes]));
    for (let ctBytes = 0; ctBytes < ctLen(3 * CHUNK_BYTES - 1); ctBytes++) {
      const ptBytes = lengths.get(ctBytes);
      if (ptBytes === undefined) expect(() => ptLen(ctBytes)).toThrow(DecryptionError);
      else if (ptLen(ctBytes) !== ptBytes) throw new Error(`ptLen(${ctBytes})`);
    }
  });

  it.each([-1, 0.5, Number.NaN, Infinity])('%p is no length', (length) => {
    expect(() => ctLen(length)).toThrow(RangeError);
    expect(() => ptLen(length)).toThrow(DecryptionError);
    expect(() => ptLen(HEADER_BYTES + TAG_BYTES + length)).toThrow(DecryptionError);
  });

  it('stops where the chunk counter would overflow', () => {
    const longest = 2 ** 32 * CHUNK_BYTES - 1;
    expect(ptLen(ctLen(longest))).toBe(longest);
    expect(() => ctLen(longest + 1)).toThrow(RangeError);
    expect(() => ptLen(ctLen(longest) + SEALED_CHUNK_BYTES)).toThrow(DecryptionError);
    const base = Buffer.alloc(12, 0xff);
    expect(chunkNonce(base, 2 ** 32 - 1).toString('hex')).toBe('ffffffffffffffff00000000');
    expect(() => chunkNonce(base, 2 ** 32)).toThrow(RangeError);
  });
});

describe('round trips', () => {
  const borders = [1, 2, 15, 16, 17].flatMap((chunks) => [-1, 0, 1].map((offset) => chunks * CHUNK_BYTES + offset));
  it.each([0, 1, ...borders, 5_000_000])('%d bytes, sealed and opened by every interface', async (ptBytes) => {
    const plaintext = randomBytes(ptBytes);
    const salt = randomBytes(SALT_BYTES);
    const message = seal(key, ctx, plaintext, salt);
    expect(message.length).toBe(ctLen(ptBytes));
    for (const [name, sealed] of await sealEveryWay(key, ctx, plaintext, salt)) {
      expect([name, sealed.equals(message)]).toEqual([name, true]);
    }
    for (const [name, opened] of await openEveryWay(key, ctx, message, ptBytes)) {
      expect([name, opened.equals(plaintext)]).toEqual([name, true]);
    }
  });

  it('copes with empty pieces', async () => {
    async function* gaps(bytes: Buffer): AsyncGenerator<Buffer, void> {
      for await (const piece of pieces(bytes, 10_000)) {
        yield Buffer.alloc(0);
        yield piece;
      }
    }
    const plaintext = randomBytes(40_000);
    const message = await collect(sealStream(key, ctx, gaps(plaintext)));
    expect(await collect(openStream(key, ctx, gaps(message)))).toEqual(plaintext);
  });

  it('seals under a fresh salt every time', () => {
    const salts = Array.from({ length: 100 }, () => seal(key, ctx, Buffer.alloc(0)).toString('hex', 0, SALT_BYTES));
    expect(new Set(salts).size).toBe(100);
  });
});

describe('blocks', () => {
  const plaintext = randomBytes(40 * CHUNK_BYTES + 5);

  it('sealStream gathers 16 chunks into one reused buffer, the header in front', async () => {
    const lengths: number[] = [];
    const memory = new Set<ArrayBufferLike>();
    for await (const block of sealStream(key, ctx, pieces(plaintext, 1_000))) {
      lengths.push(block.length);
      memory.add(block.buffer);
    }
    expect(lengths).toEqual([
      HEADER_BYTES + 16 * SEALED_CHUNK_BYTES,
      16 * SEALED_CHUNK_BYTES,
      8 * SEALED_CHUNK_BYTES + 21,
    ]);
    expect(memory.size).toBe(1);
  });

  it('openStream yields 256 KiB blocks that share one buffer', async () => {
    const lengths: number[] = [];
    const memory = new Set<ArrayBufferLike>();
    const copies: Buffer[] = [];
    for await (const block of openStream(key, ctx, pieces(seal(key, ctx, plaintext), 1_000))) {
      lengths.push(block.length);
      memory.add(block.buffer);
      copies.push(Buffer.from(block));
    }
    expect(lengths).toEqual([262_144, 262_144, 8 * CHUNK_BYTES + 5]);
    expect(memory.size).toBe(1);
    expect(Buffer.concat(copies).equals(plaintext)).toBe(true);
  });

  it('gives its source back when the reader goes away', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Buffer, void> {
      try {
        yield* pieces(seal(key, ctx, plaintext), 100_000);
      } finally {
        closed = true;
      }
    }
    for await (const block of openStream(key, ctx, source())) {
      expect(block.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  });

  it('passes the error of its source on', async () => {
    async function* broken(): AsyncGenerator<Buffer, void> {
      yield* pieces(plaintext, 100_000);
      throw new Error('connection reset');
    }
    await expect(collect(sealStream(key, ctx, broken()))).rejects.toThrow('connection reset');
  });
});

describe('altered messages', () => {
  const plaintext = randomBytes(2 * CHUNK_BYTES + 1_000);
  const message = seal(key, ctx, plaintext);
  const chunkStart = (index: number) => HEADER_BYTES + index * SEALED_CHUNK_BYTES;
  const chunk = (index: number) => message.subarray(chunkStart(index), chunkStart(index + 1));
  const header = message.subarray(0, HEADER_BYTES);

  it.each([
    ['salt', 0, SALT_BYTES],
    ['commitment', SALT_BYTES, HEADER_BYTES],
    ['first chunk', chunkStart(0), chunkStart(1) - TAG_BYTES],
    ['first tag', chunkStart(1) - TAG_BYTES, chunkStart(1)],
    ['second chunk', chunkStart(1), chunkStart(2) - TAG_BYTES],
    ['second tag', chunkStart(2) - TAG_BYTES, chunkStart(2)],
    ['last chunk', chunkStart(2), message.length - TAG_BYTES],
    ['last tag', message.length - TAG_BYTES, message.length],
  ])('a flipped bit in the %s is refused', async (_region, start, end) => {
    for (const position of [start, end - 1, randomInt(start, end)]) {
      await expectRefused(flipped(message, position), plaintext);
    }
  });

  it('truncation is refused at every border, and beside it', async () => {
    const borders = [0, SALT_BYTES, HEADER_BYTES, chunkStart(1), chunkStart(2), message.length - TAG_BYTES];
    const cuts = borders.flatMap((border) => [
      border - 1,
      border,
      border + 1,
      border + TAG_BYTES,
      border + TAG_BYTES + 1,
    ]);
    for (const cut of [...cuts, message.length - 1]) {
      if (cut >= 0 && cut < message.length) await expectRefused(message.subarray(0, cut), plaintext);
    }
  });

  it('an empty last chunk is not optional', async () => {
    const full = seal(key, ctx, plaintext.subarray(0, CHUNK_BYTES));
    for (let missing = 1; missing <= TAG_BYTES; missing++) {
      await expectRefused(full.subarray(0, full.length - missing), plaintext);
    }
    await expectRefused(flipped(full, full.length - 1), plaintext);
  });

  it.each([
    ['swapped', [header, chunk(1), chunk(0), chunk(2)]],
    ['repeated', [header, chunk(0), chunk(0), chunk(2)]],
    ['left out', [header, chunk(0), chunk(2)]],
    ['left out at the start', [header, chunk(1), chunk(2)]],
    ['appended', [header, chunk(0), chunk(1), chunk(2), chunk(2)]],
    ['followed by a byte', [message, Buffer.alloc(1)]],
    ['taken from another message', [header, chunk(0), seal(key, ctx, plaintext).subarray(chunkStart(1))]],
    [
      'put under the header of another message',
      [seal(key, ctx, plaintext).subarray(0, HEADER_BYTES), chunk(0), chunk(2)],
    ],
  ])('chunks %s are refused', async (_what, parts) => {
    await expectRefused(Buffer.concat(parts), plaintext);
  });

  it('another key or context opens nothing, not one byte', async () => {
    await expectRefused(message, Buffer.alloc(0), randomBytes(KEY_BYTES));
    for (const other of ['', 'pv1/test', 'pv1/test\0\0', 'pv1/tesu\0']) {
      await expectRefused(message, Buffer.alloc(0), key, Buffer.from(other));
    }
  });

  it('errors hold neither key nor context nor plaintext', () => {
    const secretKey = Buffer.alloc(KEY_BYTES, 'k');
    const secretCtx = Buffer.from('the-context');
    const sealed = seal(secretKey, secretCtx, Buffer.from('the-plaintext'));
    for (const position of [0, SALT_BYTES, HEADER_BYTES, sealed.length - 1]) {
      try {
        open(secretKey, secretCtx, flipped(sealed, position));
        throw new Error('opened');
      } catch (error) {
        expect(error).toBeInstanceOf(DecryptionError);
        expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/kkkk|6b6b|the-context|the-plaintext/);
        expect((error as Error).cause).toBeUndefined();
      }
    }
  });

  it.each([0, 16, 31, 33])('a key of %d bytes is refused by every interface', async (keyBytes) => {
    const wrong = Buffer.alloc(keyBytes);
    expect(() => seal(wrong, ctx, plaintext)).toThrow(RangeError);
    await expect(collect(sealStream(wrong, ctx, pieces(plaintext, 1_000)))).rejects.toThrow(RangeError);
    for (const { emitted, error } of (await failEveryWay(wrong, ctx, message)).values()) {
      expect(emitted.length).toBe(0);
      expect(error).toBeInstanceOf(RangeError);
    }
  });

  it.each([0, 23, 25])('a salt of %d bytes is refused', (saltBytes) => {
    expect(() => seal(key, ctx, plaintext, Buffer.alloc(saltBytes))).toThrow(RangeError);
  });
});
