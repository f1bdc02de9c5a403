import type { Request, Response } from 'express';
import { archiveHeaders } from '../../files/download/send-file';
import { writeBlocks } from '../../files/download/write-blocks';
import type { SharedArchive } from './shared-archives.service';

/**
 * Answers GET or HEAD with an archive, whose length nobody knows before its end.
 * @throws {AppError} before the first byte only; later failures break the transfer, so that it never looks complete
 */
export async function sendArchive(
  request: Request,
  response: Response,
  { name, blocks }: SharedArchive,
): Promise<void> {
  const headers = {
    ...archiveHeaders(name),
    'Cache-Control': 'private, no-store',
    Vary: 'Cookie, Authorization',
  };
  if (request.method === 'HEAD') {
    response.status(200).set(headers).end();
    return;
  }
  const first = await blocks.next();
  response.status(200).set(headers);
  await writeBlocks(response, first, blocks);
}
