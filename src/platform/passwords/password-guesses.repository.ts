import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { PasswordGuessEntity } from './password-guess.entity';

/** Guesses in a row that nobody has to wait after. */
const FREE = 5;
const LONGEST_SECONDS = 900;
const FORGET_SECONDS = 24 * 3600;

/** After the fifth wrong guess 2 seconds, after each further one twice as long, up to 15 minutes. `g.wrong` are those before this one. */
const PAUSE = `CASE WHEN g.wrong + 1 < ${FREE} THEN 0 ELSE least(2 ^ least(g.wrong + 2 - ${FREE}, 30), ${LONGEST_SECONDS}) END`;

/** Wrong guesses at passwords: PostgreSQL is the truth, by its own clock, for all processes together. */
@Injectable()
export class PasswordGuessesRepository {
  constructor(@InjectRepository(PasswordGuessEntity) private readonly rows: Repository<PasswordGuessEntity>) {}

  /**
   * Counts a guess as wrong before anybody knows whether it is, so that many at once are not more than one after the other.
   * @returns how many count now, or null when nobody may guess just yet
   */
  async reserve(subjectId: string): Promise<number | null> {
    const rows = await this.rows.query<{ wrong: number }[]>(
      `INSERT INTO password_guesses AS g (subject_id, wrong, blocked_until, expires_at)
       VALUES ($1, 1, clock_timestamp(), clock_timestamp() + make_interval(secs => $2))
       ON CONFLICT (subject_id) DO UPDATE
          SET wrong = CASE WHEN g.expires_at < clock_timestamp() THEN 1 ELSE g.wrong + 1 END,
              blocked_until = clock_timestamp()
                + CASE WHEN g.expires_at < clock_timestamp() THEN interval '0' ELSE make_interval(secs => ${PAUSE}) END,
              expires_at = clock_timestamp() + make_interval(secs => $2)
        WHERE g.blocked_until <= clock_timestamp()
       RETURNING wrong`,
      [subjectId, FORGET_SECONDS],
    );
    return rows[0]?.wrong ?? null;
  }

  /** Takes a reserved guess back: it was right. The wrong ones before it still count, whoever made them. */
  async giveBack(subjectId: string): Promise<void> {
    await this.rows.query(
      'UPDATE password_guesses SET wrong = greatest(wrong - 1, 0), blocked_until = clock_timestamp() WHERE subject_id = $1',
      [subjectId],
    );
  }

  /** Seconds, rounded up, until somebody may guess again; at least 1. */
  async secondsBlocked(subjectId: string): Promise<number> {
    const rows = await this.rows.query<{ seconds: number }[]>(
      `SELECT ceil(extract(epoch FROM blocked_until - clock_timestamp()))::int AS seconds
         FROM password_guesses WHERE subject_id = $1`,
      [subjectId],
    );
    return Math.max(1, rows[0]?.seconds ?? 1);
  }

  /** @returns how many */
  async deleteExpired(): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM password_guesses WHERE subject_id IN
         (SELECT subject_id FROM password_guesses
           WHERE expires_at < clock_timestamp() AND blocked_until < clock_timestamp() FOR UPDATE SKIP LOCKED)`,
    );
    return count;
  }
}
