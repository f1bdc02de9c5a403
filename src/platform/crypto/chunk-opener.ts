import { createDecipheriv, timingSafeEqual } from 'node:crypto';
import { HEADER_BYTES, SALT_BYTES, TAG_BYTES } from './chunked-format';
import { DecryptionError } from './decryption-error';
import { CHUNK_CIPHER, chunkNonce, deriveMessageKeys } from './message-keys';
import type { MessageKeys } from './message-keys';

/** Opens the chunks of one message in order, starting at any of them. */
export class ChunkOpener {
  private readonly keys: MessageKeys;

  /**
   * Checks the key commitment, in constant time, before any chunk can be opened.
   *
   * @param header the first 56 bytes of the message; not kept
   * @param index number of the first chunk that will be opened
   * @throws DecryptionError when the header is not one of `key` and `ctx`
   * @throws RangeError when the key has a wrong length
   */
  constructor(
    key: Buffer,
    ctx: Buffer,
    header: Buffer,
    private index = 0,
  ) {
    if (header.length !== HEADER_BYTES) throw new DecryptionError('the header is incomplete');
    this.keys = deriveMessageKeys(key, ctx, header.subarray(0, SALT_BYTES));
    if (!timingSafeEqual(this.keys.commitment, header.subarray(SALT_BYTES))) {
      throw new DecryptionError('the message was sealed with another key or context');
    }
  }

  /**
   * Opens the next chunk into `target` at `offset`; returns the bytes written. Nothing is written unless the tag is
   * right.
   *
   * @throws DecryptionError when the chunk is truncated, altered or not the next one
   */
  open(sealed: Buffer, target: Buffer, offset: number): number {
    if (sealed.length < TAG_BYTES) throw new DecryptionError('the message is truncated');
    const tagStart = sealed.length - TAG_BYTES;
    const nonce = chunkNonce(this.keys.baseNonce, this.index++);
    const decipher = createDecipheriv(CHUNK_CIPHER, this.keys.aeadKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(tagStart));
    const plaintext = decipher.update(sealed.subarray(0, tagStart));
    try {
      decipher.final();
    } catch {
      throw new DecryptionError('a chunk is altered, missing or out of place');
    }
    return plaintext.copy(target, offset);
  }
}
