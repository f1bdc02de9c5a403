import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import type { OpenFolder } from '../folders/access/open-folder';
import type { RewrappableFile, RewrappedFile } from './file-sealing';
import { FileEntity } from './file.entity';

/** Files that get under another key: one by one, or a whole folder. The owner is part of every statement. */
@Injectable()
export class FileRewrappingRepository {
  constructor(@InjectRepository(FileEntity) private readonly rows: Repository<FileEntity>) {}

  /**
   * Gives a file other metadata, and perhaps another folder, by compare-and-set: nobody has changed the file meanwhile, and both folders
   * are still as they were when their keys were handed out. They are locked in the order of their ids, like by whoever closes an account.
   * @param where the file is: from the trash it comes back
   * @returns false when one of these is not so: nothing was written
   * @throws pg's unique violation of `uq_files_folder_id_name_bidx` or `uq_files_content_bidx_folder_id`
   */
  async rewrapOne(
    file: RewrappedFile,
    { from, to }: { from: OpenFolder; to: OpenFolder },
    where: 'live' | 'trash' = 'live',
  ): Promise<boolean> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `WITH held AS (SELECT id, epoch FROM folders WHERE id IN ($1, $2) AND owner_id = $3 ORDER BY id FOR SHARE)
       UPDATE files SET folder_id = $2, fk_version = $7, dek_wrapped = $8, meta_sealed = $9, meta_version = $10, name_bidx = $11,
                        content_bidx = $12, taken_at = $13, trashed_at = NULL, updated_at = clock_timestamp()
         FROM held source, held target
        WHERE source.id = $1 AND source.epoch = $4 AND target.id = $2 AND target.epoch = $5
          AND files.id = $6 AND files.folder_id = $1 AND files.meta_version = $10 - 1
          AND files.trashed_at IS ${where === 'trash' ? 'NOT ' : ''}NULL`,
      [from.id, to.id, from.ownerId, from.epoch, to.epoch, file.id, ...rewrappedValues(file)],
    );
    return count === 1;
  }

  /** Some of a folder's files, in the order of their making; nobody changes them until the transaction ends. */
  async lockForRewrap(
    tx: EntityManager,
    { id, ownerId }: Pick<OpenFolder, 'id' | 'ownerId'>,
    which: { trashed: boolean; after?: Pick<FileEntity, 'id' | 'createdAt'>; limit: number },
  ): Promise<(RewrappableFile & Pick<FileEntity, 'createdAt'>)[]> {
    const { trashed, after, limit } = which;
    return tx.query(
      `SELECT id, fk_version AS "fkVersion", blob_version AS "blobVersion", dek_wrapped AS "dekWrapped",
              meta_sealed AS "metaSealed", meta_version AS "metaVersion", created_at AS "createdAt"
         FROM files WHERE folder_id = $1 AND owner_id = $2 AND trashed_at IS ${trashed ? 'NOT ' : ''}NULL
          ${after ? 'AND (created_at, id) > ($4, $5)' : ''} ORDER BY created_at, id LIMIT $3 FOR UPDATE`,
      [id, ownerId, limit, ...(after ? [after.createdAt, after.id] : [])],
    );
  }

  /** What else is in clear of files that cannot be written anew. */
  async hideDates(
    tx: EntityManager,
    folder: Pick<OpenFolder, 'id' | 'ownerId'>,
    ids: readonly string[],
  ): Promise<void> {
    await tx.query('UPDATE files SET taken_at = NULL WHERE folder_id = $1 AND owner_id = $2 AND id = ANY($3)', [
      folder.id,
      folder.ownerId,
      ids,
    ]);
  }

  /**
   * Writes files that {@link lockForRewrap} has given back, under the new key of their folder. Folder and owner stand in a CASE, whose outcome the
   * planner does not guess at: with old statistics it believes that the folder has one file, and walks through all of them for each.
   */
  async rewrapMany(tx: EntityManager, folder: OpenFolder, files: readonly RewrappedFile[]): Promise<void> {
    await tx.query(
      `UPDATE files f
          SET fk_version = u.fk_version, dek_wrapped = u.dek_wrapped, meta_sealed = u.meta_sealed, meta_version = u.meta_version,
              name_bidx = u.name_bidx, content_bidx = u.content_bidx, taken_at = u.taken_at
         FROM unnest($3::uuid[], $4::int[], $5::bytea[], $6::bytea[], $7::int[], $8::bytea[], $9::bytea[], $10::timestamptz[])
              AS u (id, fk_version, dek_wrapped, meta_sealed, meta_version, name_bidx, content_bidx, taken_at)
        WHERE f.id = u.id AND CASE WHEN f.owner_id = $2 THEN f.folder_id = $1 ELSE false END`,
      [folder.id, folder.ownerId, files.map(({ id }) => id), ...columns(files.map(rewrappedValues))],
    );
  }
}

/** In the order in which the statements above take them. */
function rewrappedValues(file: RewrappedFile): [number, Buffer, Buffer, number, Buffer, Buffer, Date | null] {
  const { fkVersion, dekWrapped, metaSealed, metaVersion, nameBidx, contentBidx, takenAt } = file;
  return [fkVersion, dekWrapped, metaSealed, metaVersion, nameBidx, contentBidx, takenAt];
}

function columns<Row extends readonly unknown[]>(rows: readonly Row[]): unknown[][] {
  return rows[0].map((_, at) => rows.map((row) => row[at]));
}
