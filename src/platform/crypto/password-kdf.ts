import { hashRaw } from '@node-rs/argon2';

/** Cost of a password hash; stored beside each hash, so that it can be raised later. */
export interface Argon2idParams {
  /** Memory in KiB. */
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** Cost of new hashes: 64 MiB, 3 passes, one lane. */
export const ARGON2ID_DEFAULTS: Argon2idParams = { memoryKiB: 65_536, passes: 3, parallelism: 1 };

const OUTPUT_BYTES = 32;

/**
 * Argon2id version 1.3 (RFC 9106) of a password; 32 bytes. Runs in libuv's thread pool, for tens of milliseconds and
 * with `memoryKiB` of memory: the caller bounds how many run at once.
 *
 * @param password text is put into NFC first, so that the same password typed on another system is the same; bytes are
 *   taken as they are
 * @param salt at least 8 bytes, random, stored beside the hash
 */
export async function argon2id(
  password: Buffer | string,
  salt: Buffer,
  params: Argon2idParams = ARGON2ID_DEFAULTS,
): Promise<Buffer> {
  // Algorithm and version are left at the library's defaults, argon2id 1.3: its enums are ambient `const enum`s, which
  // isolated modules cannot read. The known answers pin them.
  return hashRaw(typeof password === 'string' ? password.normalize('NFC') : password, {
    salt,
    memoryCost: params.memoryKiB,
    timeCost: params.passes,
    parallelism: params.parallelism,
    outputLen: OUTPUT_BYTES,
  });
}
