import { Injectable } from '@nestjs/common';
import { FolderAccess } from '../folders/access/folder-access.service';
import type { OpenFolder } from '../folders/access/open-folder';
import { violatedUnique } from '../platform/database/prepared-statements';
import { isUuid } from '../platform/database/uuid';
import type { Principal } from '../platform/http/principal';
import { type FileMetadata, rewrapFile } from './file-sealing';
import { FileRewrappingRepository } from './file-rewrapping.repository';
import { FileErrors } from './files.errors';
import { FilesService, type OpenFile, validName } from './files.service';
import { FreeName } from './free-name.service';
import { eachOf, type ItemOutcome } from './item-outcome';

/** What a person may change of a file; what is left out stays as it is. */
export interface FileChange {
  readonly name?: string;
  readonly takenAt?: Date | null;
  readonly folderId?: string;
}

/** Renames and moves files. The bytes never change, and neither does the key that seals them: only what wraps that key. */
@Injectable()
export class FileEdits {
  constructor(
    private readonly access: FolderAccess,
    private readonly files: FilesService,
    private readonly rewrapping: FileRewrappingRepository,
    private readonly freeName: FreeName,
  ) {}

  /**
   * A name that is taken is refused, unless the file moves: then it gets a number, as an upload would.
   * @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` for either folder, `FILE.BAD_NAME`, `FILE.NAME_TAKEN`,
   *   `FILE.DUPLICATE`, `FILE.CHANGED_MEANWHILE`
   */
  async edit(principal: Principal, id: string, { name, takenAt, folderId }: FileChange): Promise<OpenFile> {
    const file = await this.files.get(principal, id);
    const target = await this.targetOf(principal, file, folderId);
    const metadata = {
      ...file.metadata,
      name: name === undefined ? file.metadata.name : validName(name),
      takenAt: takenAt === undefined ? file.metadata.takenAt : takenAt?.toISOString(),
    };
    await this.write(principal, file, target, metadata);
    return this.files.get(principal, id);
  }

  /**
   * Moves files one by one, each as {@link edit} would.
   * @param folderId the root when undefined
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` for the target; what keeps one file is in its outcome
   */
  async move(principal: Principal, ids: readonly string[], folderId?: string): Promise<ItemOutcome[]> {
    const target = await this.access.keyFor(principal, folderId);
    return eachOf(ids, async (id) => {
      if (!isUuid(id)) throw FileErrors.notFound();
      const file = await this.files.get(principal, id);
      await this.write(principal, file, target, file.metadata);
    });
  }

  private async targetOf(principal: Principal, { folder }: OpenFile, folderId?: string): Promise<OpenFolder> {
    return folderId === undefined || folderId === folder.id ? folder : this.access.keyFor(principal, folderId);
  }

  /** @param name that was asked for; what is written may have a number */
  private async write(
    principal: Principal,
    file: OpenFile,
    target: OpenFolder,
    metadata: FileMetadata,
    name = metadata.name,
  ): Promise<void> {
    const { row, folder } = file;
    try {
      const rewrapped = rewrapFile(folder, target, row, metadata);
      for (const { id } of [folder, target]) await this.access.untilReleased(id);
      if (await this.rewrapping.rewrapOne(rewrapped, { from: folder, to: target })) return;
    } catch (error) {
      const violated = violatedUnique(error);
      if (violated === null) throw error;
      if (target.id === folder.id) throw FileErrors.nameTaken({ cause: error });
      if (violated.includes('content')) throw FileErrors.duplicate({ cause: error });
      const numbered = await this.freeName.find(target, name);
      return this.write(principal, file, target, { ...metadata, name: numbered }, name);
    }
    // Whichever folder was locked or removed meanwhile says so here.
    for (const { id } of [folder, target]) await this.access.keyFor(principal, id);
    throw FileErrors.changedMeanwhile();
  }
}
