import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import type { OpenFolder } from '../../folders/access/open-folder';
import type { Position } from '../../platform/http/cursor';
import { FileEntity } from '../file.entity';
import { contentsIn, type FileRow, type FoundContent, SELECT_FILE } from '../files.repository';

/** A file as it goes: nothing of it has to be opened for that. */
export type PurgeableFile = Pick<FileEntity, 'id' | 'ownerId'>;

/** Which part of the trash is asked for, what was trashed last first. */
export interface TrashPage {
  readonly limit: number;
  readonly after?: Position;
  /** One folder's, in the trash itself or not; without it, of all open folders that are not there. */
  readonly folderId?: string;
}

const TRASHED = `${SELECT_FILE} WHERE f.owner_id = $1 AND f.trashed_at IS NOT NULL AND d.purged_at IS NULL`;

/** Files on their way to the trash, in it, and out of it; but for retention, the owner is part of every statement. */
@Injectable()
export class TrashedFilesRepository {
  constructor(@InjectRepository(FileEntity) private readonly rows: Repository<FileEntity>) {}

  /** Of some ids those that are in an owner's trash, in no order. */
  async findOwnedMany(ownerId: string, ids: readonly string[]): Promise<FileRow[]> {
    return this.rows.query(`${TRASHED} AND f.id = ANY($2)`, [ownerId, ids]);
  }

  /** The one that was trashed last. */
  async findOwnedByContent(ownerId: string, folderId: string, contentBidx: Buffer): Promise<FileRow | null> {
    const rows = await this.rows.query<FileRow[]>(
      `${TRASHED} AND f.folder_id = $2 AND f.content_bidx = $3 ORDER BY f.trashed_at DESC, f.id DESC LIMIT 1`,
      [ownerId, folderId, contentBidx],
    );
    return rows[0] ?? null;
  }

  /** The same for many: which of these bytes the trash of a folder has, in no order. */
  async findManyByContent(ownerId: string, folderId: string, contents: readonly Buffer[]): Promise<FoundContent[]> {
    const statement = contentsIn('f.trashed_at IS NOT NULL', 'f.trashed_at DESC, f.id DESC');
    return this.rows.query(statement, [ownerId, folderId, contents]);
  }

  async findPage(ownerId: string, { limit, after, folderId }: TrashPage): Promise<FileRow[]> {
    return this.rows.query(
      `${TRASHED} AND ${folderId ? 'f.folder_id = $3' : '$3::uuid IS NULL AND d.fk_wrapped IS NOT NULL AND d.trashed_at IS NULL'}
       ${after ? 'AND (f.trashed_at, f.id) < ($4, $5)' : ''} ORDER BY f.trashed_at DESC, f.id DESC LIMIT $2`,
      [ownerId, limit, folderId ?? null, ...(after ? [after.at, after.id] : [])],
    );
  }

  /**
   * Puts files of a folder into the trash.
   * @returns the ids of those that are there now; none when the folder is not as it was when its key was handed out
   */
  async trash({ id, ownerId, epoch }: OpenFolder, ids: readonly string[]): Promise<Set<string>> {
    const [rows] = await this.rows.query<[{ id: string }[], number]>(
      `WITH folder AS (SELECT id FROM folders WHERE id = $1 AND owner_id = $2 AND epoch = $3 FOR SHARE),
            file AS (SELECT f.id FROM files f JOIN folder ON folder.id = f.folder_id
                      WHERE f.id = ANY($4) AND f.trashed_at IS NULL ORDER BY f.id FOR UPDATE OF f)
       UPDATE files f SET trashed_at = clock_timestamp(), updated_at = clock_timestamp() FROM file WHERE f.id = file.id
       RETURNING f.id`,
      [id, ownerId, epoch, ids],
    );
    return new Set(rows.map((row) => row.id));
  }

