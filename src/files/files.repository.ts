import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { FolderKeyRow } from '../folders/folders.repository';
import { type PreparedStatement, PreparedStatements } from '../platform/database/prepared-statements';
import type { SealedBlob } from '../vault/blob';
import type { FilePage } from './file-page';
import { FileEntity } from './file.entity';

/** A file with all that it takes to open it: its own row, its folder's key and its blob. */
export interface FileRow extends Pick<
  FileEntity,
  | 'id'
  | 'ownerId'
  | 'folderId'
  | 'blobId'
  | 'blobVersion'
  | 'fkVersion'
  | 'dekWrapped'
  | 'metaSealed'
  | 'metaVersion'
  | 'takenAt'
  | 'createdAt'
  | 'trashedAt'
> {
  readonly folderIsRoot: boolean;
  readonly folderKeyVersion: number;
  readonly folderKeyWrapped: Buffer | null;
  readonly epoch: number;
  readonly ctBytes: string;
  readonly header: Buffer;
}

export type NewFile = Pick<
  FileEntity,
  'id' | 'ownerId' | 'folderId' | 'fkVersion' | 'dekWrapped' | 'metaSealed' | 'nameBidx' | 'contentBidx' | 'takenAt'
>;

/** Of `files f`, its folder `d` and its blob `b`. */
export const SELECT_FILE = `
  SELECT f.id, f.owner_id AS "ownerId", f.folder_id AS "folderId", f.blob_id AS "blobId", f.blob_version AS "blobVersion",
         f.fk_version AS "fkVersion", f.dek_wrapped AS "dekWrapped", f.meta_sealed AS "metaSealed", f.meta_version AS "metaVersion",
         f.taken_at AS "takenAt", f.created_at AS "createdAt", f.trashed_at AS "trashedAt", d.is_root AS "folderIsRoot",
         d.fk_version AS "folderKeyVersion", d.fk_wrapped AS "folderKeyWrapped",
         d.epoch, b.ct_bytes AS "ctBytes", b.header
    FROM files f JOIN folders d ON d.id = f.folder_id JOIN blobs b ON b.id = f.blob_id`;

/**
 * For one file, the owner is the folder's: on a young table without statistics the planner likes an index that begins with
 * `files.owner_id` as much as the unique one, and walks through everything the owner has.
 */
const LOOKUP = `${SELECT_FILE} WHERE d.owner_id = $1 AND f.trashed_at IS NULL`;
const PAGE = `${SELECT_FILE} WHERE f.owner_id = $1 AND f.trashed_at IS NULL`;

const FIND: PreparedStatement = { name: 'files_find', text: `${LOOKUP} AND f.id = $2` };
const FIND_BY_NAME: PreparedStatement = {
  name: 'files_find_by_name',
  text: `${LOOKUP} AND f.folder_id = $2 AND f.name_bidx = $3`,
};
/** The folder stands in a CASE, or a planner with old statistics finds it, and walks through all of its files to the one with these bytes. */
const FIND_BY_CONTENT: PreparedStatement = {
  name: 'files_find_by_content',
  text: `${LOOKUP} AND f.content_bidx = $3 AND CASE WHEN d.owner_id = $1 THEN f.folder_id = $2 ELSE false END`,
};

const FIND_ALL_IN: PreparedStatement = {
  name: 'files_find_all_in',
  text: `${LOOKUP} AND f.folder_id = $2`,
};

/** A file that has some bytes, by their blind index. */
export type FoundContent = Pick<FileEntity, 'id' | 'contentBidx'>;

/**
 * One look into an index for each of many contents ($3), of one folder ($2): written so that no planner, whatever it knows of the table, walks
 * through all files of the folder or of its owner.
 * @param which files, as the index has it
 * @param order of those that have the same bytes, of which the first counts
 */
