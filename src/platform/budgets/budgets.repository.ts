import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { BudgetEntity } from './budget.entity';

/** At most `limit` units in any `seconds`. */
export interface BudgetWindow {
  readonly limit: number;
  readonly seconds: number;
}

/** A bucket and the windows that hold for it. */
export interface Budget {
  /** Says nothing about whose it is: an HMAC, 32 bytes. */
  readonly key: Buffer;
  readonly windows: readonly BudgetWindow[];
}

/** Whether one of the windows ($2 limits, $3 seconds) is full. */
const IS_SPENT = `EXISTS (
  SELECT FROM unnest($2::int[], $3::int[]) AS w (allowed, secs)
   WHERE (SELECT count(*) FROM unnest(b.spent_at) AS s WHERE s > clock_timestamp() - make_interval(secs => w.secs)) >= w.allowed)`;

/**
 * Rolling budgets that hold in every process: PostgreSQL is the truth, by its own clock. A statement on a bucket keeps it locked until its
 * transaction ends, so what follows in the transaction happens one after the other for each bucket.
 */
@Injectable()
export class BudgetsRepository {
  constructor(@InjectRepository(BudgetEntity) private readonly rows: Repository<BudgetEntity>) {}

  /**
   * Spends one unit, unless a window is full.
   * @returns how many units count now in the longest window, or null when nothing was spent
   */
  async spend(tx: EntityManager, budget: Budget): Promise<number | null> {
    const rows = await tx.query<{ spent: number }[]>(
      `INSERT INTO budgets AS b (key, spent_at, expires_at)
       VALUES ($1, ARRAY[clock_timestamp()], clock_timestamp() + make_interval(secs => $4))
       ON CONFLICT (key) DO UPDATE
          SET spent_at = ARRAY(SELECT s FROM unnest(b.spent_at) AS s
                                WHERE s > clock_timestamp() - make_interval(secs => $4) ORDER BY s) || clock_timestamp(),
              expires_at = clock_timestamp() + make_interval(secs => $4)
        WHERE NOT ${IS_SPENT}
       RETURNING cardinality(spent_at) AS spent`,
      [...bound(budget), Math.max(...budget.windows.map(({ seconds }) => seconds))],
    );
    return rows[0]?.spent ?? null;
  }

  /** Gives the youngest unit back; in the transaction that has spent it, which still holds the bucket. */
  async refund(tx: EntityManager, { key }: Budget): Promise<void> {
    await tx.query('UPDATE budgets SET spent_at = trim_array(spent_at, 1) WHERE key = $1', [key]);
  }

  /** Forgets whatever was spent. */
  async clear(tx: EntityManager, { key }: Budget): Promise<void> {
    await tx.query('DELETE FROM budgets WHERE key = $1', [key]);
  }

  /** Whether nothing can be spent just now. */
  async isSpent(tx: EntityManager, budget: Budget): Promise<boolean> {
    const rows = await tx.query<{ spent: boolean }[]>(
      `SELECT ${IS_SPENT} AS spent FROM budgets AS b WHERE b.key = $1`,
      bound(budget),
    );
    return rows[0]?.spent ?? false;
  }

  /** Seconds, rounded up, until every window has room again; 0 when they have. */
  async secondsUntilFree(tx: EntityManager, budget: Budget): Promise<number> {
    const rows = await tx.query<{ seconds: number }[]>(
      `SELECT coalesce(max(ceil(extract(epoch FROM (
                SELECT s FROM unnest(b.spent_at) AS s ORDER BY s DESC OFFSET w.allowed - 1 LIMIT 1
              ) + make_interval(secs => w.secs) - clock_timestamp()))), 0)::int AS seconds
         FROM budgets AS b, unnest($2::int[], $3::int[]) AS w (allowed, secs) WHERE b.key = $1`,
      bound(budget),
    );
    return Math.max(0, rows[0]?.seconds ?? 0);
  }

  /** Removes buckets in which nothing counts any more, but for those that are just being used: whoever locks several must not meet it. @returns how many */
  async deleteExpired(): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM budgets WHERE key IN
         (SELECT key FROM budgets WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)`,
    );
    return count;
  }
}

/** $1 to $3 of the statements above. */
function bound({ key, windows }: Budget): unknown[] {
  return [key, windows.map(({ limit }) => limit), windows.map(({ seconds }) => seconds)];
}
