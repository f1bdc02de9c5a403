import { ExportErrors } from './export.errors';

/** How many of one account may wait for their turn: as many as a download manager opens at once. */
const WAITING = 16;
const RETRY_AFTER_SECONDS = '5';

/**
 * Lays out one export of an account at a time: each reads every row of the account. For this process alone; other processes have queues of
 * their own.
 */
export class LayoutQueue {
  private readonly lanes = new Map<string, { last: Promise<unknown>; length: number }>();

  /** @throws {AppError} `EXPORT.TOO_MANY` when too many are waiting; else whatever `work` throws */
  async run<T>(userId: string, work: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(userId) ?? { last: Promise.resolve(), length: 0 };
    if (lane.length > WAITING) throw ExportErrors.tooMany({ headers: { 'Retry-After': RETRY_AFTER_SECONDS } });
    this.lanes.set(userId, lane);
    lane.length++;
    const run = lane.last.then(work);
    lane.last = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      if (--lane.length === 0) this.lanes.delete(userId);
    }
  }
}