export function contentsIn(which: string, order: string): string {
  return `
    SELECT file.id, wanted.content_bidx AS "contentBidx" FROM unnest($3::bytea[]) AS wanted (content_bidx)
      CROSS JOIN LATERAL (
        SELECT f.id FROM files f
         WHERE f.content_bidx = wanted.content_bidx AND ${which} AND CASE WHEN f.owner_id = $1 THEN f.folder_id = $2 ELSE false END
         ORDER BY ${order} LIMIT 1) file`;
}

/**
 * The commit of an upload, in one statement and so in one transaction: the folder must still be as it was when its key was handed
 * out, its owner must not have been disabled, the bytes must not be in its trash, the blob goes from pending to ready (a sweeper that was
 * faster wins), and the file appears. All or nothing.
 * @param replaced what goes to the trash in the same statement: the unique index lets the new file in its place
 */
const insertWithBlob = (name: string, replaced: string): PreparedStatement => ({
  name,
  text: `
    WITH folder AS (
      SELECT id FROM folders
       WHERE id = $3 AND owner_id = $2 AND epoch = $4
         AND NOT EXISTS (SELECT FROM users WHERE id = $2 AND disabled_at IS NOT NULL)
         AND ($15 OR NOT EXISTS (SELECT FROM files WHERE content_bidx = $13 AND folder_id = $3 AND trashed_at IS NOT NULL))
         FOR SHARE
    ), blob AS (
      UPDATE blobs SET state = 'ready', lease_expires_at = NULL, ct_bytes = $6, ct_crc32 = $7, header = $8
       WHERE id = $5 AND owner_id = $2 AND file_id = $1 AND state = 'pending' AND EXISTS (SELECT FROM folder)
      RETURNING id
    )${replaced}
    INSERT INTO files (id, owner_id, folder_id, blob_id, fk_version, dek_wrapped, meta_sealed, name_bidx, content_bidx, taken_at, created_at)
    SELECT $1, $2, folder.id, blob.id, $9, $10, $11, $12, $13, $14, clock_timestamp() FROM folder, blob${replaced && ', replaced'}
    RETURNING created_at AS "createdAt"`,
});

const INSERT_WITH_BLOB = insertWithBlob('files_insert_with_blob', '');
const REPLACE_WITH_BLOB = insertWithBlob(
  'files_replace_with_blob',
  `, trashed AS (
      UPDATE files SET trashed_at = clock_timestamp(), updated_at = clock_timestamp()
       WHERE folder_id = $3 AND name_bidx = $12 AND trashed_at IS NULL AND EXISTS (SELECT FROM blob)
      RETURNING id
    ), replaced AS (SELECT count(*) FROM trashed)`,
);

/** How a file may come in beside what is there. */
export interface Beside {
  /** What has its name goes to the trash. */
  readonly replace?: boolean;
  /** Also when its bytes are in the folder's trash. */
  readonly evenIfTrashed?: boolean;
}

/** Sort keys by the word that a client may use: the only way that word reaches a statement. */
const SORT = { created: 'f.created_at', taken: 'COALESCE(f.taken_at, f.created_at)' } as const;

