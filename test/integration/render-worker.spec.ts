import childProcess, { type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import sharp from 'sharp';
import { AppError } from '../../src/platform/errors/app-error';
import { createLogger } from '../../src/platform/logging/logger';
import { RenderFailure } from '../../src/files/renditions/render-failure';
import { RenderPool } from '../../src/files/renditions/render-pool.service';
import { type RenderJob, RenderWorker } from '../../src/files/renditions/render-worker';
import { LogLines } from '../support/log-lines';
import { jpeg } from '../support/photos';
import { decoderPids, photo } from '../support/pictures';
import { eventually } from '../support/waiting';

function job(bytes: Buffer, open: RenderJob['open'] = () => blocks(bytes)): RenderJob {
  return { edge: 320, length: bytes.length, open };
}

async function* blocks(bytes: Buffer): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += 65_536) yield await Promise.resolve(bytes.subarray(at, at + 65_536));
}

/** Bytes that stop in the middle until they are told to fail. */
function stalled(): { open: RenderJob['open']; fail: () => void; isClosed: () => boolean } {
  let fail!: () => void;
  let closed = false;
  const failed = new Promise<never>((_, reject) => (fail = () => reject(new Error('the source broke'))));
  failed.catch(() => undefined);
  return {
    fail,
    isClosed: () => closed,
    open: async function* () {
      try {
        yield Buffer.from([0xff, 0xd8, 0xff]);
        await failed;
      } finally {
        closed = true;
      }
    },
  };
}

let picture: Buffer;
beforeAll(async () => {
  picture = await photo(600, 400);
});
afterEach(async () => {
  await eventually('no process is left', () => decoderPids().length === 0);
});

describe('a worker', () => {
  it('renders one picture after the other, and goes on after one that cannot be shown', async () => {
    const worker = new RenderWorker();
    for (const bytes of [picture, jpeg(100_000), picture, Buffer.from('x')]) {
      const webp = await worker.render(job(bytes));
      expect(webp && (await sharp(webp).metadata()).format).toBe(bytes === picture ? 'webp' : null);
    }
    expect(worker.isUsable).toBe(true);
    worker.end();
  });

  it('ends when it is told to, and when it is killed', async () => {
    const worker = new RenderWorker();
    await worker.render(job(picture));
    const killed = new RenderWorker();
    await killed.kill();
    expect([worker.isUsable, killed.isUsable]).toEqual([true, false]);
    worker.end();
    await eventually('it ended by itself', () => !worker.isUsable);
  });

  it('that takes too long is stopped', async () => {
    // So small that the pipe takes all of it.
    const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    const worker = new RenderWorker(1500);
    await worker.render(job(grey));
    for (const pid of decoderPids()) process.kill(pid, 'SIGSTOP');
    const error: unknown = await worker.render(job(grey)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RenderFailure);
    expect((error as RenderFailure).reason).toBe('time');
    expect(worker.isUsable).toBe(false);
  });

  it('that waits too long for the picture is stopped, and the picture is not blamed for it', async () => {
    const worker = new RenderWorker(300);
    const { open, fail, isClosed } = stalled();
    const error: unknown = await worker.render(job(picture, open)).catch((thrown: unknown) => thrown);
    expect((error as RenderFailure).reason).toBe('start');
    expect(worker.isUsable).toBe(false);
    fail();
    await eventually('the bytes are closed', isClosed);
  });

  it('that does not start in time is not the picture’s fault either', async () => {
    const worker = new RenderWorker(1);
    const error: unknown = await worker.render(job(picture)).catch((thrown: unknown) => thrown);
    expect((error as RenderFailure).reason).toBe('start');
  });

  it('whose picture breaks off is not asked again: it waits for the rest', async () => {
    const worker = new RenderWorker();
    const { open, fail } = stalled();
    setTimeout(fail, 100);
    await expect(worker.render(job(picture, open))).rejects.toThrow('the source broke');
    expect(worker.isUsable).toBe(false);
  });
});

describe('the pool', () => {
  it('answers 503 when too many are waiting, and works when they are gone', async () => {
    const logs = new LogLines();
    const pool = new RenderPool(createLogger('info', logs));
    const waiting = stalled();
    const jobs = Array.from({ length: 66 }, () =>
      pool.render(job(picture, waiting.open)).catch((error: unknown) => error),
    );
    const refused: unknown = await pool.render(job(picture)).catch((error: unknown) => error);
    expect((refused as AppError).definition).toMatchObject({ code: 'FILE.RENDITION_BUSY', status: 503 });
    expect(decoderPids().length).toBeLessThanOrEqual(2);
    waiting.fail();
    for (const error of await Promise.all(jobs)) expect((error as Error).message).toBe('the source broke');
    expect(await pool.render(job(picture))).not.toBeNull();
    await pool.onApplicationShutdown();
  });

  it.each<[what: string, spawn: () => ChildProcess]>([
    [
      // What Node does (lib/internal/child_process.js) where there are no file descriptors: no pipes, and the error in a moment.
      'file descriptors',
      () => {
        const child = new EventEmitter();
        process.nextTick(() => child.emit('error', new Error('spawn EMFILE')));
        return child as ChildProcess;
      },
    ],
    [
      'memory',
      () => {
        throw new Error('spawn ENOMEM');
      },
    ],
  ])('answers 503 where the system has no %s for a worker, and works when it has', async (_what, spawn) => {
    const pool = new RenderPool(createLogger('info', new LogLines()));
    const spawned = jest.spyOn(childProcess, 'spawn').mockImplementationOnce(spawn);
    const refused: unknown = await pool.render(job(picture)).catch((error: unknown) => error);
    expect((refused as AppError).definition).toMatchObject({ code: 'FILE.RENDITION_BUSY', status: 503 });
    expect(await pool.render(job(picture))).not.toBeNull();
    spawned.mockRestore();
    await pool.onApplicationShutdown();
  });

  it('gives a picture whose worker dies twice up, and the next one a new worker', async () => {
    const logs = new LogLines();
    const pool = new RenderPool(createLogger('info', logs));
    const deadly = async function* (): AsyncGenerator<Buffer, void> {
      yield picture.subarray(0, 1000);
      await eventually('a worker runs', () => decoderPids().length > 0);
      for (const pid of decoderPids()) process.kill(pid, 'SIGKILL');
      yield picture.subarray(1000);
    };
    expect(await pool.render(job(picture, deadly))).toBeNull();
    expect(logs.text.match(/"reason":"died"/g)).toHaveLength(2);
    expect(await pool.render(job(picture))).not.toBeNull();
    await pool.onApplicationShutdown();
    const closed: unknown = await pool.render(job(picture)).catch((error: unknown) => error);
    expect((closed as AppError).definition.code).toBe('FILE.RENDITION_BUSY');
  });
});
