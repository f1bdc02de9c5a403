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
 * breaks instead of the answer; a number: the body of the answer breaks off after so many bytes. `torn`: the connection breaks in the middle
 * of the request's body. Answers that look like a success: `idle`: 200 and nothing is done; `late`: 200 and an error in its body; `short`,
 * `long`: a body that ends well, and is half of what it should be, or more than that; `other`, `whole`: another range, or none.
 */
export type Fault =
  'busy' | 'cut' | 'torn' | 'deaf' | 'lost' | 'idle' | 'late' | 'short' | 'long' | 'other' | 'whole' | number;

/** Stands before a real object store and lets some of what is asked of it go wrong. */
export class FaultyGateway {
  /** Every request that has come. */
  readonly seen: S3Operation[] = [];
  /** How many of them have neither been answered nor given up. */
  underWay = 0;
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
    this.underWay++;
    response.on('close', () => this.underWay--);
    incoming.on('error', () => undefined);
    if (fault === 'deaf') return;
    if (fault === 'cut') return void incoming.socket.destroy();
    if (fault === 'torn') return void incoming.once('data', () => incoming.socket.destroy());
    if (fault === 'busy' || fault === 'idle' || fault === 'late') {
      const error = `<Error><Code>${fault === 'busy' ? 'SlowDown' : 'InternalError'}</Code></Error>`;
      incoming.resume();
      return void response.writeHead(fault === 'busy' ? 503 : 200).end(fault === 'idle' ? '' : error);
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

function pass(answer: IncomingMessage, response: ServerResponse, fault: Fault | null): void {
  answer.on('error', () => response.destroy());
  response.on('close', () => answer.destroy());
  if (fault === 'lost') return void answer.resume().on('end', () => response.socket?.destroy());
  if (fault === 'short' || fault === 'long') return void missend(answer, response, fault);
  const headers = { ...answer.headers };
  if (fault === 'whole') delete headers['content-range'];
  if (fault === 'other') headers['content-range'] = headers['content-range']?.replace(/\d+-/, '1-');
  response.writeHead(answer.statusCode ?? 500, headers);
  if (typeof fault !== 'number') return void answer.pipe(response);
  let left = fault;
  answer.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    // What is written is sent first.
    response.write(part, () => left === 0 && response.destroy());
  });
}

/** Another body than it should be, in chunks, so that no head contradicts it. */
async function missend(answer: IncomingMessage, response: ServerResponse, how: 'short' | 'long'): Promise<void> {
  const headers = { ...answer.headers };
  delete headers['content-length'];
  const body = Buffer.concat((await answer.toArray()) as Buffer[]);
  response.writeHead(answer.statusCode ?? 500, headers);
  response.write(how === 'short' ? body.subarray(0, body.length >> 1) : Buffer.concat([body, body]));
  response.end();
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
