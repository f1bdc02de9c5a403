import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AppError } from '../errors/app-error';
import { RequestErrors } from './http.errors';

/** What Node's parser says of a connection on which no request could be read; everything else is malformed. */
const BY_CODE: Record<string, () => AppError> = {
  HPE_HEADER_OVERFLOW: RequestErrors.headersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestErrors.tooSlow,
};

/** Answers what never became a request (bad syntax, Content-Length next to Transfer-Encoding, endless headers) like everything else. */
export function answerUnreadableRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const { definition } = (BY_CODE[error.code ?? ''] ?? RequestErrors.malformed)();
    const { status, code, title } = definition;
    const body = JSON.stringify({ type: `urn:photovault:error:${code}`, title, status, code });
    const head = [
      `HTTP/1.1 ${status} ${title.replace(/[^\x20-\x7e]/g, '')}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}
