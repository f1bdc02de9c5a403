import type { Request, Response } from 'express';
import { sendBytes } from '../../files/download/send-bytes';
import { archiveHeaders } from '../../files/download/send-file';
import type { Export } from './exports.service';

/**
 * Answers GET or HEAD with an export: whole, one range, 304 or 416.
 * @param prepare makes it, as long as somebody waits for it
 * @throws {AppError} before the first byte only; later failures break the transfer, so that it never looks complete
 */
export async function sendExport(
  request: Request,
  response: Response,
  prepare: (isWanted: () => boolean) => Promise<Export | null>,
): Promise<void> {
  const prepared = await prepare(() => !request.socket.destroyed);
  if (prepared) await sendBytes(request, response, prepared, archiveHeaders(prepared.name));
  else response.destroy();
}
