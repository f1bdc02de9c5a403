import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../../platform/logging/logging.module';
import { ShareOpeningsRepository } from './share-openings.repository';
import type { ShareVisitor } from './share-visitor';

/** Writes down what visitors have fetched. Nobody waits for it: the answer is out by then. */
@Injectable()
export class ShareLedger implements OnApplicationShutdown {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly openings: ShareOpeningsRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  noteFetched({ sessionId }: ShareVisitor, files: number): void {
    const run = this.openings
      .addFetched(sessionId, files)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'a download of a share could not be written down'))
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  /** Before the database is closed. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.running);
  }
}
