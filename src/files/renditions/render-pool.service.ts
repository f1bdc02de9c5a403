import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { Semaphore } from '../../platform/jobs/semaphore';
import { LOGGER } from '../../platform/logging/logging.module';
import { FileErrors } from '../files.errors';
import { RenderFailure } from './render-failure';
import { type RenderJob, RenderWorker } from './render-worker';

const WORKERS = 2;
/** How many may wait for their turn: a page of thumbnails, not everybody's. */
const QUEUE = 64;
const IDLE_MS = 15_000;
/** A worker that dies may have been somebody else's victim; twice, it is the picture. */
const TRIES = 2;

/** A few processes that decode pictures: started when they are needed, ended when they are not, replaced when they die. */
@Injectable()
export class RenderPool implements OnApplicationShutdown {
  private readonly turns = new Semaphore(WORKERS);
  private readonly idle: RenderWorker[] = [];
  private readonly workers = new Set<RenderWorker>();
  private readonly idleTimer = setTimeout(() => this.endIdle(), IDLE_MS).unref();
  private jobs = 0;
  private isClosed = false;

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  /**
   * @returns WebP, or null for a picture that cannot be shown, or not within the limits
   * @throws {AppError} `FILE.RENDITION_BUSY` when too many are waiting, or no worker starts; else whatever the job's bytes throw
   */
  async render(job: RenderJob): Promise<Buffer | null> {
    if (this.jobs >= WORKERS + QUEUE) throw FileErrors.renditionBusy();
    this.jobs++;
    try {
      return await this.turns.run(() => this.attempt(job, TRIES));
    } finally {
      this.jobs--;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idleTimer);
    await Promise.all(Array.from(this.workers, (worker) => worker.kill()));
  }

  private async attempt(job: RenderJob, tries: number): Promise<Buffer | null> {
    if (this.isClosed) throw FileErrors.renditionBusy();
    let worker: RenderWorker | undefined;
    try {
      worker = this.take();
      return await worker.render(job);
    } catch (error) {
      if (!(error instanceof RenderFailure)) throw error;
      if (this.isClosed) throw FileErrors.renditionBusy({ cause: error });
      this.logger.warn({ reason: error.reason }, 'a worker that makes renditions was lost');
      // That was not the picture's fault.
      if (error.reason === 'start') throw FileErrors.renditionBusy({ cause: error });
      return error.reason === 'died' && tries > 1 ? await this.attempt(job, tries - 1) : null;
    } finally {
      if (worker) this.giveBack(worker);
    }
  }

  private take(): RenderWorker {
    for (let worker = this.idle.pop(); worker; worker = this.idle.pop()) {
      if (worker.isUsable) return worker;
      this.discard(worker);
    }
    const worker = new RenderWorker();
    this.workers.add(worker);
    return worker;
  }

  private giveBack(worker: RenderWorker): void {
    if (worker.isUsable) this.idle.push(worker);
    else this.discard(worker);
    this.idleTimer.refresh();
  }

  private discard(worker: RenderWorker): void {
    worker.end();
    this.workers.delete(worker);
  }

  private endIdle(): void {
    for (const worker of this.idle.splice(0)) this.discard(worker);
  }
}
