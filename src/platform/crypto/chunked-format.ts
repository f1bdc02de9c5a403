import { DecryptionError } from './decryption-error';

/** Length of every symmetric key: AES-256 and the input key of HKDF-Expand. */
export const KEY_BYTES = 32;
/** Random bytes at the start of a message; fresh for every message. */
export const SALT_BYTES = 24;
/** Key commitment that follows the salt. */
export const COMMITMENT_BYTES = 32;
/** Salt and commitment: everything before the first chunk. */
export const HEADER_BYTES = SALT_BYTES + COMMITMENT_BYTES;
/** Plaintext of every chunk but the last, which is always shorter and may be empty. */
export const CHUNK_BYTES = 16_384;
/** AES-GCM tag at the end of every chunk. */
export const TAG_BYTES = 16;
/** A full chunk as it is stored. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/**
 * Chunks of one message, at most (64 TiB). The specification allows up to 2^38 and asks implementations not to stop
 * below 2^32; at 2^32 the counter is one 32-bit word.
 */
export const MAX_CHUNKS = 2 ** 32;

/**
 * Length in bytes of the message that seals `ptBytes` bytes of plaintext.
 *
 * @throws RangeError when `ptBytes` is no length, or needs more than MAX_CHUNKS chunks
 */
export function ctLen(ptBytes: number): number {
  if (!Number.isSafeInteger(ptBytes) || ptBytes < 0 || ptBytes >= MAX_CHUNKS * CHUNK_BYTES) {
    throw new RangeError('not a plaintext length');
  }
  return HEADER_BYTES + ptBytes + TAG_BYTES * (Math.floor(ptBytes / CHUNK_BYTES) + 1);
}

/**
 * Length in bytes of the plaintext inside a message of `ctBytes` bytes: the inverse of {@link ctLen}.
 *
 * @throws DecryptionError when no message has that length (it was truncated, or is no message)
 */
export function ptLen(ctBytes: number): number {
  const body = ctBytes - HEADER_BYTES;
  const fullChunks = Math.floor(body / SEALED_CHUNK_BYTES);
  const lastChunk = body - fullChunks * SEALED_CHUNK_BYTES;
  // "any message of encrypted length 56 + k * (16 KiB + len(tag)) is truncated": the last chunk always has a tag.
  if (!Number.isSafeInteger(ctBytes) || body < 0 || lastChunk < TAG_BYTES || fullChunks >= MAX_CHUNKS) {
    throw new DecryptionError('no sealed message has this length');
  }
  return fullChunks * CHUNK_BYTES + lastChunk - TAG_BYTES;
}
