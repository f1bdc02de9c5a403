/** Crockford's base32 (crockford.com/base32.html): no letters that are read as digits, and no U. */
export const CROCKFORD_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const BITS = 5;

/** What a person typed, as its symbols: any case, with or without spaces and dashes, O for 0, I and L for 1. Anything else stays as it is. */
export function crockfordSymbols(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
}

/**
 * @param bytes a multiple of 5 of them, so that no symbol is only half full
 * @throws RangeError when it is not
 */
export function encodeCrockford(bytes: Buffer): string {
  if (bytes.length % BITS !== 0) throw new RangeError('the bytes do not fill their symbols');
  const symbols = (bytes.length * 8) / BITS;
  let value = BigInt(`0x0${bytes.toString('hex')}`);
  let text = '';
  for (let symbol = 0; symbol < symbols; symbol++) {
    text = CROCKFORD_ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= BigInt(BITS);
  }
  return text;
}

/** The inverse, of symbols as {@link crockfordSymbols} gives them; null when one of them is none, or they fill no whole bytes. */
export function decodeCrockford(symbols: string): Buffer | null {
  if (symbols.length % 8 !== 0) return null;
  let value = 0n;
  for (const symbol of symbols) {
    const digit = CROCKFORD_ALPHABET.indexOf(symbol);
    if (digit < 0) return null;
    value = (value << BigInt(BITS)) | BigInt(digit);
  }
  const bytes = (symbols.length * BITS) / 8;
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex').subarray(0, bytes);
}
