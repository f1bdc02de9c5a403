import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { FilePurging } from '../files/trash/file-purging.service';
import { FileTrash } from '../files/trash/file-trash.service';
import { FolderAccess } from '../folders/access/folder-access.service';
import { FolderErrors } from '../folders/folders.errors';
import { FoldersService } from '../folders/folders.service';
import { FolderTrash } from '../folders/trash/folder-trash.service';
import { AppError } from '../platform/errors/app-error';
import { AccessErrors } from '../platform/http/http.errors';
import type { Principal } from '../platform/http/principal';
import { SecurityLog } from '../users/events/security-log.service';

/** What is to become of a folder's files when it is deleted. */
export const CONTENTS = ['trash', 'purge'] as const;

export type Contents = (typeof CONTENTS)[number];

/** Folders in one round of the retention. */
const BATCH = 100;

/** Deletes folders, and what is in them: to the trash, with their keys, or for good. */
@Injectable()
export class FolderDeletion {
  constructor(
    private readonly dataSource: DataSource,
    private readonly access: FolderAccess,
    private readonly folders: FoldersService,
    private readonly folderTrash: FolderTrash,
    private readonly fileTrash: FileTrash,
    private readonly purging: FilePurging,
    private readonly log: SecurityLog,
  ) {}

  /**
   * @param contents without it, only a folder that is empty to its owner's eyes; if some of its files are in the trash, it goes there too
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.IS_ROOT`, `FOLDER.NOT_EMPTY`, `FOLDER.CHANGED_MEANWHILE`, `FOLDER.LOCKED` where files are
   *   left, `AUTH.FRESH_PIN_REQUIRED` to purge
   */
  async delete(principal: Principal, id: string, contents: Contents | undefined, from: { ip: string }): Promise<void> {
    if ((await this.folders.get(principal, id)).row.isRoot) throw FolderErrors.isRoot();
    if (contents === 'trash') return this.trash(principal, id);
    if (contents === undefined) return this.deleteEmpty(principal, id);
    // No grant is needed: it is the way out of a forgotten password.
    if (!principal.fresh) throw AccessErrors.freshPinRequired();
    await this.purge(principal, id);
    this.log.note({ userId: principal.userId, device: principal.device, ip: from.ip, kind: 'folder.purged' });
  }

  /**
   * Removes a folder, in the trash or not, with everything in it. Nobody sees it after the first commit; when the process dies on the
   * way, {@link purgeDue} goes on.
   * @returns how many files are gone
   * @throws {AppError} `FOLDER.NOT_FOUND`
   */
  async purge({ userId: ownerId }: Pick<Principal, 'userId'>, id: string): Promise<number> {
    await this.access.whileHeld(id, () =>
      this.dataSource.transaction(async (tx) => {
        await this.folderTrash.markPurged(tx, ownerId, id);
        await this.fileTrash.trashAllIn(tx, { id, ownerId }, new Date());
      }),
    );
    return this.finishPurge(ownerId, id);
  }

  /** Folders that have been in the trash for so many days, and those whose purge was cut off. @returns how many */
  async purgeDue(days: number): Promise<number> {
    let count = 0;
    for (let due = await this.folderTrash.findDue(days, BATCH); due.length > 0;) {
      for (const { id, ownerId } of due) {
        // One that is marked already is found no more: its files are what is left of it.
        await this.purge({ userId: ownerId }, id).catch((error: unknown) => {
          if (!(error instanceof AppError)) throw error;
          return this.finishPurge(ownerId, id);
        });
      }
      count += due.length;
      due = due.length === BATCH ? await this.folderTrash.findDue(days, BATCH) : [];
    }
    return count;
  }

  private async finishPurge(ownerId: string, id: string): Promise<number> {
    const files = await this.purging.purgeIn(ownerId, id);
    await this.folderTrash.deletePurged(ownerId, id);
    return files;
  }

  /** With its keys: it can be unlocked there as before. */
  private async trash(principal: Principal, id: string): Promise<void> {
    const folder = await this.access.keyFor(principal, id);
    await this.access.whileHeld(id, () =>
      this.dataSource.transaction(async (tx) => {
        const at = await this.folderTrash.trash(tx, folder);
        await this.fileTrash.trashAllIn(tx, folder, at);
      }),
    );
  }

  private async deleteEmpty(principal: Principal, id: string): Promise<void> {
    try {
      await this.folders.deleteEmpty(principal, id);
    } catch (error) {
      if (!(error instanceof AppError) || error.definition !== FolderErrors.notEmpty.definition) throw error;
      if (Number((await this.folders.get(principal, id)).row.files) > 0) throw error;
      await this.trash(principal, id);
    }
  }
}
