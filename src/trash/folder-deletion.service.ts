import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { FilePurging } from '../files/trash/file-purging.service';
import { FileTrash } from '../files/trash/file-trash.service';
import { FolderAccess } from '../folders/access/folder-access.service';
import { FolderErrors } from '../folders/folders.errors';
import { FoldersService } from '../folders/folders.service';
import { FolderTrash } from '../folders/trash/folder-trash.service';
import type { DueFolder } from '../folders/trash/trashed-folders.repository';
import { isDatabaseAway } from '../platform/database/database-away';
import { AppError } from '../platform/errors/app-error';
import { AccessErrors } from '../platform/http/http.errors';
import type { Principal } from '../platform/http/principal';
import { LOGGER } from '../platform/logging/logging.module';
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
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param contents without it, only a folder that is empty to its owner's eyes; if some of its files are in the trash, it goes there too
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.IS_ROOT`, `FOLDER.NOT_EMPTY`, `FOLDER.CHANGED_MEANWHILE`, `FOLDER.LOCKED` where files are
   *   left, `FOLDER.TOO_MANY` in the trash, `AUTH.FRESH_PIN_REQUIRED` to purge
   */
  async delete(principal: Principal, id: string, contents: Contents | undefined, from: { ip: string }): Promise<void> {
    if ((await this.folders.get(principal, id)).row.isRoot) throw FolderErrors.isRoot();
    if (contents === 'trash') return this.trash(principal, id);
    if (contents === undefined) return this.deleteEmpty(principal, id);
    // No grant is needed: it is the way out of a forgotten password.
    if (!principal.fresh) throw AccessErrors.freshPinRequired();
    await this.purge(principal, id);
    this.note(principal, from);
  }

  /** A person has purged a folder, from its place or from the trash. */
  note({ userId, device }: Principal, { ip }: { ip: string }): void {
    this.log.note({ userId, device, ip, kind: 'folder.purged' });
  }

  /**
   * Removes a folder, in the trash or not, with everything in it. Nobody sees it after the first commit; when the process dies on the
   * way, {@link purgeDue} goes on.
   * @param trashedAt since when it has to be in the trash; without it, it need not be there
   * @returns how many files are gone
   * @throws {AppError} `FOLDER.NOT_FOUND`, also when it was restored meanwhile
   */
  async purge({ userId: ownerId }: Pick<Principal, 'userId'>, id: string, trashedAt?: Date): Promise<number> {
    await this.access.whileHeld(id, () =>
      this.dataSource.transaction(async (tx) => {
        await this.folderTrash.markPurged(tx, ownerId, id, trashedAt);
        await this.fileTrash.trashAllIn(tx, { id, ownerId }, new Date());
      }),
    );
    return this.finishPurge(ownerId, id);
  }

  /**
   * Folders that have been in the trash for so many days, and those whose purge was cut off. One that cannot be removed keeps no other.
   * @returns how many
   */
  async purgeDue(days: number): Promise<number> {
    let count = 0;
    let last: DueFolder | undefined;
    do {
      const due = await this.folderTrash.findDue(days, BATCH, last);
      for (const folder of due) if (await this.purgeOneDue(folder)) count++;
      last = due.length === BATCH ? due.at(-1) : undefined;
    } while (last);
    return count;
  }

  private async purgeOneDue({ id, ownerId, trashedAt, isMarked }: DueFolder): Promise<boolean> {
    try {
      if (isMarked) await this.finishPurge(ownerId, id);
      else await this.purge({ userId: ownerId }, id, trashedAt);
      return true;
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // One that was restored, or that somebody else is at, is found no more.
      if (!(error instanceof AppError))
        this.logger.error({ err: error, folderId: id }, 'a folder could not be purged; the next sweep will try again');
      return false;
    }
  }

  private async finishPurge(ownerId: string, id: string): Promise<number> {
    const files = await this.purging.purgeIn(ownerId, id);
    await this.folderTrash.deletePurged(ownerId, id);
    return files;
  }

  /** With its keys: it can be unlocked there as before. */
  private async trash(principal: Principal, id: string, which: 'any' | 'without files' = 'any'): Promise<void> {
    const folder = await this.access.keyFor(principal, id);
    await this.access.whileHeld(id, () =>
      this.dataSource.transaction(async (tx) => {
        const at = await this.folderTrash.trash(tx, folder);
        const files = await this.fileTrash.trashAllIn(tx, folder, at);
        if (files > 0 && which === 'without files') throw FolderErrors.notEmpty();
      }),
    );
  }

  private async deleteEmpty(principal: Principal, id: string): Promise<void> {
    try {
      await this.folders.deleteEmpty(principal, id);
    } catch (error) {
      if (!(error instanceof AppError) || error.definition !== FolderErrors.notEmpty.definition) throw error;
      if (Number((await this.folders.get(principal, id)).row.files) > 0) throw error;
      // Until then it may have got some.
      await this.trash(principal, id, 'without files');
    }
  }
}
