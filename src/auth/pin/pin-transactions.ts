import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { isDeadlock } from '../../platform/database/prepared-statements';
import { Semaphore } from '../../platform/jobs/semaphore';

/** Fewer than half of the pool's connections. */
const AT_ONCE = 8;

/**
 * Transactions about PINs, a few at a time. They wait for each other at one row, that of the breaker or of an account: many of them at once
 * would hold every connection of the pool meanwhile, and everybody who is signed in would wait with them.
 */
@Injectable()
export class PinTransactions {
  private readonly turns = new Semaphore(AT_ONCE);

  constructor(private readonly dataSource: DataSource) {}

  /** @param work begins anew when its transaction and another have waited for each other: two changes of one account, each by a code */
  async run<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.turns.run(() =>
      this.dataSource
        .transaction(work)
        .catch((error: unknown) =>
          isDeadlock(error) ? this.dataSource.transaction(work) : Promise.reject(error as Error),
        ),
    );
  }

  /** For a single statement. */
  get manager(): EntityManager {
    return this.dataSource.manager;
  }
}
