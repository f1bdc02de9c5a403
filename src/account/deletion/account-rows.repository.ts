import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { RenditionsRepository } from '../../files/renditions/renditions.repository';

/** Rows of one transaction: some milliseconds, also where each has others that hang on it. */
const BATCH = 1000;
/** Tables that hold copies of keys, which stay on their pages until they are vacuumed. */
const KEY_TABLES = 'user_keys, folder_slots, unlock_grants, shares, share_items, share_sessions';

/** Where the last batch of files has ended. */
interface FilePosition {
  readonly id: string;
  readonly folderId: string;
  readonly createdAt: Date;
}

interface DoomedFile extends FilePosition {
  readonly blobId: string;
}

/**
 * Everything that is kept of an account that is closed, and the order in which it goes: whatever refers to something goes before it, in batches,
 * so that nobody waits for an account with a million files. A table that is added has to be added here; a test knows all tables.
 */
@Injectable()
export class AccountRowsRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly renditions: RenditionsRepository,
  ) {}

  /** Keys of shares, and what is left of visits. What is under the user key, which is gone, needs no hurry. */
  async deleteShares(userId: string): Promise<void> {
    const ofShares = 'share_id IN (SELECT id FROM shares WHERE owner_id = $1)';
    for (const table of ['share_items', 'share_openings']) await this.deleteBatches(table, ofShares, userId);
    await this.deleteBatches('password_guesses', 'subject_id IN (SELECT id FROM shares WHERE owner_id = $1)', userId);
    await this.deleteBatches('shares', 'owner_id = $1', userId);
  }

  /** Frees the space of old keys on their pages. @throws when PostgreSQL does not let us, or it takes too long */
  async vacuumKeys(): Promise<void> {
    await this.dataSource.query(`VACUUM ${KEY_TABLES}`);
  }

  /**
   * Deletes files, in the trash or not; their blobs become `deleting` in the same transaction.
   * @param isOver asked between two batches
   * @returns whether none is left
   */
  async deleteFiles(userId: string, isOver: () => boolean): Promise<boolean> {
    for (const isTrashed of [false, true]) {
      for (let after: FilePosition | undefined, more = true; more;) {
        if (isOver()) return false;
        const last: FilePosition | undefined = await this.dataSource.transaction((tx) =>
          this.deleteSomeFiles(tx, userId, isTrashed, after),
        );
        more = last !== undefined;
        after = last;
      }
    }
    // Of files whose rows somebody has removed by hand.
    await this.inBatches(
      `UPDATE blobs SET state = 'deleting'
        WHERE id IN (SELECT id FROM blobs WHERE owner_id = $1 AND state = 'ready' LIMIT ${BATCH})`,
      userId,
    );
    return true;
  }

  /** Deletes all else, and the account last. */
  async deleteAccount(userId: string): Promise<void> {
    const ofFolders = 'IN (SELECT id FROM folders WHERE owner_id = $1)';
    await this.deleteBatches('password_guesses', `subject_id ${ofFolders}`, userId);
    await this.deleteBatches('folders', 'owner_id = $1', userId);
    for (const table of ['login_challenges', 'sessions', 'trusted_devices', 'security_events']) {
      await this.deleteBatches(table, 'user_id = $1', userId);
    }
    // What somebody has written into these in the meantime goes with it.
    await this.dataSource.query('DELETE FROM users WHERE id = $1', [userId]);
  }

  /** In an order that an index has, and from where the last batch has ended: what is deleted is not walked through again. */
  private async deleteSomeFiles(
    tx: EntityManager,
    userId: string,
    isTrashed: boolean,
    after: FilePosition | undefined,
  ): Promise<FilePosition | undefined> {
    const files = await tx.query<DoomedFile[]>(
      `SELECT id, folder_id AS "folderId", created_at AS "createdAt", blob_id AS "blobId" FROM files
        WHERE owner_id = $1 AND trashed_at IS ${isTrashed ? 'NOT ' : ''}NULL
          ${after ? 'AND (folder_id, created_at, id) > ($3, $4, $5)' : ''}
        ORDER BY folder_id, created_at, id LIMIT $2`,
      [userId, BATCH, ...(after ? [after.folderId, after.createdAt, after.id] : [])],
    );
    if (files.length === 0) return undefined;
    const ids = files.map(({ id }) => id);
    await this.renditions.doomOfFiles(tx, userId, ids);
    await tx.query('DELETE FROM files WHERE owner_id = $1 AND id = ANY($2)', [userId, ids]);
    await tx.query(`UPDATE blobs SET state = 'deleting' WHERE owner_id = $1 AND id = ANY($2)`, [
      userId,
      files.map(({ blobId }) => blobId),
    ]);
    return files.at(-1);
  }

  private async deleteBatches(table: string, which: string, userId: string): Promise<void> {
    await this.inBatches(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${which} LIMIT ${BATCH}))`,
      userId,
    );
  }

  /** Runs a statement until it does nothing any more. */
  private async inBatches(statement: string, userId: string): Promise<void> {
    for (let count = 1; count > 0;) [, count] = await this.dataSource.query<[unknown, number]>(statement, [userId]);
  }
}
