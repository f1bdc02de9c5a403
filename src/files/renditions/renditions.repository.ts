import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import {
  type PreparedStatement,
  PreparedStatements,
  violatedUnique,
} from '../../platform/database/prepared-statements';
import type { BlobKind } from '../../platform/crypto/contexts';
import type { SealedBlob } from '../../vault/blob';

/** Of which file, and whose it is. */
export interface RenditionOf {
  readonly ownerId: string;
  readonly fileId: string;
  readonly kind: BlobKind;
}

/** A rendition; without a blob where the original cannot be shown. */
export type RenditionRow =
  | { readonly blobId: string; readonly ctBytes: string; readonly header: Buffer }
  | { readonly blobId: null; readonly ctBytes: null; readonly header: null };

/** How long a failure is believed: a worker may have died of something else, and a later version may know more. */
const IS_STALE = "r.blob_id IS NULL AND r.created_at < clock_timestamp() - interval '1 day'";

const FIND: PreparedStatement = {
  name: 'renditions_find',
  text: `
    SELECT b.id AS "blobId", b.ct_bytes AS "ctBytes", b.header
      FROM renditions r JOIN files f ON f.id = r.file_id LEFT JOIN blobs b ON b.id = r.blob_id
     WHERE r.file_id = $1 AND f.owner_id = $2 AND r.kind = $3 AND NOT (${IS_STALE})`,
};

const DELETE_STALE: PreparedStatement = {
  name: 'renditions_delete_stale',
  text: `
    DELETE FROM renditions r USING files f
     WHERE f.id = r.file_id AND r.file_id = $1 AND f.owner_id = $2 AND r.kind = $3 AND ${IS_STALE}`,
};

/**
 * The commit of a rendition, in one statement and so in one transaction, like an upload's: the file must still be there, and is kept from
 * going in between; the blob goes from pending to ready (a sweeper that was faster wins); the rendition appears. All or nothing: whoever
 * was second fails at the primary key, and its blob is pending as before.
 */
const INSERT_WITH_BLOB: PreparedStatement = {
  name: 'renditions_insert_with_blob',
  text: `
    WITH file AS (
      SELECT id FROM files WHERE id = $1 AND owner_id = $2 FOR KEY SHARE
    ), blob AS (
      UPDATE blobs SET state = 'ready', lease_expires_at = NULL, ct_bytes = $5, ct_crc32 = $6, header = $7
       WHERE id = $4 AND owner_id = $2 AND file_id = $1 AND kind = $3 AND state = 'pending' AND EXISTS (SELECT FROM file)
      RETURNING id
    )
    INSERT INTO renditions (file_id, kind, blob_id, created_at)
    SELECT file.id, $3, blob.id, clock_timestamp() FROM file, blob
    RETURNING blob_id AS "blobId"`,
};

const INSERT_UNAVAILABLE: PreparedStatement = {
  name: 'renditions_insert_unavailable',
  text: `
    WITH file AS (SELECT id FROM files WHERE id = $1 AND owner_id = $2 FOR KEY SHARE)
    INSERT INTO renditions (file_id, kind, created_at) SELECT id, $3, clock_timestamp() FROM file
    ON CONFLICT (file_id, kind) DO NOTHING`,
};

/** Renditions; the owner is part of every statement. */
@Injectable()
export class RenditionsRepository {
  constructor(private readonly statements: PreparedStatements) {}

  /** @returns null when it is not made yet, or when a failure is so old that it is worth another try */
  async find({ ownerId, fileId, kind }: RenditionOf): Promise<RenditionRow | null> {
    return (await this.statements.run<RenditionRow>(FIND, [fileId, ownerId, kind]))[0] ?? null;
  }

  /** Makes room for another try. */
  async deleteStale({ ownerId, fileId, kind }: RenditionOf): Promise<void> {
    await this.statements.run(DELETE_STALE, [fileId, ownerId, kind]);
  }

  /**
   * Makes a rendition of a pending blob.
   * @returns false when there is one by now, the file is gone or a sweeper has taken the blob: nothing was written
   */
  async insertWithBlob({ ownerId, fileId, kind }: RenditionOf, blob: SealedBlob): Promise<boolean> {
    try {
      const values = [fileId, ownerId, kind, blob.id, blob.ctBytes, blob.ctCrc32, blob.header];
      return (await this.statements.run(INSERT_WITH_BLOB, values)).length === 1;
    } catch (error) {
      if (violatedUnique(error) === 'pk_renditions') return false;
      throw error;
    }
  }

  /** Remembers that the original cannot be shown, unless there is a rendition by now. */
  async insertUnavailable({ ownerId, fileId, kind }: RenditionOf): Promise<void> {
    await this.statements.run(INSERT_UNAVAILABLE, [fileId, ownerId, kind]);
  }

  /**
   * Gives up the renditions of files that are about to be deleted, in the transaction that deletes them and before it does: their rows go,
   * their blobs become `deleting`, and the sweeper does the rest. Without it the files' deletion fails at `fk_renditions_file_id`.
   * The files stay locked to the end of the transaction, so that no rendition of them can be made in between. The originals' blobs are
   * the caller's.
   */
  async doomOfFiles(tx: EntityManager, ownerId: string, fileIds: readonly string[]): Promise<void> {
    // In the order of their ids, so that two of these never wait for each other.
    await tx.query('SELECT FROM files WHERE owner_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE', [ownerId, fileIds]);
    // A statement of its own: only it sees what was committed while the one before was waiting.
    await tx.query(
      `WITH gone AS (
         DELETE FROM renditions r USING files f
          WHERE f.id = r.file_id AND f.owner_id = $1 AND f.id = ANY($2) RETURNING r.blob_id
       )
       UPDATE blobs SET state = 'deleting' WHERE owner_id = $1 AND id IN (SELECT blob_id FROM gone)`,
      [ownerId, fileIds],
    );
  }
}
