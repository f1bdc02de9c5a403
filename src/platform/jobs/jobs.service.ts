import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { LOGGER } from '../logging/logging.module';
import { Metrics } from '../metrics/metrics';
import { JobMetrics } from './job-metrics';

/** Runs things every so often, on one process at a time: every sweeper of the vault. */
@Injectable()
export class JobsService implements BeforeApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly metrics: JobMetrics;
  private stopping = false;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.metrics = new JobMetrics(metrics);
  }

  /** Runs `work` soon and then every `seconds`; a failure is logged and the next round comes all the same. */
  every(name: string, seconds: number, work: () => Promise<void>): void {
    let busy = false;
    const measured = this.metrics.of(name);
    const round = (): void => {
      if (busy || this.stopping) return;
      busy = true;
      const run = this.alone(name, () => measured.timed(work))
        .catch((error: unknown) => {
          measured.failed();
          this.logger.error({ err: error, job: name }, 'job failed');
        })
        .finally(() => {
          busy = false;
          this.running.delete(run);
        });
      this.running.add(run);
    };
    setImmediate(round);
    this.timers.push(setInterval(round, seconds * 1000).unref());
  }

  /** Runs `work` under the job's advisory lock, or not at all when another process holds it. */
  async alone(name: string, work: () => Promise<void>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const locked = (await runner.query("SELECT pg_try_advisory_lock(hashtext('photovault'), hashtext($1)) AS ok", [
        name,
      ])) as [{ ok: boolean }];
      if (!locked[0].ok) return;
      try {
        await work();
      } finally {
        await runner.query("SELECT pg_advisory_unlock(hashtext('photovault'), hashtext($1))", [name]);
      }
    } finally {
      await runner.release();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.running);
  }
}
