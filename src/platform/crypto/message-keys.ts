import { CHUNK_BYTES, COMMITMENT_BYTES, KEY_BYTES, MAX_CHUNKS, SALT_BYTES } from './chunked-format';
import { hkdfExpandSha512 } from './key-derivation';

/** AEAD of every chunk, by OpenSSL's name. */
export const CHUNK_CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const INFO_PREFIX = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0', 'ascii');

/** What one message is sealed with; derived from key, salt and context, never stored. */
export interface MessageKeys {
  readonly aeadKey: Buffer;
  readonly baseNonce: Buffer;
  readonly commitment: Buffer;
}

/**
 * Derives the keys of one message (C2SP chunked-encryption@v1, "Key derivation").
 *
 * @param key 32 uniformly random bytes
 * @param ctx what the message is; the same bytes are needed to open it
 * @param salt 24 bytes that never repeat under `key`
 * @throws RangeError when key or salt have another length
 */
export function deriveMessageKeys(key: Buffer, ctx: Buffer, salt: Buffer): MessageKeys {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`);
  const info = Buffer.concat([INFO_PREFIX, salt, ctx]);
  const okm = hkdfExpandSha512(key, info, KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES);
  return {
    aeadKey: okm.subarray(0, KEY_BYTES),
    baseNonce: okm.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
    commitment: okm.subarray(KEY_BYTES + NONCE_BYTES),
  };
}

/**
 * The nonce of chunk `index`: the base nonce XOR the index as a 96-bit big-endian number.
 *
 * @throws RangeError at MAX_CHUNKS: the specification wants the operation aborted before a nonce could repeat
 */
export function chunkNonce(baseNonce: Buffer, index: number): Buffer {
  if (index >= MAX_CHUNKS) throw new RangeError(`a message has at most ${MAX_CHUNKS} chunks of ${CHUNK_BYTES} bytes`);
  const nonce = Buffer.from(baseNonce);
  const lowWord = NONCE_BYTES - 4;
  nonce.writeUInt32BE((baseNonce.readUInt32BE(lowWord) ^ index) >>> 0, lowWord);
  return nonce;
}