/** Files; the owner is part of every statement. */
@Injectable()
export class FilesRepository {
  constructor(
    @InjectRepository(FileEntity) private readonly rows: Repository<FileEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  async findOwned(ownerId: string, id: string): Promise<FileRow | null> {
    return (await this.statements.run<FileRow>(FIND, [ownerId, id]))[0] ?? null;
  }

  /** Those of some ids that are an owner's: folder by folder, the root first, and in each as they came into the vault. */
  async findOwnedMany(ownerId: string, ids: readonly string[]): Promise<FileRow[]> {
    const text = `${LOOKUP} AND f.id = ANY($2) ORDER BY d.is_root DESC, d.id, f.created_at, f.id`;
    return this.rows.query(text, [ownerId, ids]);
  }

  async findOwnedByName(ownerId: string, folderId: string, nameBidx: Buffer): Promise<FileRow | null> {
    return (await this.statements.run<FileRow>(FIND_BY_NAME, [ownerId, folderId, nameBidx]))[0] ?? null;
  }

  async findOwnedByContent(ownerId: string, folderId: string, contentBidx: Buffer): Promise<FileRow | null> {
    return (await this.statements.run<FileRow>(FIND_BY_CONTENT, [ownerId, folderId, contentBidx]))[0] ?? null;
  }

  /** Which of these bytes a folder has, in no order. */
  async findManyByContent(ownerId: string, folderId: string, contents: readonly Buffer[]): Promise<FoundContent[]> {
    return this.rows.query(contentsIn('f.trashed_at IS NULL', 'f.id'), [ownerId, folderId, contents]);
  }

  /** Which of these names a folder has. */
  async findTakenNames(ownerId: string, folderId: string, candidates: readonly Buffer[]): Promise<Set<string>> {
    const rows = await this.rows.query<Pick<FileEntity, 'nameBidx'>[]>(
      `SELECT f.name_bidx AS "nameBidx" FROM files f JOIN folders d ON d.id = f.folder_id
        WHERE d.owner_id = $1 AND f.folder_id = $2 AND f.trashed_at IS NULL AND f.name_bidx = ANY($3)`,
      [ownerId, folderId, candidates],
    );
    return new Set(rows.map((row) => row.nameBidx.toString('hex')));
  }

  /**
   * Makes a file of a pending blob.
   * @returns when it was made, or null when the folder has changed, its trash has these bytes or a sweeper has taken the blob: nothing was written
   * @throws pg's unique violation of `uq_files_folder_id_name_bidx` or `uq_files_content_bidx_folder_id`
   */
  async insertWithBlob(
    file: NewFile,
    epoch: number,
    blob: SealedBlob,
    { replace = false, evenIfTrashed = false }: Beside = {},
  ): Promise<Date | null> {
    const statement = replace ? REPLACE_WITH_BLOB : INSERT_WITH_BLOB;
    const [row] = await this.statements.run<Pick<FileEntity, 'createdAt'>>(statement, [
      file.id,
      file.ownerId,
      file.folderId,
      epoch,
      blob.id,
      blob.ctBytes,
      blob.ctCrc32,
      blob.header,
      file.fkVersion,
      file.dekWrapped,
      file.metaSealed,
      file.nameBidx,
      file.contentBidx,
      file.takenAt,
      evenIfTrashed,
    ]);
    return row?.createdAt ?? null;
  }

  /** Everything in a folder: for a locked one, whose order is known only when it is opened. */
  async findAllIn(ownerId: string, folderId: string): Promise<FileRow[]> {
    return this.statements.run<FileRow>(FIND_ALL_IN, [ownerId, folderId]);
  }

  /** A page of an owner's files in open folders, or of one folder, by keyset: a deep page costs what the first one does. */
  async findPage(ownerId: string, page: FilePage): Promise<FileRow[]> {
    const { order, direction, limit, folderId, after } = page;
    const sort = SORT[order];
    const [compare, sorted] = direction === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const statement = {
      name: `files_page_${order}_${direction}${folderId ? '_folder' : ''}${after ? '_after' : ''}`,
      text: `${PAGE} ${folderId ? `AND f.folder_id = $3` : 'AND d.fk_wrapped IS NOT NULL AND $3::uuid IS NULL'}
             ${after ? `AND (${sort}, f.id) ${compare} ($4, $5)` : ''}
             ORDER BY ${sort} ${sorted}, f.id ${sorted} LIMIT $2`,
    };
    return this.statements.run<FileRow>(statement, [
      ownerId,
      limit,
      folderId ?? null,
      ...(after ? [after.at, after.id] : []),
    ]);
  }
}

/** The folder's part of a file row, as `FolderAccess.openRow` wants it. */
export function folderRowOf(row: FileRow): FolderKeyRow {
  return {
    id: row.folderId,
    ownerId: row.ownerId,
    isRoot: row.folderIsRoot,
    fkVersion: row.folderKeyVersion,
    fkWrapped: row.folderKeyWrapped,
    epoch: row.epoch,
  };
}
