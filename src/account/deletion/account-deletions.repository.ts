import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { AccountDeletionEntity, type DeletionStage } from './account-deletion.entity';
import type { AccountCounts } from './closing.repository';

/** A deletion as whoever goes on with it needs it. */
export interface PendingDeletion extends Pick<
  AccountDeletionEntity,
  'userId' | 'stage' | 'requestedBy' | 'mailboxSealed' | 'mailFailures' | 'requestedAt' | 'removedAt'
> {
  readonly counts: AccountCounts;
  /** Whether its mail may be tried now, once everything else is done. */
  readonly isMailDue: boolean;
}

type NewDeletion = Pick<AccountDeletionEntity, 'userId' | 'requestedBy' | 'mailboxSealed'> & AccountCounts;

/** How far each deletion has come; time is the database's. */
@Injectable()
export class AccountDeletionsRepository {
  constructor(@InjectRepository(AccountDeletionEntity) private readonly rows: Repository<AccountDeletionEntity>) {}

  async insert(tx: EntityManager, deletion: NewDeletion): Promise<void> {
    const { userId, requestedBy, mailboxSealed, files, bytes, folders, shares } = deletion;
    await tx.query(
      `INSERT INTO account_deletions (user_id, stage, requested_by, mailbox_sealed, files, bytes, folders, shares, requested_at)
       VALUES ($1, 'closed', $2, $3, $4, $5, $6, $7, clock_timestamp())`,
      [userId, requestedBy, mailboxSealed, files, bytes, folders, shares],
    );
  }

  async find(userId: string): Promise<PendingDeletion | null> {
    const rows = await this.rows.query<(PendingDeletion & Record<keyof AccountCounts, string>)[]>(
      `SELECT user_id AS "userId", stage, requested_by AS "requestedBy", mailbox_sealed AS "mailboxSealed",
              mail_failures AS "mailFailures", requested_at AS "requestedAt", removed_at AS "removedAt",
              mail_after <= clock_timestamp() AS "isMailDue", files, bytes, folders, shares
         FROM account_deletions WHERE user_id = $1`,
      [userId],
    );
    const row = rows[0];
    if (!row) return null;
    const { files, bytes, folders, shares } = row;
    const counts = { files: Number(files), bytes: Number(bytes), folders: Number(folders), shares: Number(shares) };
    return { ...row, counts };
  }

  /** Whose deletions have something to be done now, the oldest first. */
  async findDue(): Promise<string[]> {
    const rows = await this.rows.query<{ userId: string }[]>(
      `SELECT user_id AS "userId" FROM account_deletions
        WHERE stage <> 'removed' OR mail_after <= clock_timestamp() ORDER BY requested_at, user_id`,
    );
    return rows.map(({ userId }) => userId);
  }

  /** Compare-and-set: whoever was slower changes nothing. */
  async advance(userId: string, from: DeletionStage, to: DeletionStage): Promise<void> {
    await this.rows.query(
      `UPDATE account_deletions SET stage = $3, removed_at = CASE WHEN $3 = 'removed' THEN clock_timestamp() END
        WHERE user_id = $1 AND stage = $2`,
      [userId, from, to],
    );
  }

  /** The mail was not taken: another try in a minute, then after twice as long each time, up to six hours. */
  async noteMailFailure(userId: string): Promise<void> {
    await this.rows.query(
      `UPDATE account_deletions
          SET mail_failures = mail_failures + 1,
              mail_after = clock_timestamp() + least(interval '6 hours', interval '1 minute' * 2 ^ least(mail_failures, 10))
        WHERE user_id = $1`,
      [userId],
    );
  }

  /** The end. */
  async delete(userId: string): Promise<void> {
    await this.rows.delete({ userId, stage: 'removed' });
  }

  /** Gives up mails that nobody has taken for so long. @returns how many */
  async deleteUnmailed(days: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      'DELETE FROM account_deletions WHERE removed_at < clock_timestamp() - make_interval(days => $1)',
      [days],
    );
    return count;
  }
}
