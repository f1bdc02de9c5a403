import { KEY_BYTES, ctLen, open, seal } from './chunked-encryption';
import { DecryptionError } from './decryption-error';

/** First byte of every stored value: names the format of the rest, so that another one can follow it. */
const FORMAT_COBBLESTONE_256 = 0x01;
/** A wrapped key as it is stored: format byte and message. */
export const WRAPPED_KEY_BYTES = 1 + ctLen(KEY_BYTES);

/**
 * Seals a column value: 0x01 ‖ message.
 *
 * @param ctx what the value is (see contexts.ts)
 * @param salt only for published vectors; random otherwise
 */
export function sealValue(key: Buffer, ctx: Buffer, plaintext: Buffer, salt?: Buffer): Buffer {
  return Buffer.concat([Buffer.of(FORMAT_COBBLESTONE_256), seal(key, ctx, plaintext, salt)]);
}

/**
 * Opens a column value.
 *
 * @throws DecryptionError when the format is unknown or the message does not open
 */
export function openValue(key: Buffer, ctx: Buffer, value: Buffer): Buffer {
  if (value[0] !== FORMAT_COBBLESTONE_256) throw new DecryptionError('unknown format of a sealed value');
  return open(key, ctx, value.subarray(1));
}

/**
 * Wraps a 32-byte key under another one; 105 bytes.
 *
 * @throws RangeError when `key` has another length
 */
export function wrapKey(wrappingKey: Buffer, ctx: Buffer, key: Buffer, salt?: Buffer): Buffer {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  return sealValue(wrappingKey, ctx, key, salt);
}

/**
 * Unwraps a 32-byte key.
 *
 * @throws DecryptionError when `wrapped` is not 105 bytes or does not open
 */
export function unwrapKey(wrappingKey: Buffer, ctx: Buffer, wrapped: Buffer): Buffer {
  if (wrapped.length !== WRAPPED_KEY_BYTES) throw new DecryptionError('not a wrapped key');
  return openValue(wrappingKey, ctx, wrapped);
}
