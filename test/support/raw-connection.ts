import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Answer } from './vault-client';

/** How long an answer may take, in ms. */
const PATIENCE_MS = 8000;

/** HTTP by hand, for what no decent client would send. Never throws for what the other side does. */
export class RawConnection {
  private received = Buffer.alloc(0);
  private over = false;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.over = true));
  }

  /** @param url of the vault */
  static async to(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** One request and its answer. */
  static async exchange(url: string, lines: readonly string[], body: Buffer | string = ''): Promise<Answer | null> {
    const connection = await RawConnection.to(url);
    await connection.send(lines, body);
    const answer = await connection.answer();
    connection.abort();
    return answer;
  }

  /** Request line and headers, then as much of a body as is given. */
  async send(lines: readonly string[], body: Buffer | string = ''): Promise<void> {
    await this.write(`${lines.join('\r\n')}\r\n\r\n`);
    await this.write(body);
  }

  /** Resolves when the other side has room for more, or is gone. */
  async write(bytes: Buffer | string): Promise<void> {
    if (bytes.length === 0 || this.socket.destroyed || this.socket.write(bytes)) return;
    await new Promise<void>((resolve) => this.socket.once('drain', resolve).once('close', resolve));
  }

  /**
   * Sends until it is answered or so many bytes are gone.
   * @returns how many bytes were gone when the answer came
   */
  async pour(block: Buffer, bytes: number): Promise<number> {
    let sent = 0;
    while (sent < bytes && this.received.length === 0 && !this.over) {
      await Promise.race([this.write(block), once(this.socket, 'data').catch(() => undefined)]);
      sent += block.length;
      await new Promise(setImmediate);
    }
    return sent;
  }

  /** The next answer, read as far as its Content-Length or the end of the connection, or null when there is none. */
  async answer(): Promise<Answer | null> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = this.parse();
      if (answer || (this.over && this.received.length === 0)) return answer;
      if (Date.now() > until) throw new Error(`no answer in ${PATIENCE_MS} ms: ${this.received.toString('latin1')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Resolves when the other side has closed the connection. */
  async closed(): Promise<void> {
    if (!this.over) await once(this.socket, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  get isClosed(): boolean {
    return this.over;
  }

  /** Sends the end of the stream; the other direction stays open. */
  end(): void {
    this.socket.end();
  }

  /** Goes away without a word. */
  abort(): void {
    this.socket.destroy();
  }

  /** Takes one answer off what has been received; interim ones (1xx) have no body. */
  private parse(): Answer | null {
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [statusLine = '', ...lines] = this.received.toString('latin1', 0, end).split('\r\n');
    const headers = new Headers(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(statusLine.split(' ')[1]);
    const rest = this.received.subarray(end + 4);
    const length = status < 200 ? 0 : bodyLength(headers, rest);
    if (rest.length < length && !this.over) return null;
    const sent = rest.subarray(0, Math.min(rest.length, length));
    this.received = rest.subarray(sent.length);
    const bytes = headers.get('transfer-encoding') === 'chunked' ? withoutChunks(sent) : sent;
    const isJson = /json/.test(headers.get('content-type') ?? '');
    return { status, headers, bytes, body: (isJson ? JSON.parse(bytes.toString()) : {}) as Answer['body'] };
  }
}

/** How many bytes of `rest` are the body's; Infinity as long as nobody can know. */
function bodyLength(headers: Headers, rest: Buffer): number {
  if (headers.get('transfer-encoding') !== 'chunked') return Number(headers.get('content-length') ?? Infinity);
  const last = rest.indexOf('0\r\n\r\n');
  return last < 0 ? Infinity : last + 5;
}

/** What chunks carry (RFC 9112 section 7.1). */
function withoutChunks(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n');
  const size = parseInt(bytes.toString('latin1', 0, end), 16);
  if (end < 0 || !(size > 0)) return Buffer.alloc(0);
  const start = end + 2;
  return Buffer.concat([bytes.subarray(start, start + size), withoutChunks(bytes.subarray(start + size + 2))]);
}
