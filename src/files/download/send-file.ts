import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { INLINE_TYPES } from '../../platform/media/media-type';
import type { Download } from './download.service';
import { sendBytes } from './send-bytes';

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
  await sendBytes(request, response, download, fileHeaders(download, disposition));
}

/** What is sent is somebody's data, never a page: nothing in it may run. */
const SANDBOX = "sandbox; default-src 'none'";

/** Only what browsers show harmlessly is shown. */
function fileHeaders({ name, contentType }: Download, disposition: 'inline' | 'attachment'): Record<string, string> {
  const shown = INLINE_TYPES.has(contentType);
  return {
    'Content-Type': shown ? contentType : 'application/octet-stream',
    'Content-Disposition': contentDisposition(name, { type: shown ? disposition : 'attachment' }),
    'Content-Security-Policy': SANDBOX,
  };
}

/** Of a ZIP of files. */
export function archiveHeaders(name: string): Record<string, string> {
  return {
    'Content-Type': 'application/zip',
    'Content-Disposition': contentDisposition(name, { type: 'attachment' }),
    'Content-Security-Policy': SANDBOX,
  };
}
