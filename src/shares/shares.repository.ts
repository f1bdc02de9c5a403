import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import type { Position } from '../platform/http/cursor';
import type { ShareItemEntity } from './share-item.entity';
import { ShareEntity } from './share.entity';

/** Why a share can, or cannot, be opened. */
export type ShareState = 'open' | 'used_up' | 'suspended' | 'expired';

/** A share as its owner's list has it. */
export interface ListedShare extends Pick<
  ShareEntity,
  | 'id'
  | 'ownerId'
  | 'folderId'
  | 'fkVersion'
  | 'fileCount'
  | 'labelSealed'
  | 'includeOriginals'
  | 'maxOpens'
  | 'opens'
  | 'expiresAt'
  | 'createdAt'
> {
  readonly hasPassword: boolean;
  readonly state: ShareState;
}

export type NewShare = Omit<ShareEntity, 'opens' | 'wrongPasswords' | 'suspendedAt' | 'createdAt'>;

/** A share as it is opened. */
export type OpenableShare = Omit<NewShare, 'labelSealed' | 'fileCount' | 'maxOpens' | 'visitorLabelSealed'> & {
  readonly visitorLabelSealed: Buffer;
};

/** Shares that nobody has ended, by the database's clock; whose owner is not disabled, and whose folder still has the key that was shared. */
export const LIVE = `s.expires_at > clock_timestamp() AND s.suspended_at IS NULL
  AND NOT EXISTS (SELECT FROM users u WHERE u.id = s.owner_id AND u.disabled_at IS NOT NULL)
  AND (s.folder_id IS NULL OR EXISTS (
    SELECT FROM folders d WHERE d.id = s.folder_id AND d.owner_id = s.owner_id AND d.fk_version = s.fk_version AND d.trashed_at IS NULL))`;

const USABLE = `${LIVE} AND (s.max_opens IS NULL OR s.opens < s.max_opens)`;

const LISTED = `
  SELECT s.id, s.owner_id AS "ownerId", s.folder_id AS "folderId", s.fk_version AS "fkVersion", s.file_count AS "fileCount",
         s.label_sealed AS "labelSealed", s.include_originals AS "includeOriginals", s.max_opens AS "maxOpens", s.opens,
         s.expires_at AS "expiresAt", s.created_at AS "createdAt", s.password_salt IS NOT NULL AS "hasPassword",
         CASE WHEN s.expires_at <= clock_timestamp() THEN 'expired'
              WHEN s.suspended_at IS NOT NULL THEN 'suspended'
              WHEN s.opens >= s.max_opens THEN 'used_up' ELSE 'open' END AS state
    FROM shares s WHERE s.owner_id = $1`;

/** Shares; their owners' statements have the owner in them, their visitors' that the share is live. Time is the database's. */
@Injectable()
export class SharesRepository {
  constructor(@InjectRepository(ShareEntity) private readonly rows: Repository<ShareEntity>) {}

  /**
   * When a share would end, on a whole second.
   * @param asked null for `defaultDays` from now
   * @returns null when that is past, or more than `maxDays` away
   */
  async endOf(
    asked: Date | null,
    { defaultDays, maxDays }: { defaultDays: number; maxDays: number },
  ): Promise<Date | null> {
    const rows = await this.rows.query<{ end: Date }[]>(
      `SELECT "end" FROM clock_timestamp() AS now,
                    date_trunc('second', coalesce($1::timestamptz, now + make_interval(days => $2))) AS "end"
        WHERE "end" > now AND "end" <= now + make_interval(days => $3)`,
      [asked, defaultDays, maxDays],
    );
    return rows[0]?.end ?? null;
  }

