import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { FolderEntity } from '../folder.entity';

/** A folder in the trash, or a locked one of which some files are: its name still sealed. */
export interface TrashedFolderRow extends Pick<FolderEntity, 'id' | 'ownerId' | 'nameSealed' | 'trashedAt'> {
  readonly isLocked: boolean;
  /** Until when the session has it unlocked. */
  readonly unlockedUntil: Date | null;
  /** How many of its files are in the trash; counted, never stored. */
  readonly files: string;
}

/** A folder whose time is over, or whose purge was cut off. */
export interface DueFolder extends Pick<FolderEntity, 'id' | 'ownerId'> {
  readonly trashedAt: Date;
  /** Nobody sees it any more. */
  readonly isMarked: boolean;
}

/** Files of open folders that are not in the trash are not counted: nobody asks, and there may be very many. */
const SHOWN = `
  SELECT d.id, d.owner_id AS "ownerId", d.name_sealed AS "nameSealed", d.trashed_at AS "trashedAt", d.fk_wrapped IS NULL AS "isLocked",
         least(g.idle_expires_at, g.expires_at) AS "unlockedUntil", c.files
    FROM folders d
    LEFT JOIN unlock_grants g ON g.folder_id = d.id AND g.session_id = $2 AND g.fk_version = d.fk_version
          AND g.idle_expires_at > clock_timestamp() AND g.expires_at > clock_timestamp()
    CROSS JOIN LATERAL (
      SELECT count(*) AS files FROM files f
       WHERE f.folder_id = d.id AND f.trashed_at IS NOT NULL AND (d.trashed_at IS NOT NULL OR d.fk_wrapped IS NULL)) c
   WHERE d.owner_id = $1 AND d.purged_at IS NULL AND (d.trashed_at IS NOT NULL OR c.files > 0)`;

/** Folders in the trash; but for retention, the owner is part of every statement. */
@Injectable()
export class TrashedFoldersRepository {
  constructor(@InjectRepository(FolderEntity) private readonly rows: Repository<FolderEntity>) {}

  /** All of an owner's, as one of the owner's sessions sees them, what was trashed last first; and locked ones with files in the trash. */
  async findShown(ownerId: string, sessionId: string): Promise<TrashedFolderRow[]> {
    return this.rows.query(`${SHOWN} ORDER BY d.trashed_at DESC NULLS LAST, d.id`, [ownerId, sessionId]);
  }

  async findShownOne(ownerId: string, sessionId: string, id: string): Promise<TrashedFolderRow | null> {
    const rows = await this.rows.query<TrashedFolderRow[]>(`${SHOWN} AND d.id = $3`, [ownerId, sessionId, id]);
    return rows[0] ?? null;
  }

  /** Null for a folder that is not in the trash. */
  async findOwned(
    ownerId: string,
    id: string,
  ): Promise<Required<Pick<FolderEntity, 'id' | 'nameSealed' | 'trashedAt'>> | null> {
    const rows = await this.rows.query<Pick<FolderEntity, 'id' | 'nameSealed' | 'trashedAt'>[]>(
      `SELECT id, name_sealed AS "nameSealed", trashed_at AS "trashedAt"
         FROM folders WHERE owner_id = $1 AND id = $2 AND trashed_at IS NOT NULL AND purged_at IS NULL`,
      [ownerId, id],
    );
    return rows[0] ?? null;
  }

  /** How many folders an owner has in the trash. */
  async countTrashed(tx: EntityManager, ownerId: string): Promise<number> {
    const [{ count }] = await tx.query<[{ count: string }]>(
      'SELECT count(*) FROM folders WHERE owner_id = $1 AND trashed_at IS NOT NULL AND purged_at IS NULL',
      [ownerId],
    );
    return Number(count);
  }

  /** @returns since when it is in the trash, or null when it is not as it was when its key was handed out: nothing was written */
  async trash(
    tx: EntityManager,
    { id, ownerId, epoch }: Pick<FolderEntity, 'id' | 'ownerId' | 'epoch'>,
  ): Promise<Date | null> {
    const [rows] = await tx.query<[{ at: Date }[], number]>(
      `UPDATE folders SET trashed_at = clock_timestamp(), epoch = epoch + 1
        WHERE id = $1 AND owner_id = $2 AND epoch = $3 AND trashed_at IS NULL AND NOT is_root RETURNING trashed_at AS at`,
      [id, ownerId, epoch],
    );
    return rows[0]?.at ?? null;
  }

  /**
   * Whoever counts exactly has locked the account before.
   * @returns false when it is not in the trash any more, or not as it was when its key was handed out
   * @throws pg's unique violation of `uq_folders_owner_id_name_bidx`
   */
  async restore(
    tx: EntityManager,
    folder: Pick<FolderEntity, 'id' | 'ownerId' | 'epoch' | 'nameBidx' | 'nameSealed'>,
  ): Promise<boolean> {
    const { id, ownerId, epoch, nameBidx, nameSealed } = folder;
    const [, count] = await tx.query<[unknown, number]>(
      `UPDATE folders SET trashed_at = NULL, epoch = epoch + 1, name_bidx = $4, name_sealed = $5
        WHERE id = $1 AND owner_id = $2 AND epoch = $3 AND trashed_at IS NOT NULL AND purged_at IS NULL`,
      [id, ownerId, epoch, nameBidx, nameSealed],
    );
    return count === 1;
  }

  /** How many folders an owner has that are not in the trash. */
  async countOthers(tx: EntityManager, ownerId: string): Promise<number> {
    const [{ count }] = await tx.query<[{ count: string }]>(
      'SELECT count(*) FROM folders WHERE owner_id = $1 AND trashed_at IS NULL',
      [ownerId],
    );
    return Number(count);
  }

  /**
   * From here on nobody sees it, and nobody writes into it.
   * @param trashedAt since when it has to be in the trash; without it, it need not be there
   * @returns false when there is no such folder, or it is the root
   */
  async markPurged(tx: EntityManager, ownerId: string, id: string, trashedAt?: Date): Promise<boolean> {
    const [, count] = await tx.query<[unknown, number]>(
      `UPDATE folders SET trashed_at = coalesce(trashed_at, clock_timestamp()), purged_at = clock_timestamp(), epoch = epoch + 1
        WHERE owner_id = $1 AND id = $2 AND NOT is_root AND purged_at IS NULL AND ($3::timestamptz IS NULL OR trashed_at = $3)`,
      [ownerId, id, trashedAt ?? null],
    );
    return count === 1;
  }

  /** Those that are to go but for their files, or have been in the trash for so many days. @param after the last of the ones before */
  async findDue(days: number, limit: number, after?: DueFolder): Promise<DueFolder[]> {
    return this.rows.query(
      `SELECT id, owner_id AS "ownerId", trashed_at AS "trashedAt", purged_at IS NOT NULL AS "isMarked" FROM folders
        WHERE trashed_at IS NOT NULL AND (purged_at IS NOT NULL OR trashed_at < clock_timestamp() - make_interval(days => $1))
          ${after ? 'AND (trashed_at, id) > ($3, $4)' : ''}
        ORDER BY trashed_at, id LIMIT $2`,
      [days, limit, ...(after ? [after.trashedAt, after.id] : [])],
    );
  }

  /** The row goes last, when no file is left. @throws pg's violation of `fk_files_owner_id_folder_id` */
  async deletePurged(ownerId: string, id: string): Promise<void> {
    await this.rows.query('DELETE FROM folders WHERE owner_id = $1 AND id = $2 AND purged_at IS NOT NULL', [
      ownerId,
      id,
    ]);
  }
}
