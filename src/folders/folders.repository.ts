import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, IsNull, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../platform/database/prepared-statements';
import { PLAINTEXT_BYTES } from '../vault/blobs.repository';
import { FolderEntity } from './folder.entity';

/** What it takes to open a folder. */
export type FolderKeyRow = Pick<FolderEntity, 'id' | 'ownerId' | 'isRoot' | 'fkVersion' | 'fkWrapped' | 'epoch'>;

/** A folder as its owner sees it, its name still sealed. */
export interface ShownFolderRow extends Pick<FolderEntity, 'id' | 'ownerId' | 'isRoot' | 'nameSealed' | 'createdAt'> {
  readonly isLocked: boolean;
  /** Until when the session has it unlocked. */
  readonly unlockedUntil: Date | null;
  /** Counted, never stored: a stored counter deadlocks under parallel uploads. */
  readonly files: string;
  readonly bytes: string;
}

const COLUMNS =
  'id, owner_id AS "ownerId", is_root AS "isRoot", fk_version AS "fkVersion", fk_wrapped AS "fkWrapped", epoch';
const FIND_OWNED: PreparedStatement = {
  name: 'folders_find_owned',
  text: `SELECT ${COLUMNS} FROM folders WHERE owner_id = $1 AND id = $2 AND trashed_at IS NULL`,
};
const FIND_ROOT: PreparedStatement = {
  name: 'folders_find_root',
  text: `SELECT ${COLUMNS} FROM folders WHERE owner_id = $1 AND is_root`,
};

const SHOWN = `
  SELECT d.id, d.owner_id AS "ownerId", d.is_root AS "isRoot", d.name_sealed AS "nameSealed",
         d.created_at AS "createdAt", d.fk_wrapped IS NULL AS "isLocked",
         least(g.idle_expires_at, g.expires_at) AS "unlockedUntil", c.files, c.bytes
    FROM folders d
    LEFT JOIN unlock_grants g ON g.folder_id = d.id AND g.session_id = $2 AND g.fk_version = d.fk_version
          AND g.idle_expires_at > clock_timestamp() AND g.expires_at > clock_timestamp()
    CROSS JOIN LATERAL (
      SELECT count(*) AS files, coalesce(sum(${PLAINTEXT_BYTES}), 0) AS bytes
        FROM files f JOIN blobs b ON b.id = f.blob_id WHERE f.folder_id = d.id AND f.trashed_at IS NULL) c
   WHERE d.owner_id = $1 AND d.trashed_at IS NULL`;

/** Folders; the owner is part of every statement. */
@Injectable()
export class FoldersRepository {
  constructor(
    @InjectRepository(FolderEntity) private readonly rows: Repository<FolderEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  async findOwned(ownerId: string, id: string): Promise<FolderKeyRow | null> {
    return (await this.statements.run<FolderKeyRow>(FIND_OWNED, [ownerId, id]))[0] ?? null;
  }

  /** The same, also when it is in the trash: for what must be possible there. */
  async findOwnedAnywhere(ownerId: string, id: string): Promise<FolderKeyRow | null> {
    const rows = await this.rows.query<FolderKeyRow[]>(
      `SELECT ${COLUMNS} FROM folders WHERE owner_id = $1 AND id = $2 AND purged_at IS NULL`,
      [ownerId, id],
    );
    return rows[0] ?? null;
  }

  async findRoot(ownerId: string): Promise<FolderKeyRow | null> {
    return (await this.statements.run<FolderKeyRow>(FIND_ROOT, [ownerId]))[0] ?? null;
  }

  /** Of two first uploads at once, one makes the root and the other finds it; for an account that is being deleted nobody does. */
  async insertRootUnlessThere(root: Pick<FolderEntity, 'id' | 'ownerId' | 'fkWrapped'>): Promise<void> {
    await this.rows.query(
      `INSERT INTO folders (id, owner_id, fk_wrapped, is_root)
       SELECT $1, id, $3, true FROM users WHERE id = $2 AND email_bidx IS NOT NULL FOR KEY SHARE
       ON CONFLICT DO NOTHING`,
      [root.id, root.ownerId, root.fkWrapped],
    );
  }

  /**
   * Whoever counts exactly has locked the account in a statement before: this one does not see what is committed while it waits.
   * @returns false when the owner has `limit` folders already
   * @throws pg's unique violation of `uq_folders_owner_id_name_bidx`
   */
  async insertOwned(
    tx: EntityManager,
    folder: Pick<FolderEntity, 'id' | 'ownerId' | 'nameBidx' | 'nameSealed' | 'fkWrapped'>,
    limit: number,
  ): Promise<boolean> {
    const { id, ownerId, nameBidx, nameSealed, fkWrapped } = folder;
    const rows = await tx.query<unknown[]>(
      `INSERT INTO folders (id, owner_id, name_bidx, name_sealed, fk_wrapped)
       SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM folders WHERE owner_id = $2 AND trashed_at IS NULL) < $6 RETURNING id`,
      [id, ownerId, nameBidx, nameSealed, fkWrapped, limit],
    );
    return rows.length === 1;
  }

  /** All folders of an owner, as one of the owner's sessions sees them. */
  async findShown(ownerId: string, sessionId: string): Promise<ShownFolderRow[]> {
    return this.rows.query(`${SHOWN} ORDER BY d.is_root DESC, d.id`, [ownerId, sessionId]);
  }

  async findShownOne(ownerId: string, sessionId: string, id: string): Promise<ShownFolderRow | null> {
    const rows = await this.rows.query<ShownFolderRow[]>(`${SHOWN} AND d.id = $3`, [ownerId, sessionId, id]);
    return rows[0] ?? null;
  }

  /** @throws pg's unique violation of `uq_folders_owner_id_name_bidx` */
  async rename(ownerId: string, id: string, name: Pick<FolderEntity, 'nameBidx' | 'nameSealed'>): Promise<void> {
    await this.rows.update({ ownerId, id, isRoot: false, trashedAt: IsNull() }, name);
  }

  /** @throws pg's violation of `fk_files_owner_id_folder_id` when it has files, also those of an upload that ends at this moment */
  async deleteOwned(ownerId: string, id: string): Promise<void> {
    await this.rows.delete({ ownerId, id, isRoot: false, trashedAt: IsNull() });
  }

  /** The same as {@link findOwned}; nobody changes the folder, nor adds a file to it, until the transaction ends. */
  async lockOwned(tx: EntityManager, ownerId: string, id: string): Promise<FolderKeyRow | null> {
    const rows = await tx.query<FolderKeyRow[]>(
      `SELECT ${COLUMNS} FROM folders WHERE owner_id = $1 AND id = $2 FOR UPDATE`,
      [ownerId, id],
    );
    return rows[0] ?? null;
  }

  /** Gives a folder another key. Whoever still holds the old one, or is just writing with it, notices by the epoch. */
  async replaceKey(tx: EntityManager, folder: Pick<FolderEntity, 'id' | 'fkVersion' | 'fkWrapped'>): Promise<void> {
    await tx.query('UPDATE folders SET fk_version = $2, fk_wrapped = $3, epoch = epoch + 1 WHERE id = $1', [
      folder.id,
      folder.fkVersion,
      folder.fkWrapped,
    ]);
  }
}
