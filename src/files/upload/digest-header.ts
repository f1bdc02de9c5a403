/** A digest header that is not the dictionary of RFC 9530; the caller answers 400. */
export class MalformedDigestError extends Error {
  override readonly name = 'MalformedDigestError';

  constructor() {
    super('A digest header must look like "sha-256=:<base64 of 32 bytes>:".');
  }
}

const KEY = '[a-z*][a-z0-9_.*-]*';
const QUOTED = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
/** RFC 8941 section 3.1.2. RFC 9530 defines no parameters: their values are stepped over, not checked by type. */
const PARAMETER = String.raw`; *${KEY}(?:=(?:${QUOTED}|[^\x00-\x20",;\x7f-\uffff]+))?`;

/** RFC 9530 section 2: every member is an algorithm and a byte sequence; after a comma there must be another. */
const MEMBER = new RegExp(String.raw`(${KEY})=:([A-Za-z0-9+/=]*):(?:${PARAMETER})*(?:[ \t]*,[ \t]*(?=.)|$)`, 'gy');

/** RFC 8941 section 4.2.7 asks parsers to accept missing padding; 43 characters are 32 bytes. */
const SHA256_BASE64 = /^[A-Za-z0-9+/]{43}=?$/;

/**
 * The SHA-256 that a client announces in Content-Digest or Repr-Digest (RFC 9530 sections 2 and 3, both the same
 * structured-field dictionary). Other algorithms are ignored; which bytes are meant is the caller's question.
 *
 * @param header its value as Node delivers it, if there is one
 * @returns 32 bytes, or null where no sha-256 is announced
 * @throws MalformedDigestError
 */
export function parseSha256Digest(header: string | undefined): Buffer | null {
  const dictionary = header ?? '';
  let digest: Buffer | null = null;
  let end = 0;
  for (const [member, algorithm, value] of dictionary.matchAll(MEMBER)) {
    end += member.length;
    // RFC 8941 section 4.2.2: of members with one key the last counts, but all are parsed.
    if (algorithm === 'sha-256') digest = decodeSha256(value);
  }
  // RFC 8941 section 4.2: a field that fails to parse anywhere fails as a whole.
  if (end !== dictionary.length) throw new MalformedDigestError();
  return digest;
}

function decodeSha256(base64: string): Buffer {
  if (!SHA256_BASE64.test(base64)) throw new MalformedDigestError();
  return Buffer.from(base64, 'base64');
}
