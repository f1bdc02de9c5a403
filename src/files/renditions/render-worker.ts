import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { RenderFailure } from './render-failure';

/** A picture to be made smaller. */
export interface RenderJob {
  /** Pixels of the square that it has to fit into; it is never enlarged. */
  readonly edge: number;
  /** Bytes that `open` will give. */
  readonly length: number;
  /** Its plaintext from the beginning; asked for again where a worker died. */
  open(): AsyncGenerator<Buffer, void>;
}

const PROGRAM = join(__dirname, 'decoder.process.cjs');
const TIME_LIMIT_MS = 20_000;
/** Bytes of the largest answer: more than any WebP of four megapixels. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;
/** Then another process takes its place: decoders leak, and memory falls to pieces. */
const JOBS_PER_WORKER = 500;

/** One process that decodes pictures, one at a time. It gets plaintext through a pipe and gives WebP through another. */
export class RenderWorker {
  private readonly child = startDecoder();
  private readonly output = this.child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  /** What has arrived and was not asked for yet. */
  private unread: Buffer = Buffer.alloc(0);
  private readonly closed: Promise<void>;
  private isAlive = true;
  /** Whether it has come so far that it could decode something. */
  private hasStarted = false;
  /** Whether it has all of the picture: only from then on it decodes. */
  private isFed = false;
  private isLate = false;
  private jobs = 0;

  /**
   * @param timeLimitMs for one picture; for tests that cannot wait
   * @throws {RenderFailure} when the system has no room for another process
   */
  constructor(private readonly timeLimitMs = TIME_LIMIT_MS) {
    this.closed = new Promise((resolve) => {
      const close = (): void => {
        this.isAlive = false;
        resolve();
      };
      this.child.once('close', close).once('error', close);
      this.child.once('exit', () => (this.isAlive = false));
    });
    // A write to a worker that is gone is answered by `closed`.
    this.child.stdin.on('error', () => undefined);
  }

  /** Whether another job may be given to it. */
  get isUsable(): boolean {
    return this.isAlive && this.jobs < JOBS_PER_WORKER;
  }

  /**
   * @returns WebP without any metadata, or null for what cannot be shown
   * @throws {RenderFailure} when the worker did not start, died, or was stopped for its slowness; else whatever the job's bytes throw. In both cases it
   *   is not usable any more.
   */
  async render(job: RenderJob): Promise<Buffer | null> {
    this.jobs++;
    const source = job.open();
    const deadline = setTimeout(() => {
      this.isLate = true;
      void this.kill();
    }, this.timeLimitMs);
    const death = this.closed.then(() => {
      throw this.failure();
    });
    try {
      return await Promise.race([this.exchange(job, source), death]);
    } catch (error) {
      // Half a picture is in its pipe, or half an answer.
      void this.kill();
      throw error;
    } finally {
      clearTimeout(deadline);
      death.catch(() => undefined);
      // Not awaited: bytes that never come must not keep a turn.
      source.return().catch(() => undefined);
    }
  }

  /** No more jobs: it ends by itself. */
  end(): void {
    this.child.stdin.end();
  }

  /** Ends it at once. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.isAlive = false;
    this.child.kill('SIGKILL');
    // What nobody reads would keep it from being over.
    this.child.stdin.destroy();
    this.child.stdout.destroy();
    await this.closed;
  }

  private async exchange({ edge, length }: RenderJob, source: AsyncIterable<Buffer>): Promise<Buffer | null> {
    const header = Buffer.alloc(6);
    header.writeUInt16BE(edge);
    header.writeUInt32BE(length, 2);
    if (!this.hasStarted) await this.read(4);
    this.hasStarted = true;
    this.isFed = false;
    await this.write(header);
    for await (const block of source) await this.write(block);
    this.isFed = true;
    const size = (await this.read(4)).readUInt32BE();
    if (size > MAX_OUTPUT_BYTES) throw this.failure();
    return size === 0 ? null : this.read(size);
  }

  /** Each block only after the one before has left the process: the blocks of a file share one buffer. */
  private async write(block: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.child.stdin.write(block, (error) => (error ? reject(this.failure(error)) : resolve()));
    });
  }

  private async read(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = bytes; missing > 0;) {
      if (this.unread.length === 0) this.unread = await this.nextOutput();
      const part = this.unread.subarray(0, missing);
      this.unread = this.unread.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  private async nextOutput(): Promise<Buffer> {
    try {
      const { done, value } = await this.output.next();
      if (!done) return value;
    } catch (error) {
      throw this.failure(error);
    }
    throw this.failure();
  }

  private failure(cause?: unknown): RenderFailure {
    if (this.isLate) return new RenderFailure(this.isFed ? 'time' : 'start', cause);
    return new RenderFailure(this.hasStarted ? 'died' : 'start', cause);
  }
}

/** @throws {RenderFailure} when the system has no room for another process */
function startDecoder(): ChildProcessByStdio<Writable, Readable, null> {
  try {
    // Nothing of the server's environment: settings are secrets. Two arenas, because glibc's many are never given back.
    const child = spawn(process.execPath, ['--max-old-space-size=64', PROGRAM], {
      cwd: '/',
      env: { MALLOC_ARENA_MAX: '2' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // Where there are no more file descriptors, there are no pipes either, and the error comes later: to nobody, it would end the server.
    child.on('error', () => undefined);
    if (!(child.stdin as Writable | undefined)) throw new Error('no pipes for a process');
    return child;
  } catch (error) {
    throw new RenderFailure('start', error);
  }
}
