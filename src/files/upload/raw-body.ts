import type { Request } from 'express';
import { RequestErrors } from '../../platform/http/http.errors';
import { MalformedDigestError, parseSha256Digest } from './digest-header';
import { UploadErrors } from './upload.errors';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * The body as it comes. Leaving the loop early must not destroy the request: its socket still has to carry the refusal.
 * @throws {AppError} `UPLOAD.INCOMPLETE` when the client goes away
 */
export async function* bodyOf(request: Request): AsyncGenerator<Buffer> {
  yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  if (!request.complete) throw UploadErrors.incomplete();
}

/**
 * The file's length, where the client says it: Node has already refused a malformed Content-Length.
 * @throws {AppError} `REQUEST.UNSUPPORTED_TYPE` for encoded bytes, which are not the file (RFC 9110 section 15.5.16);
 * `REQUEST.MALFORMED` for a part of a file: RFC 9110 section 14.5 wants a PUT with Content-Range refused
 */
export function announcedBytes(headers: Headers): number | undefined {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw RequestErrors.unsupportedType({ detail: 'Send the file without Content-Encoding.' });
  if (headers['content-range'] !== undefined)
    throw RequestErrors.malformed({ detail: 'Send the whole file, without Content-Range.' });
  return headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
}

/**
 * RFC 9530: Content-Digest is over the bytes of this message, Repr-Digest over the whole representation; a PUT without
 * Content-Encoding or Content-Range makes them the same.
 * @throws {AppError} `REQUEST.MALFORMED`; `UPLOAD.DIGEST_MISMATCH` when the two contradict each other
 */
export function announcedSha256(headers: Headers): Buffer | undefined {
  try {
    const content = parseSha256Digest(headers['content-digest']);
    const representation = parseSha256Digest(headers['repr-digest']);
    if (content && representation && !content.equals(representation)) throw UploadErrors.digestMismatch();
    return content ?? representation ?? undefined;
  } catch (error) {
    throw error instanceof MalformedDigestError
      ? RequestErrors.malformed({ detail: error.message, cause: error })
      : error;
  }
}
