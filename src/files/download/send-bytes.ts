import type { Request, Response } from 'express';
import { FileErrors } from '../files.errors';
import { ifRangeHolds, matchesIfNoneMatch } from './conditional-request';
import { parseRange } from './http-range';
import { writeBlocks } from './write-blocks';

/** Bytes that are ready to be asked for, whole or in part. */
export interface Sendable {
  readonly size: number;
  /** Strong and opaque, with its quotes. */
  readonly etag: string;
  /** No cache may keep it: what is behind a lock, or seen through a share. */
  readonly isTransient: boolean;
  /** @param range positions, both included */
  open(range: { start: number; end: number }): AsyncGenerator<Buffer, void>;
}

/**
 * Answers GET or HEAD with bytes: whole, one range, 304 or 416. Access has been decided before this is called.
 * @param headers what else there is to say of them
 * @throws {AppError} before the first byte only; later failures break the transfer, so that it never looks complete
 */
export async function sendBytes(
  request: Request,
  response: Response,
  bytes: Sendable,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const { size, etag } = bytes;
  const { range: rangeHeader, 'if-none-match': ifNoneMatch } = request.headers;
  if (matchesIfNoneMatch(ifNoneMatch, etag)) {
    response
      .status(304)
      .set({ ETag: etag, ...caching(bytes) })
      .end();
    return;
  }
  // RFC 9110 section 14.2: Range is defined for GET only, and a recipient ignores it elsewhere.
  const asked =
    request.method === 'GET' && ifRangeHolds(request.get('If-Range'), etag)
      ? parseRange(rangeHeader, size)
      : { kind: 'whole' as const };
  if (asked.kind === 'unsatisfiable')
    throw FileErrors.rangeNotSatisfiable({ headers: { 'Content-Range': `bytes */${size}` } });
  const partial = asked.kind === 'range';
  const range = partial ? { start: asked.start, end: asked.end } : { start: 0, end: size - 1 };
  const all = {
    ...headers,
    'Accept-Ranges': 'bytes',
    ETag: etag,
    ...caching(bytes),
    'Content-Length': String(range.end - range.start + 1),
    ...(partial && { 'Content-Range': `bytes ${range.start}-${range.end}/${size}` }),
  };
  if (request.method === 'HEAD') {
    response.status(200).set(all).end();
    return;
  }

  const blocks = bytes.open(range);
  // The first block decides whether there is an answer at all; headers promise nothing before it is there.
  const first = await blocks.next();
  response.status(partial ? 206 : 200).set(all);
  await writeBlocks(response, first, blocks);
}

/** What may be kept is asked for again each time: whoever has signed out, or lost access, gets nothing more. */
function caching({ isTransient }: Sendable): Record<string, string> {
  return { 'Cache-Control': isTransient ? 'private, no-store' : 'private, no-cache', Vary: 'Cookie, Authorization' };
}
