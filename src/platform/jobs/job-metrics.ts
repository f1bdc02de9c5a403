import { Counter, Gauge } from 'prom-client';
import type { Metrics } from '../metrics/metrics';

/** One job, as it is counted. */
interface MeasuredJob {
  /** Runs it; counts it when it ends well. */
  timed(work: () => Promise<void>): Promise<void>;
  /** Counts a run that failed, or could not even begin. */
  failed(): void;
}

/** How the jobs of this process end. A job runs in one process at a time, so an alert looks at the newest end in any of them. */
export class JobMetrics {
  private readonly runs?: Counter;
  private readonly ended?: Gauge;
  private readonly seconds?: Gauge;

  constructor(metrics: Metrics) {
    if (!metrics.isOn) return;
    const registers = [metrics.registry];
    const labelNames = ['job'];
    this.runs = new Counter({
      name: 'photovault_job_runs_total',
      help: 'Runs of a job in this process, by how they ended.',
      labelNames: ['job', 'outcome'],
      registers,
    });
    this.ended = new Gauge({
      name: 'photovault_job_last_success_timestamp_seconds',
      help: 'When a run last ended well in this process; missing until one has.',
      labelNames,
      registers,
    });
    this.seconds = new Gauge({
      name: 'photovault_job_last_duration_seconds',
      help: 'How long the last run took that ended well.',
      labelNames,
      registers,
    });
  }

  /** @param job its name, as the code gives it */
  of(job: string): MeasuredJob {
    const { runs, ended, seconds } = this;
    if (!runs || !ended || !seconds) return { timed: (work) => work(), failed: () => undefined };
    for (const outcome of ['done', 'failed']) runs.inc({ job, outcome }, 0);
    return {
      failed: () => runs.inc({ job, outcome: 'failed' }),
      timed: async (work) => {
        const started = performance.now();
        await work();
        runs.inc({ job, outcome: 'done' });
        ended.setToCurrentTime({ job });
        seconds.set({ job }, (performance.now() - started) / 1000);
      },
    };
  }
}
