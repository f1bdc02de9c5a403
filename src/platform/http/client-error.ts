import { randomUUID } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request, Response } from 'express';
import type { AppError } from '../errors/app-error';
import { RequestErrors } from './http.errors';
import { SECURITY_HEADERS } from './security-headers';

/** What Node's parser says of a connection on which no request could be read; everything else is malformed. */
const BY_CODE: Record<string, () => AppError> = {
  HPE_HEADER_OVERFLOW: RequestErrors.headersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestErrors.tooSlow,
};

type HttpSocket = Duplex & { _httpMessage?: { headersSent: boolean } | null };

/** Answers what never became a request (bad syntax, Content-Length next to Transfer-Encoding, endless headers) like everything else. */
export function answerUnreadableRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: HttpSocket) => {
    // An answer in progress must break off: a second one in the middle of it would become part of somebody's photo.
    if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent) {
      socket.destroy();
      return;
    }
    const problem = (BY_CODE[error.code ?? ''] ?? RequestErrors.malformed)();
    socket.end(rawAnswer(problem));
  });
  // RFC 9110 section 10.1.1: an expectation other than 100-continue may be refused.
  server.on('checkExpectation', (_request: Request, response: Response) => {
    response.socket?.end(rawAnswer(RequestErrors.expectationFailed()));
  });
}

/** A whole HTTP/1.1 answer for connections on which Express has no say. */
function rawAnswer({ definition: { status, code, title } }: AppError): string {
  const requestId = randomUUID();
  const body = JSON.stringify({ type: `urn:photovault:error:${code}`, title, status, code, requestId });
  const headers = new Map([
    ...SECURITY_HEADERS,
    ['X-Request-Id', requestId],
    ['Content-Type', 'application/problem+json'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Connection', 'close'],
  ]);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
