import { Injectable } from '@nestjs/common';
import { FolderAccess } from '../../folders/access/folder-access.service';
import { nameIndex } from '../../platform/crypto/blind-index';
import { violatedUnique } from '../../platform/database/prepared-statements';
import type { Principal } from '../../platform/http/principal';
import type { Conflict } from '../conflict';
import { FileRewrappingRepository } from '../file-rewrapping.repository';
import { type FileMetadata, rewrapFile } from '../file-sealing';
import { FileErrors } from '../files.errors';
import { type FileRow, FilesRepository } from '../files.repository';
import { FilesService, type OpenFile } from '../files.service';
import { FreeName } from '../free-name.service';
import { FileTrash } from './file-trash.service';
import { TrashedFilesRepository } from './trashed-files.repository';

/** How a file is to come back: what is left out is as it was. */
export interface Restoration {
  readonly name?: string;
  readonly takenAt?: string;
  /** When its folder has its name by now. */
  readonly conflict: Conflict;
  /** See {@link FreeName.find}. */
  readonly given?: Map<string, number>;
}

/** Takes files out of the trash: into the folder they were in, which must not be there itself. */
@Injectable()
export class FileRestoring {
  constructor(
    private readonly access: FolderAccess,
    private readonly files: FilesService,
    private readonly repository: FilesRepository,
    private readonly trashed: TrashedFilesRepository,
    private readonly rewrapping: FileRewrappingRepository,
    private readonly freeName: FreeName,
    private readonly trash: FileTrash,
  ) {}

  /** Files in the trash of these ids, in no order. */
  async find(principal: Principal, ids: readonly string[]): Promise<FileRow[]> {
    return this.trashed.findOwnedMany(principal.userId, ids);
  }

  /**
   * The file in a folder's trash that has these bytes, if there is one that can be opened.
   * @throws {AppError} `FOLDER.LOCKED`
   */
  async findByContent(principal: Principal, folderId: string, contentBidx: Buffer): Promise<FileRow | null> {
    return this.trashed.findOwnedByContent(principal.userId, folderId, contentBidx);
  }

  /**
   * @throws {AppError} `FOLDER.LOCKED`, `FOLDER.NOT_FOUND`, `FILE.NAME_TAKEN`, `FILE.DUPLICATE` when the folder has its bytes by now,
   *   `FILE.CHANGED_MEANWHILE`, `VAULT.DAMAGED`
   */
  async restore(principal: Principal, row: FileRow, restoration: Restoration): Promise<OpenFile> {
    const { name, takenAt } = restoration;
    const file = await this.files.openRow(principal, row);
    const wanted = { ...file.metadata, name: name ?? file.metadata.name, takenAt: takenAt ?? file.metadata.takenAt };
    await this.write(principal, file, wanted, restoration);
    return this.files.get(principal, row.id);
  }

  /** What has the name goes to the trash. When somebody else was faster, the name may be free, and it is tried again. */
  private async giveWay(principal: Principal, id: string): Promise<void> {
    const [{ error }] = await this.trash.trash(principal, [id]);
    const isGone = [FileErrors.notFound, FileErrors.changedMeanwhile].some(
      (each) => each.definition === error?.definition,
    );
    if (error && !isGone) throw error;
  }

  /** @param wanted the name that was asked for; what is written may have a number */
  private async write(
    principal: Principal,
    file: OpenFile,
    metadata: FileMetadata,
    restoration: Restoration,
    wanted = metadata.name,
  ): Promise<void> {
    const { row, folder } = file;
    const { conflict, given } = restoration;
    try {
      await this.access.untilReleased(folder.id);
      const rewrapped = rewrapFile(folder, folder, row, metadata);
      if (await this.rewrapping.rewrapOne(rewrapped, { from: folder, to: folder }, 'trash')) return;
    } catch (error) {
      const violated = violatedUnique(error);
      if (violated === null) throw error;
      if (violated.includes('content')) throw FileErrors.duplicate({ cause: error });
      if (conflict === 'reject') throw FileErrors.nameTaken({ cause: error });
      if (conflict === 'replace') {
        const other = await this.repository.findOwnedByName(folder.ownerId, folder.id, nameIndex(folder.key, wanted));
        if (other) await this.giveWay(principal, other.id);
        return this.write(principal, file, metadata, restoration, wanted);
      }
      const numbered = await this.freeName.find(folder, wanted, given);
      return this.write(principal, file, { ...metadata, name: numbered }, restoration, wanted);
    }
    // A folder that was locked, trashed or removed meanwhile says so here.
    await this.access.keyFor(principal, folder.id);
    throw FileErrors.changedMeanwhile();
  }
}
