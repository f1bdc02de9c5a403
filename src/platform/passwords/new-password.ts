import { isCommonPassword } from './common-passwords';
import { PasswordErrors } from './password.errors';

/** Bytes of UTF-8, in NFC: the least that is worth guessing at slowly, and the most that anybody types. */
const MIN_BYTES = 8;
const MAX_BYTES = 256;
/** Half of a surrogate pair has no UTF-8; a control character is a slip of the keyboard that nobody can repeat. */
const UNTYPABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * A password that somebody wants to set. No rules about digits or capitals: length, and that it is none of the passwords that are tried
 * first (NIST SP 800-63B-4, section 3.1.1.2).
 * @returns it in NFC, so that it is the same from every keyboard
 * @throws {AppError} `PASSWORD.REFUSED`, with the reason
 */
export function newPassword(typed: string): string {
  const password = typed.normalize('NFC');
  const bytes = Buffer.byteLength(password);
  if (UNTYPABLE.test(password)) throw PasswordErrors.refused({ detail: 'A password has no control characters.' });
  if (bytes < MIN_BYTES) throw PasswordErrors.refused({ detail: `A password has at least ${MIN_BYTES} bytes.` });
  if (bytes > MAX_BYTES) throw PasswordErrors.refused({ detail: `A password has at most ${MAX_BYTES} bytes.` });
  if (isCommonPassword(password)) {
    throw PasswordErrors.refused({ detail: 'This password is one of those that everybody tries first.' });
  }
  return password;
}
