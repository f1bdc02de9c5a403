import type { Request, Response } from 'express';

/** "bytes first-last/size" (RFC 9110 section 14.4). */
const CONTENT_RANGE = /^bytes \d+-(\d+)\/(\d+)$/;

/**
 * Calls `then` when an answer has left the process in full that ends with the last byte of what was asked for: a download that has come to
 * its end, in one piece or in several. One that breaks, a part from the middle, and an answer without the bytes (HEAD, 304) are none.
 */
export function whenComplete(request: Request, response: Response, then: () => void): void {
  response.once('finish', () => {
    const { statusCode } = response;
    if (request.method === 'GET' && (statusCode === 200 || (statusCode === 206 && reachesEnd(response)))) then();
  });
}

function reachesEnd(response: Response): boolean {
  const [, last, size] = CONTENT_RANGE.exec(response.get('Content-Range') ?? '') ?? [];
  return last !== undefined && Number(last) + 1 === Number(size);
}
