import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { INLINE_TYPES } from '../../platform/media/media-type';
import { FileErrors } from '../files.errors';
import { ifRangeHolds, matchesIfNoneMatch } from './conditional-request';
import type { Download } from './download.service';
import { parseRange } from './http-range';
import { writeBlocks } from './write-blocks';

/**
 * Answers GET or HEAD with a file: whole, one range, 304 or 416. Access has been decided before this is called.
 * @throws {AppError} before the first byte only; later failures break the transfer, so that it never looks complete
 */
export async function sendFile(
  request: Request,
  response: Response,
  download: Download,
  disposition: 'inline' | 'attachment',
): Promise<void> {
  const { size, etag } = download;
  const { range: rangeHeader, 'if-none-match': ifNoneMatch } = request.headers;
  if (matchesIfNoneMatch(ifNoneMatch, etag)) {
    response
      .status(304)
      .set({ ETag: etag, ...caching(download) })
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
  const headers = {
    ...fileHeaders(download, disposition),
    'Content-Length': String(range.end - range.start + 1),
    ...(partial && { 'Content-Range': `bytes ${range.start}-${range.end}/${size}` }),
  };
  if (request.method === 'HEAD') {
    response.status(200).set(headers).end();
    return;
  }

  const blocks = download.open(range);
  // The first block decides whether there is an answer at all; headers promise nothing before it is there.
  const first = await blocks.next();
  response.status(partial ? 206 : 200).set(headers);
  await writeBlocks(response, first, blocks);
}

/** What may be kept is asked for again each time: whoever has signed out, or lost access, gets nothing more. */
function caching({ isTransient }: Download): Record<string, string> {
  return { 'Cache-Control': isTransient ? 'private, no-store' : 'private, no-cache', Vary: 'Cookie, Authorization' };
}

/** A stored file is somebody's data, never a page: nothing in it may run, and only what browsers show harmlessly is shown. */
function fileHeaders(download: Download, disposition: 'inline' | 'attachment'): Record<string, string> {
  const { name, contentType, etag } = download;
  const shown = INLINE_TYPES.has(contentType);
  return {
    'Content-Type': shown ? contentType : 'application/octet-stream',
    'Content-Disposition': contentDisposition(name, { type: shown ? disposition : 'attachment' }),
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Accept-Ranges': 'bytes',
    ETag: etag,
    ...caching(download),
  };
}
