/**
 * Unambiguous byte strings: an ASCII label, a zero byte, then fields of fixed width (at most the last one is free).
 * Two different lists of fields never give the same bytes, which is what contexts and MAC inputs rest on.
 */
export function labelled(label: string, ...fields: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`${label}\0`, 'ascii'), ...fields]);
}

const CANONICAL_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The 16 bytes of a UUID in its text form (RFC 9562, section 4).
 *
 * @throws RangeError when it is not one
 */
export function uuid(text: string): Buffer {
  if (!CANONICAL_UUID.test(text)) throw new RangeError('not a UUID');
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

/** One byte. @throws RangeError when it is no integer of 0–255 */
export function u8(value: number): Buffer {
  const field = Buffer.alloc(1);
  field.writeUInt8(integer(value));
  return field;
}

/** Four bytes, big-endian. @throws RangeError when it is no integer of 0–2^32-1 */
export function u32(value: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(integer(value));
  return field;
}

/** Eight bytes, big-endian. @throws RangeError when it is no integer of 0–2^64-1 */
export function u64(value: number | bigint): Buffer {
  const field = Buffer.alloc(8);
  field.writeBigUInt64BE(BigInt(value));
  return field;
}

/** Buffer checks the range but writes fractions rounded down, and NaN as 0. */
function integer(value: number): number {
  if (!Number.isInteger(value)) throw new RangeError('not an integer');
  return value;
}
