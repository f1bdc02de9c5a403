import { createCipheriv, randomBytes } from 'node:crypto';
import { HEADER_BYTES, SALT_BYTES, TAG_BYTES } from './chunked-format';
import { CHUNK_CIPHER, chunkNonce, deriveMessageKeys } from './message-keys';
import type { MessageKeys } from './message-keys';

/** Seals the chunks of one message in order; the caller cuts the plaintext and places the bytes. */
export class ChunkSealer {
  private readonly keys: MessageKeys;
  private readonly salt: Buffer;
  private index = 0;

  /**
   * @param salt given only by tests that reproduce published messages: a salt never repeats under one key
   * @throws RangeError when key or salt have a wrong length
   */
  constructor(key: Buffer, ctx: Buffer, salt: Buffer = randomBytes(SALT_BYTES)) {
    this.keys = deriveMessageKeys(key, ctx, salt);
    this.salt = salt;
  }

  /** Writes the 56-byte header at the start of `target`; returns its length. */
  writeHeader(target: Buffer): number {
    this.salt.copy(target);
    this.keys.commitment.copy(target, SALT_BYTES);
    return HEADER_BYTES;
  }

  /** Seals the next chunk into `target` at `offset`; returns the bytes written (16 more than `chunk` has). */
  seal(chunk: Buffer, target: Buffer, offset: number): number {
    const nonce = chunkNonce(this.keys.baseNonce, this.index++);
    const cipher = createCipheriv(CHUNK_CIPHER, this.keys.aeadKey, nonce, { authTagLength: TAG_BYTES });
    cipher.update(chunk).copy(target, offset);
    cipher.final();
    cipher.getAuthTag().copy(target, offset + chunk.length);
    return chunk.length + TAG_BYTES;
  }
}
