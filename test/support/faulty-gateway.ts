import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a client of S3 asks for, by what it is called. */
export type S3Operation =
  | 'PutObject'
  | 'GetObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'HeadBucket';

/**
 * `busy`: 503 instead of an answer; `cut`: the connection breaks at once; `deaf`: nothing ever comes; `lost`: it is done, and the connection
 * breaks instead of the answer; a number: the body of the answer breaks off after so many bytes.
 */
export type Fault = 'busy' | 'cut' | 'deaf' | 'lost' | number;

/** Stands before a real object store and lets some of what is asked of it go wrong. */
export class FaultyGateway {
  /** Every request that has come. */
  readonly seen: S3Operation[] = [];
  /** What goes wrong with a request; `time` counts those of its kind, from 1. */
  plan: (operation: S3Operation, time: number) => Fault | null = () => null;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(endpoint: string): Promise<FaultyGateway> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const gateway = new FaultyGateway(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (incoming, response) => gateway.handle(endpoint, incoming, response));
    return gateway;
  }

  /** Forgets what was seen and goes wrong no more. */
  reset(): void {
    this.seen.length = 0;
    this.plan = () => null;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private handle(endpoint: string, incoming: IncomingMessage, response: ServerResponse): void {
    const operation = operationOf(incoming);
    this.seen.push(operation);
    const fault = this.plan(operation, this.seen.filter((each) => each === operation).length);
    incoming.on('error', () => undefined);
    if (fault === 'deaf') return;
    if (fault === 'cut') return void incoming.socket.destroy();
    if (fault === 'busy') {
      incoming.resume();
      return void response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    }
    forward(endpoint, incoming, (answer) => pass(answer, response, fault)).on('error', () => response.destroy());
  }
}

/** The signature is over the head as it came, so that none of it may change. */
function forward(endpoint: string, incoming: IncomingMessage, then: (answer: IncomingMessage) => void): ClientRequest {
  const { method, url = '', headers } = incoming;
  const outgoing = request(`${endpoint}${url}`, { method, headers, agent: false });
  outgoing.on('response', then);
  return incoming.pipe(outgoing);
}

function pass(answer: IncomingMessage, response: ServerResponse, fault: 'lost' | number | null): void {
  answer.on('error', () => response.destroy());
  if (fault === 'lost') return void answer.resume().on('end', () => response.socket?.destroy());
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  if (fault === null) return void answer.pipe(response);
  let left = fault;
  answer.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    // What is written is sent first.
    response.write(part, () => left === 0 && response.destroy());
  });
}

function operationOf({ method, url = '' }: IncomingMessage): S3Operation {
  const { pathname, searchParams: query } = new URL(url, 'http://s3');
  const isBucket = !/^\/[^/]+\/./.test(pathname);
  if (method === 'PUT') return query.has('partNumber') ? 'UploadPart' : 'PutObject';
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  if (method === 'HEAD') return 'HeadBucket';
  if (!isBucket) return 'GetObject';
  return query.has('uploads') ? 'ListMultipartUploads' : 'ListObjectsV2';
}
