import { Injectable } from '@nestjs/common';
import type { FileRow } from '../../files/files.repository';
import type { Position } from '../../platform/http/cursor';
import { PreparedStatements } from '../../platform/database/prepared-statements';
import { LIVE } from '../shares.repository';

type StoredColumns = Omit<FileRow, 'takenAt' | 'trashedAt' | 'folderIsRoot' | 'folderKeyVersion' | 'folderKeyWrapped'>;

/** A shared file with all that it takes to open it: for one of a folder its own columns, else the item's, which are null for the former. */
export interface SharedFileRow extends StoredColumns {
  readonly itemDekWrapped: Buffer | null;
  readonly itemDetailsSealed: Buffer | null;
}

/** Which part of a share is asked for. */
export interface SharedPage {
  readonly limit: number;
  readonly after?: Position;
}

const COLUMNS = `
  SELECT f.id, f.owner_id AS "ownerId", f.folder_id AS "folderId", f.blob_id AS "blobId", f.blob_version AS "blobVersion",
         f.fk_version AS "fkVersion", f.dek_wrapped AS "dekWrapped", f.meta_sealed AS "metaSealed", f.meta_version AS "metaVersion",
         f.created_at AS "createdAt", d.epoch, b.ct_bytes AS "ctBytes", b.header`;

/**
 * What a visitor may see, and nothing else: each statement asks again whether the share is live, and whether each file is still where, and
 * under the key, that was shared. So a lock, another key, a move or the trash end a share of it without having to know about shares.
 */
const OF_FOLDER = `
  ${COLUMNS}, NULL::bytea AS "itemDekWrapped", NULL::bytea AS "itemDetailsSealed"
    FROM shares s
    JOIN folders d ON d.id = s.folder_id AND d.owner_id = s.owner_id AND d.fk_version = s.fk_version
    JOIN files f ON f.folder_id = d.id AND f.owner_id = s.owner_id AND f.fk_version = d.fk_version AND f.trashed_at IS NULL
    JOIN blobs b ON b.id = f.blob_id
   WHERE s.id = $1 AND ${LIVE}`;

const OF_FILES = `
  ${COLUMNS}, i.dek_wrapped AS "itemDekWrapped", i.details_sealed AS "itemDetailsSealed"
    FROM shares s
    JOIN share_items i ON i.share_id = s.id
    JOIN files f ON f.id = i.file_id AND f.owner_id = s.owner_id AND f.folder_id = i.folder_id
                AND f.blob_version = i.blob_version AND f.trashed_at IS NULL
    JOIN folders d ON d.id = f.folder_id AND d.owner_id = s.owner_id AND d.fk_version = i.fk_version
    JOIN blobs b ON b.id = f.blob_id
   WHERE s.id = $1 AND ${LIVE}`;

const BY_TARGET = { folder: OF_FOLDER, files: OF_FILES } as const;
export type TargetKind = keyof typeof BY_TARGET;

/** Files as visitors of a share may see them. */
@Injectable()
export class SharedFilesRepository {
  constructor(private readonly statements: PreparedStatements) {}

  async find(shareId: string, target: TargetKind, fileId: string): Promise<SharedFileRow | null> {
    const statement = { name: `shared_${target}_find`, text: `${BY_TARGET[target]} AND f.id = $2` };
    return (await this.statements.run<SharedFileRow>(statement, [shareId, fileId]))[0] ?? null;
  }

  /** A page in the order in which the files came into the vault, by keyset. */
  async findPage(shareId: string, target: TargetKind, { limit, after }: SharedPage): Promise<SharedFileRow[]> {
    const statement = {
      name: `shared_${target}_page${after ? '_after' : ''}`,
      text: `${BY_TARGET[target]} ${after ? 'AND (f.created_at, f.id) > ($3, $4)' : ''} ORDER BY f.created_at, f.id LIMIT $2`,
    };
    return this.statements.run<SharedFileRow>(statement, [shareId, limit, ...(after ? [after.at, after.id] : [])]);
  }
}
