import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../logging/logging.module';
import { JobsService } from './jobs.service';

/** How long one kind of thing is kept. */
export interface RetentionRule {
  /** In the plural, for the log; unique. */
  readonly what: string;
  /** After the end of whatever it is; 0 for what goes at its expiry. */
  readonly days: number;
  /** Removes everything older, by the database's clock. @returns how many that were */
  readonly purge: (days: number) => Promise<number>;
}

const SWEEP_SECONDS = 3600;

/** One table of days and one sweeper for everything that is kept for a while; each room enters its own lines. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap {
  private readonly rules = new Map<string, RetentionRule>();

  constructor(
    private readonly jobs: JobsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Enters a line into the table; in `onModuleInit`, so that the first sweep knows all of them.
   * @throws {Error} when there is such a line
   */
  register(rule: RetentionRule): void {
    if (this.rules.has(rule.what)) throw new Error(`two retention rules for ${rule.what}`);
    this.rules.set(rule.what, rule);
  }

  onApplicationBootstrap(): void {
    this.jobs.every('retention', SWEEP_SECONDS, async () => {
      const failed = await this.sweep();
      if (failed > 0) throw new Error(`${failed} of ${this.rules.size} rules could not be applied`);
    });
  }

  /** Applies every rule once. One that fails is logged and does not keep the others. @returns how many failed */
  async sweep(): Promise<number> {
    const removed: Record<string, number> = {};
    let failed = 0;
    for (const { what, days, purge } of this.rules.values()) {
      try {
        const count = await purge(days);
        if (count > 0) removed[what] = count;
      } catch (error) {
        failed++;
        this.logger.error({ err: error, what }, 'what is past its time could not be removed');
      }
    }
    if (Object.keys(removed).length > 0) this.logger.info({ removed }, 'removed what was past its time');
    return failed;
  }
}
