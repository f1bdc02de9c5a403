import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What a token opens, a session, a trusted device or a visit; its first letters, so that people and secret scanners can recognise one. */
export type TokenPrefix = 'pvs' | 'pvd' | 'pvv';

/** A token as it was made: `text` goes to the client, `raw` is hashed or derives keys, neither is stored. */
export interface NewToken {
  readonly text: string;
  readonly raw: Buffer;
}

const RAW_BYTES = 32;
const FORM = /^([a-z]{3})_([\w-]{43})([0-9a-f]{8})$/;

/** A fresh token: prefix, "_", base64url of 32 random bytes, CRC-32 of all that in lower-case hex. */
export function newToken(prefix: TokenPrefix): NewToken {
  const raw = randomBytes(RAW_BYTES);
  return { text: tokenText(prefix, raw), raw };
}

/**
 * The 32 bytes of a token, or null when `text` is not one. Exactly one text is accepted per token; the checksum turns
 * typing errors away without a question to the database, it is no protection.
 */
export function parseToken(prefix: TokenPrefix, text: string): Buffer | null {
  const encoded = FORM.exec(text)?.[2];
  if (encoded === undefined) return null;
  const raw = Buffer.from(encoded, 'base64url');
  return tokenText(prefix, raw) === text ? raw : null;
}

/** SHA-256 of a token's 32 bytes: all that the server keeps of it. 256 random bits need no salt and no slow hash. */
export function hashToken(raw: Buffer): Buffer {
  return createHash('sha256').update(raw).digest();
}

function tokenText(prefix: TokenPrefix, raw: Buffer): string {
  const body = `${prefix}_${raw.toString('base64url')}`;
  return body + crc32(body).toString(16).padStart(8, '0');
}