  /**
   * What goes to the trash with its folder, whose row the transaction holds. What was replaced in the same millisecond was there before, or
   * two files of one name would come back.
   * @returns how many
   */
  async trashAllIn(tx: EntityManager, ownerId: string, folderId: string, at: Date): Promise<number> {
    await tx.query(
      `UPDATE files SET trashed_at = trashed_at - interval '1 millisecond'
        WHERE folder_id = $1 AND owner_id = $2 AND trashed_at = $3`,
      [folderId, ownerId, at],
    );
    const [, count] = await tx.query<[unknown, number]>(
      `UPDATE files SET trashed_at = $3, updated_at = clock_timestamp()
        WHERE folder_id = $1 AND owner_id = $2 AND trashed_at IS NULL`,
      [folderId, ownerId, at],
    );
    return count;
  }

  /** What went to the trash with its folder, whose row the transaction holds; not what was there before. */
  async restoreAllIn(tx: EntityManager, ownerId: string, folderId: string, at: Date): Promise<void> {
    await tx.query(
      `UPDATE files SET trashed_at = NULL, updated_at = clock_timestamp()
        WHERE folder_id = $1 AND owner_id = $2 AND trashed_at = $3`,
      [folderId, ownerId, at],
    );
  }

  /** Some of a folder's files in the trash. */
  async findSomeIn(ownerId: string, folderId: string, limit: number): Promise<PurgeableFile[]> {
    return this.rows.query(
      `SELECT id, owner_id AS "ownerId" FROM files WHERE owner_id = $1 AND folder_id = $2 AND trashed_at IS NOT NULL LIMIT $3`,
      [ownerId, folderId, limit],
    );
  }

  /** Some of those that the list of the trash shows by themselves: of open folders that are not there. */
  async findSomeInOpenFolders(ownerId: string, limit: number): Promise<PurgeableFile[]> {
    return this.rows.query(
      `SELECT f.id, f.owner_id AS "ownerId" FROM files f JOIN folders d ON d.id = f.folder_id
        WHERE f.owner_id = $1 AND f.trashed_at IS NOT NULL AND d.fk_wrapped IS NOT NULL AND d.trashed_at IS NULL LIMIT $2`,
      [ownerId, limit],
    );
  }

  /**
   * Some of those that have been in the trash for so many days, whoever owns them. When that was is asked once, so that an index can answer.
   * @param except ids of those that are not asked for again
   */
  async findExpired(days: number, limit: number, except: readonly string[]): Promise<PurgeableFile[]> {
    return this.rows.query(
      `SELECT id, owner_id AS "ownerId" FROM files
        WHERE trashed_at < (SELECT clock_timestamp() - make_interval(days => $1)) AND id <> ALL($3) ORDER BY trashed_at LIMIT $2`,
      [days, limit, except],
    );
  }

  /**
   * Of some ids those that are in an owner's trash; nobody restores them until the transaction ends. Their folders first, as everybody else
   * does it who writes into one: whoever rewraps or restores all of a folder takes its files in another order.
   * @param days since how many they have to be there
   */
  async lockForPurge(tx: EntityManager, ownerId: string, ids: readonly string[], days = 0): Promise<string[]> {
    await tx.query(
      `SELECT FROM folders WHERE owner_id = $1 AND id IN (SELECT folder_id FROM files WHERE owner_id = $1 AND id = ANY($2))
        ORDER BY id FOR SHARE`,
      [ownerId, ids],
    );
    const rows = await tx.query<{ id: string }[]>(
      `SELECT id FROM files
        WHERE owner_id = $1 AND id = ANY($2) AND trashed_at IS NOT NULL
          AND ($3 = 0 OR trashed_at < clock_timestamp() - make_interval(days => $3))
        ORDER BY id FOR UPDATE`,
      [ownerId, ids, days],
    );
    return rows.map(({ id }) => id);
  }

  /** Removes rows, and with them the only keys to their bytes; the bytes are the sweeper's from here on. */
  async deleteLocked(tx: EntityManager, ownerId: string, ids: readonly string[]): Promise<void> {
    await tx.query(
      `WITH gone AS (DELETE FROM files WHERE owner_id = $1 AND id = ANY($2) RETURNING blob_id)
       UPDATE blobs SET state = 'deleting' WHERE owner_id = $1 AND id IN (SELECT blob_id FROM gone)`,
      [ownerId, ids],
    );
  }
}
