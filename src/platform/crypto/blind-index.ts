/**
 * Blind indexes: equal inputs give equal 32 bytes, which say nothing without the key. They let the database look names
 * and contents up, and keep them unique, without being able to read them.
 */
import { createHmac } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { KEY_BYTES } from './chunked-format';
import { hkdfExpandSha512 } from './key-derivation';

const SHA256_BYTES = 32;

/** Index of a file's name within its folder. */
export function nameIndex(folderKey: Buffer, name: string): Buffer {
  return hmacSha256(indexKey(folderKey, 'pv1/idx/name'), name.normalize('NFC'));
}

/**
 * Index of a file's content within its folder.
 *
 * @param sha256 of the plaintext, 32 bytes
 * @throws RangeError when it is not 32 bytes (a hex string turned into a Buffer, say)
 */
export function contentIndex(folderKey: Buffer, sha256: Buffer): Buffer {
  if (sha256.length !== SHA256_BYTES) throw new RangeError('a SHA-256 has 32 bytes');
  return hmacSha256(indexKey(folderKey, 'pv1/idx/content'), sha256);
}

/** Index of a folder's name within its owner's folders. */
export function folderNameIndex(userKey: Buffer, name: string): Buffer {
  return hmacSha256(indexKey(userKey, 'pv1/idx/folder'), name.normalize('NFC'));
}

/** What an export is known by as long as nothing of it changes, whatever it holds. */
export function exportTag(userKey: Buffer, layout: Buffer): Buffer {
  return hmacSha256(indexKey(userKey, 'pv1/idx/export'), layout);
}

/**
 * Index of an e-mail address among all users; takes the address as typed.
 *
 * @param secret the server secret `email-index`
 * @throws RangeError when it is not an address
 */
export function emailIndex(secret: Buffer, email: string): Buffer {
  return hmacSha256(secret, normalizeEmail(email));
}

/**
 * The one spelling of an e-mail address: NFC, lower case, the domain in ASCII. Dots and "+tags" of the local part stay,
 * since most providers tell them apart.
 *
 * @throws RangeError when there is no local part or no valid domain
 */
export function normalizeEmail(address: string): string {
  // Lower case can take a string out of NFC: "J" with caron has no composed form, "j" with caron has one.
  const lower = address.normalize('NFC').toLowerCase().normalize('NFC');
  const at = lower.lastIndexOf('@');
  const domain = lower.slice(at + 1);
  // domainToASCII parses like a URL: it drops whatever follows these characters, or decodes it.
  const ascii = /[\s/\\?#%]/.test(domain) ? '' : domainToASCII(domain);
  if (at < 1 || ascii === '') throw new RangeError('not an e-mail address');
  return `${lower.slice(0, at)}@${ascii}`;
}

/** A key is uniformly random, so Expand alone separates its uses (RFC 5869, section 3.3). */
function indexKey(key: Buffer, label: string): Buffer {
  return hkdfExpandSha512(key, Buffer.from(label, 'ascii'), KEY_BYTES);
}

function hmacSha256(key: Buffer, input: string | Buffer): Buffer {
  return createHmac('sha256', key).update(input).digest();
}