  /** @returns false when the folder has another key by now: nothing was written */
  async insert(tx: EntityManager, share: NewShare): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `INSERT INTO shares (id, owner_id, folder_id, fk_version, file_count, secret_hash, password_salt, password_params,
                           fk_wrapped, label_sealed, visitor_label_sealed, include_originals, max_opens, expires_at, created_at)
       SELECT $1, $2::uuid, $3::uuid, $4::int, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, clock_timestamp()
        WHERE $3 IS NULL
           OR EXISTS (SELECT FROM folders WHERE id = $3 AND owner_id = $2 AND fk_version = $4 AND NOT is_root AND trashed_at IS NULL FOR SHARE)
       RETURNING id`,
      [
        share.id,
        share.ownerId,
        share.folderId,
        share.fkVersion,
        share.fileCount,
        share.secretHash,
        share.passwordSalt,
        share.passwordParams,
        share.fkWrapped,
        share.labelSealed,
        share.visitorLabelSealed,
        share.includeOriginals,
        share.maxOpens,
        share.expiresAt,
      ],
    );
    return rows.length === 1;
  }

  /** @returns false when a file is not there any more, or its folder has another key by now: not all was written */
  async insertItems(tx: EntityManager, items: readonly ShareItemEntity[]): Promise<boolean> {
    const column = <K extends keyof ShareItemEntity>(name: K) => items.map((item) => item[name]);
    const rows = await tx.query<unknown[]>(
      `INSERT INTO share_items (share_id, file_id, folder_id, fk_version, blob_version, dek_wrapped, details_sealed)
       SELECT u.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::bytea[], $7::bytea[])
                       AS u (share_id, file_id, folder_id, fk_version, blob_version, dek_wrapped, details_sealed)
         JOIN files f ON f.id = u.file_id AND f.folder_id = u.folder_id AND f.blob_version = u.blob_version
         JOIN folders d ON d.id = u.folder_id AND d.fk_version = u.fk_version
          FOR SHARE OF d
       RETURNING file_id`,
      [
        column('shareId'),
        column('fileId'),
        column('folderId'),
        column('fkVersion'),
        column('blobVersion'),
        column('dekWrapped'),
        column('detailsSealed'),
      ],
    );
    return rows.length === items.length;
  }

  /** A page of an owner's shares, the newest first. */
  async findPageOwned(ownerId: string, limit: number, after?: Position): Promise<ListedShare[]> {
    return this.rows.query<ListedShare[]>(
      `${LISTED} AND ($3::timestamptz IS NULL OR (s.created_at, s.id) < ($3, $4)) ORDER BY s.created_at DESC, s.id DESC LIMIT $2`,
      [ownerId, limit, after?.at ?? null, after?.id ?? null],
    );
  }

  async isOwned(ownerId: string, id: string): Promise<boolean> {
    const rows = await this.rows.query<unknown[]>('SELECT FROM shares WHERE owner_id = $1 AND id = $2', [ownerId, id]);
    return rows.length > 0;
  }

  /** Removes a share and all that is its: items, sessions, openings. @returns false when there is no such share of this owner */
  async deleteOwned(ownerId: string, id: string): Promise<boolean> {
    const { affected } = await this.rows.delete({ id, ownerId });
    return affected === 1;
  }

  /** Removes the shares of a folder, and its files from the shares of files: also those that were shared somewhere else, and moved here. */
  async deleteOfFolderOwned(tx: EntityManager, ownerId: string, folderId: string): Promise<void> {
    await tx.query('DELETE FROM shares WHERE owner_id = $1 AND folder_id = $2', [ownerId, folderId]);
    await tx.query(
      `DELETE FROM share_items i USING shares s, files f
        WHERE s.id = i.share_id AND f.id = i.file_id AND s.owner_id = $1 AND $2 IN (i.folder_id, f.folder_id)`,
      [ownerId, folderId],
    );
  }

  /** A share that can be opened once more, just now. */
  async findUsable(id: string): Promise<OpenableShare | null> {
    const rows = await this.rows.query<OpenableShare[]>(
      `SELECT s.id, s.owner_id AS "ownerId", s.folder_id AS "folderId", s.fk_version AS "fkVersion", s.secret_hash AS "secretHash",
              s.password_salt AS "passwordSalt", s.password_params AS "passwordParams", s.fk_wrapped AS "fkWrapped",
              s.visitor_label_sealed AS "visitorLabelSealed", s.include_originals AS "includeOriginals", s.expires_at AS "expiresAt"
         FROM shares s WHERE s.id = $1 AND s.visitor_label_sealed IS NOT NULL AND ${USABLE}`,
      [id],
    );
    return rows[0] ?? null;
  }

  /** Counts an opening; of many at the same moment no more than there may be. @returns false when it may not be opened any more */
  async countOpening(tx: EntityManager, id: string): Promise<boolean> {
    const [, count] = await tx.query<[unknown, number]>(
      `UPDATE shares s SET opens = opens + 1 WHERE s.id = $1 AND ${USABLE} RETURNING 1`,
      [id],
    );
    return count === 1;
  }

  /**
   * Counts a wrong password; the last one suspends the share.
   * @returns how many there are now, and whether this was the last one; null when the share is gone, or was suspended before
   */
  async countWrongPassword(id: string, limit: number): Promise<{ wrong: number; isSuspended: boolean } | null> {
    const [rows] = await this.rows.query<[{ wrong: number; isSuspended: boolean }[], number]>(
      `UPDATE shares
          SET wrong_passwords = wrong_passwords + 1,
              suspended_at = CASE WHEN wrong_passwords + 1 >= $2 THEN clock_timestamp() END
        WHERE id = $1 AND suspended_at IS NULL
       RETURNING wrong_passwords AS wrong, suspended_at IS NOT NULL AS "isSuspended"`,
      [id, limit],
    );
    return rows[0] ?? null;
  }

  /** Removes what expired shares could be opened with, and the keys of files that were moved since. @returns how many shares were expired */
  async deleteKeysOfEnded(): Promise<number> {
    const ended = await this.rows.query<unknown[]>(
      `WITH ended AS (
         UPDATE shares SET fk_wrapped = NULL, visitor_label_sealed = NULL
          WHERE id IN (SELECT id FROM shares WHERE expires_at < clock_timestamp() AND visitor_label_sealed IS NOT NULL
                          FOR UPDATE SKIP LOCKED)
         RETURNING id
       ), items AS (
         DELETE FROM share_items i USING files f
          WHERE f.id = i.file_id AND (i.share_id IN (SELECT id FROM ended) OR f.folder_id <> i.folder_id)
       )
       SELECT id FROM ended`,
    );
    return ended.length;
  }

  /** @returns how many */
  async deleteExpired(keepDays: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      'DELETE FROM shares WHERE expires_at < clock_timestamp() - make_interval(days => $1)',
      [keepDays],
    );
    return count;
  }
}
