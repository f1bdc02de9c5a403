import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { LIVE as LIVE_SESSION } from '../../auth/sessions/sessions.repository';
import { LIVE as LIVE_SHARE } from '../../shares/shares.repository';
import { ORIGINALS_BYTES } from '../../vault/blobs.repository';

/** What there is of an account when it is closed. */
export interface AccountCounts {
  readonly files: number;
  /** Plaintext bytes of the originals. */
  readonly bytes: number;
  readonly folders: number;
  readonly shares: number;
}

/**
 * The statements of the commit that makes an account unusable, in the order in which they take their locks: that of everybody else, who goes
 * from challenges to the account, and from a folder to what hangs on it. None of them touches a row for each file.
 */
@Injectable()
export class ClosingRepository {
  /**
   * Before the account itself is locked: whoever signs in at this moment comes before, or not at all. Also what was asked for before there was an
   * account, which has the address sealed in it.
   */
  async deleteChallenges(tx: EntityManager, userId: string): Promise<void> {
    await tx.query(
      `DELETE FROM login_challenges
        WHERE user_id = $1 OR email_bidx = (SELECT email_bidx FROM users WHERE users.id = $1)`,
      [userId],
    );
  }

  /** Whether the session that asks has not been ended while it waited. */
  async isLive(tx: EntityManager, userId: string, sessionId: string): Promise<boolean> {
    const rows = await tx.query<unknown[]>(`SELECT FROM sessions WHERE id = $1 AND user_id = $2 AND ${LIVE_SESSION}`, [
      sessionId,
      userId,
    ]);
    return rows.length === 1;
  }

  /** Links that open something; before folders and shares are shut. */
  async countShares(tx: EntityManager, userId: string): Promise<number> {
    const [row] = await tx.query<[{ shares: number }]>(
      `SELECT count(*)::int AS shares FROM shares s WHERE s.owner_id = $1 AND ${LIVE_SHARE}`,
      [userId],
    );
    return row.shares;
  }

  /**
   * Whoever is just writing into one of them notices by its epoch: an upload that is under way does not become a file any more. In the order
   * of their ids, because moving a file locks two.
   */
  async shutFolders(tx: EntityManager, userId: string): Promise<void> {
    await tx.query(
      `UPDATE folders SET epoch = epoch + 1
        WHERE id IN (SELECT id FROM folders WHERE owner_id = $1 ORDER BY id FOR NO KEY UPDATE)`,
      [userId],
    );
    const ofFolders = 'folder_id IN (SELECT id FROM folders WHERE owner_id = $1)';
    for (const table of ['folder_slots', 'unlock_grants']) {
      await tx.query(`DELETE FROM ${table} WHERE ${ofFolders}`, [userId]);
    }
  }

  /** With the keys that visitors open with their own tokens: the user key is not needed for these. */
  async shutShares(tx: EntityManager, userId: string): Promise<void> {
    await tx.query(
      `UPDATE shares SET suspended_at = clock_timestamp(), fk_wrapped = NULL, visitor_label_sealed = NULL WHERE owner_id = $1`,
      [userId],
    );
    await tx.query('DELETE FROM share_sessions WHERE share_id IN (SELECT id FROM shares WHERE owner_id = $1)', [
      userId,
    ]);
  }

  /**
   * Ends sessions and trust in devices. Their rows go later: whoever is just about to write something that refers to them finds them, and
   * is not told of a fault of ours.
   */
  async endSessions(tx: EntityManager, userId: string): Promise<void> {
    await tx.query('UPDATE sessions SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE user_id = $1', [userId]);
    await tx.query('UPDATE trusted_devices SET expires_at = clock_timestamp() WHERE user_id = $1', [userId]);
  }

  /** After the folders are shut, so that it is exact. */
  async countStored(tx: EntityManager, userId: string): Promise<Omit<AccountCounts, 'shares'>> {
    const [row] = await tx.query<[{ files: string; bytes: string; folders: string }]>(
      `SELECT count(*) AS files, ${ORIGINALS_BYTES} AS bytes,
              (SELECT count(*) FROM folders WHERE owner_id = $1 AND NOT is_root) AS folders
         FROM blobs WHERE owner_id = $1 AND state = 'ready' AND kind = 0`,
      [userId],
    );
    return { files: Number(row.files), bytes: Number(row.bytes), folders: Number(row.folders) };
  }

  /**
   * From now on nobody finds the account, and its address is free. Waits for everybody who is just writing something that refers to the account,
   * and so comes late; what is under its address in step-up goes after it, as everywhere.
   */
  async forgetAddress(tx: EntityManager, userId: string, emailBidx: Buffer): Promise<void> {
    await tx.query('UPDATE users SET email_bidx = NULL, email_sealed = NULL WHERE id = $1', [userId]);
    await tx.query('DELETE FROM step_up_codes WHERE email_bidx = $1', [emailBidx]);
  }

  /** Crypto-shredding: nothing below this key opens again. */
  async destroyUserKey(tx: EntityManager, userId: string): Promise<void> {
    await tx.query('DELETE FROM user_keys WHERE user_id = $1', [userId]);
  }
}
