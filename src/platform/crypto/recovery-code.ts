import { createHash, randomBytes } from 'node:crypto';
import { KEY_BYTES } from './chunked-format';
import { crockfordSymbols, decodeCrockford, encodeCrockford } from './crockford';

const CHECK_BYTES = 3;
const SYMBOLS = ((KEY_BYTES + CHECK_BYTES) * 8) / 5;

/** A way into a locked folder that is kept on paper. */
export interface RecoveryCode {
  /** 14 groups of four symbols. */
  readonly text: string;
  /** 32 random bytes: as strong as a key, so that they need no slow hash. */
  readonly secret: Buffer;
}

export function newRecoveryCode(): RecoveryCode {
  const secret = randomBytes(KEY_BYTES);
  const symbols = encodeCrockford(Buffer.concat([secret, checkOf(secret)]));
  return { secret, text: symbols.replace(/.{4}(?=.)/g, '$&-') };
}

/**
 * The 32 bytes of a recovery code as a person copied it from paper, or null when there is a mistake in it: its last 24 bits are the first ones
 * of the secret's SHA-256, so that a slip of the pen is told from a wrong code.
 */
export function parseRecoveryCode(typed: string): Buffer | null {
  const symbols = crockfordSymbols(typed);
  const bytes = symbols.length === SYMBOLS ? decodeCrockford(symbols) : null;
  if (!bytes) return null;
  const secret = bytes.subarray(0, KEY_BYTES);
  return checkOf(secret).equals(bytes.subarray(KEY_BYTES)) ? secret : null;
}

function checkOf(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest().subarray(0, CHECK_BYTES);
}
