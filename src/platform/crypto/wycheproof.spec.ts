/**
 * Third-party vectors (Project Wycheproof) against every interface. They are not part of this repository: VECTORS_DIR
 * names a folder that holds them.
 */
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { CHUNK_BYTES, KEY_BYTES, SALT_BYTES, open, ptLen } from './chunked-encryption';
import { DecryptionError } from './decryption-error';
import { hkdfExpandSha512, hkdfSha512 } from './key-derivation';
import { chunkNonce, deriveMessageKeys } from './message-keys';
import {
  collect,
  failEveryWay,
  openEveryWay,
  openRangeOf,
  sealEveryWay,
} from '../../../test/support/chunked-interfaces';

interface VectorFile<T> {
  readonly numberOfTests: number;
  readonly testGroups: readonly { readonly tests: readonly T[] }[];
}

interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid';
  readonly flags: readonly string[];
}

interface HkdfCase extends Case {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

interface ChunkedCase extends Case {
  readonly key: string;
  readonly ctx: string;
  /** hex(zlib(message)) */
  readonly ct: string;
  readonly aeadKey?: string;
  readonly baseNonce?: string;
  readonly msgLength?: number;
  readonly msgSha512?: string;
}

function casesOf<T>(directory: string, file: string, expected: number): T[] {
  const vectors = JSON.parse(readFileSync(join(directory, file), 'utf8')) as VectorFile<T>;
  const cases = vectors.testGroups.flatMap((group) => group.tests);
  if (cases.length !== vectors.numberOfTests || cases.length !== expected) throw new Error(`${file} is incomplete`);
  return cases;
}

const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest('hex');
const hex = (text: string) => Buffer.from(text, 'hex');

function defineHkdfSuite(cases: HkdfCase[]): void {
  it.each(cases)('case $tcId: $result, $size bytes $comment', ({ ikm, salt, info, size, okm, result }) => {
    const prk = createHmac('sha512', hex(salt)).update(hex(ikm)).digest();
    const ways = [() => hkdfSha512(hex(salt), hex(ikm), hex(info), size), () => hkdfExpandSha512(prk, hex(info), size)];
    for (const derive of ways) {
      if (result === 'valid') expect(derive().toString('hex')).toBe(okm);
      // By name: the RangeError that Node throws is not the one of jest's sandbox.
      else expect(derive).toThrow(expect.objectContaining({ name: 'RangeError' }) as Error);
    }
  });
}

function defineChunkedSuite(cases: ChunkedCase[]): void {
  const named = cases.map((vector) => ({
    ...vector,
    keyBytes: hex(vector.key),
    ctxBytes: hex(vector.ctx),
    message: inflateSync(hex(vector.ct)),
  }));
  const valid = named.filter(({ result }) => result === 'valid');
  const invalid = named.filter(({ result }) => result === 'invalid');
  const derivable = named.filter(({ aeadKey }) => aeadKey !== undefined);

  it.each(derivable)('case $tcId derives key and nonce', ({ keyBytes, ctxBytes, message, aeadKey, baseNonce }) => {
    const keys = deriveMessageKeys(keyBytes, ctxBytes, message.subarray(0, SALT_BYTES));
    expect(keys.aeadKey.toString('hex')).toBe(aeadKey);
    expect(chunkNonce(keys.baseNonce, 0).toString('hex')).toBe(baseNonce);
  });

  it.each(valid)('case $tcId opens: $comment', async ({ keyBytes, ctxBytes, message, msgLength, msgSha512 }) => {
    expect(ptLen(message.length)).toBe(msgLength);
    for (const [way, plaintext] of await openEveryWay(keyBytes, ctxBytes, message, ptLen(message.length))) {
      expect([way, plaintext.length, sha512(plaintext)]).toEqual([way, msgLength, msgSha512]);
    }
  });

  it.each(valid)('case $tcId is sealed again, byte for byte', async ({ keyBytes, ctxBytes, message }) => {
    const plaintext = open(keyBytes, ctxBytes, message);
    const salt = message.subarray(0, SALT_BYTES);
    for (const [way, sealed] of await sealEveryWay(keyBytes, ctxBytes, plaintext, salt)) {
      expect([way, sealed.equals(message)]).toEqual([way, true]);
    }
  });

  it.each(valid)('case $tcId opens in ranges', async ({ keyBytes, ctxBytes, message }) => {
    const plaintext = open(keyBytes, ctxBytes, message);
    for (let border = 0; border < plaintext.length; border += CHUNK_BYTES) {
      for (const start of [border, border + 1, border + CHUNK_BYTES - 1]) {
        const range = { start, end: start + 5 };
        if (start >= plaintext.length) continue;
        const cut = await collect(openRangeOf(keyBytes, ctxBytes, message, range));
        expect(cut.equals(plaintext.subarray(range.start, range.end + 1))).toBe(true);
      }
    }
  });

  it.each(invalid)('case $tcId is refused: $comment', async (vector) => {
    const { keyBytes, ctxBytes, message, msgLength = 0, msgSha512 = sha512(Buffer.alloc(0)) } = vector;
    const refusal = keyBytes.length === KEY_BYTES ? DecryptionError : RangeError;
    for (const [way, { emitted, error }] of await failEveryWay(keyBytes, ctxBytes, message)) {
      expect([way, error]).toEqual([way, expect.any(refusal)]);
      // A stream may have given the genuine start of the message away, whole chunks of it; never anything else.
      expect([0, msgLength]).toContain(emitted.length);
      if (emitted.length > 0) expect([way, sha512(emitted)]).toEqual([way, msgSha512]);
    }
  });

  it('has a case of every kind that it claims to check', () => {
    const flags = new Set(named.flatMap((vector) => vector.flags));
    expect(flags.size).toBeGreaterThan(0);
    expect([...flags]).toEqual(expect.arrayContaining(['PartialPlaintext', 'InvalidKeySize', 'ChunkReordering']));
    expect(valid.length + invalid.length).toBe(named.length);
  });
}

const directory = process.env['VECTORS_DIR'];
if (directory) {
  describe('Wycheproof HKDF-SHA-512', () => defineHkdfSuite(casesOf(directory, 'hkdf_sha512_test.json', 83)));
  describe('Wycheproof Cobblestone-256', () =>
    defineChunkedSuite(casesOf(directory, 'c2sp_chunked_encryption_aes_256_gcm_test.json', 35)));
} else {
  process.stderr.write('NOT RUN: Wycheproof vectors (set VECTORS_DIR to a folder that holds them)\n');
  describe.skip('Wycheproof vectors', () => {
    it('need VECTORS_DIR', () => undefined);
  });
}
