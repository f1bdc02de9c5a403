import { Injectable } from '@nestjs/common';
import { eachOf, type ItemOutcome } from '../files/item-outcome';
import type { FileRow } from '../files/files.repository';
import type { OpenFile } from '../files/files.service';
import { FilePurging } from '../files/trash/file-purging.service';
import { FileRestoring } from '../files/trash/file-restoring.service';
import { FileTrash, type OpenTrashPage } from '../files/trash/file-trash.service';
import type { TrashPage } from '../files/trash/trashed-files.repository';
import { FolderErrors } from '../folders/folders.errors';
import { FolderTrash, type TrashedFolder } from '../folders/trash/folder-trash.service';
import type { TrashedFolderRow } from '../folders/trash/trashed-folders.repository';
import { isUuid } from '../platform/database/uuid';
import { AppError } from '../platform/errors/app-error';
import { AccessErrors } from '../platform/http/http.errors';
import type { Principal } from '../platform/http/principal';
import { FolderDeletion } from './folder-deletion.service';
import { TrashErrors } from './trash.errors';

/** What became of the trash when it was emptied. */
export interface Emptied {
  /** How many files are gone. */
  readonly files: number;
  /** What stayed, because it is locked. */
  readonly kept: TrashedFolder[];
}

/** What a person has thrown away: shown, given back, or gone for good. */
@Injectable()
export class TrashService {
  constructor(
    private readonly fileTrash: FileTrash,
    private readonly restoring: FileRestoring,
    private readonly purging: FilePurging,
    private readonly folderTrash: FolderTrash,
    private readonly deletion: FolderDeletion,
  ) {}

  /** @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` */
  async list(principal: Principal, page: TrashPage): Promise<OpenTrashPage & { folders: TrashedFolder[] }> {
    const { folderId } = page;
    if (folderId === undefined) {
      const folders = await this.folderTrash.list(principal);
      return { ...(await this.fileTrash.list(principal, page)), folders };
    }
    const folder = await this.folderTrash.keyAnywhere(principal, folderId);
    return { ...(await this.fileTrash.list(principal, page, folder)), folders: [] };
  }

  /**
   * Takes files, and folders with what went there with them, out of the trash. A file of a folder that is there itself brings the folder
   * back, without its other files. A name that is taken gets a number.
   * @returns in the order of the ids; errors `TRASH.NOT_FOUND`, `FOLDER.LOCKED`, `FOLDER.TOO_MANY`, `FOLDER.CHANGED_MEANWHILE`,
   *   `FILE.DUPLICATE`, `FILE.CHANGED_MEANWHILE`, `VAULT.DAMAGED`
   */
  async restore(principal: Principal, ids: readonly string[]): Promise<ItemOutcome<OpenFile | undefined>[]> {
    const given = new Map<string, number>();
    return eachOf(ids, async (id) => {
      // One by one: whatever comes back with one changes the folder of the next.
      const [row] = isUuid(id) ? await this.restoring.find(principal, [id]) : [];
      if (row) return this.restoreFile(principal, row, given);
      if (!isUuid(id) || !(await this.restoreFolder(principal, id))) throw TrashErrors.notFound();
      return undefined;
    });
  }

  /**
   * Of a file its folder has to be open; a folder that is locked goes as well, with a fresh PIN: whoever has forgotten its password must be able
   * to get rid of it.
   * @throws {AppError} `TRASH.NOT_FOUND`, `FOLDER.LOCKED`, `AUTH.FRESH_PIN_REQUIRED`
   */
  async purge(principal: Principal, id: string, from: { ip: string }): Promise<void> {
    const [row] = await this.restoring.find(principal, [id]);
    if (row) {
      await this.folderTrash.keyAnywhere(principal, row.folderId);
      await this.purging.purge(principal.userId, [id]);
      return;
    }
    const folder = await this.folderTrash.row(principal, id);
    if (!folder?.trashedAt) throw TrashErrors.notFound();
    if (isShut(folder) && !principal.fresh) throw AccessErrors.freshPinRequired();
    if ((await this.purgeFolder(principal, folder)) === null) throw TrashErrors.notFound();
    this.deletion.note(principal, from);
  }

  /** Everything but what is locked. */
  async empty(principal: Principal): Promise<Emptied> {
    let files = await this.purging.purgeInOpenFolders(principal.userId);
    const rows = await this.folderTrash.rows(principal);
    for (const row of rows.filter((each) => !isShut(each))) {
      if (row.trashedAt) files += (await this.purgeFolder(principal, row)) ?? 0;
      else files += await this.purging.purgeIn(principal.userId, row.id);
    }
    const kept = await this.folderTrash.list(principal);
    return { files, kept: kept.filter(({ row }) => isShut(row)) };
  }

  /** @returns how many files are gone, or null when somebody has restored or purged it meanwhile */
  private async purgeFolder(principal: Principal, { id, trashedAt }: TrashedFolderRow): Promise<number | null> {
    try {
      return await this.deletion.purge(principal, id, trashedAt ?? undefined);
    } catch (error) {
      if (error instanceof AppError && error.definition === FolderErrors.notFound.definition) return null;
      throw error;
    }
  }

  private async restoreFile(principal: Principal, row: FileRow, given: Map<string, number>): Promise<OpenFile> {
    const folder = await this.folderTrash.findRestorable(principal, row.folderId);
    if (folder) await this.folderTrash.restore(folder, () => Promise.resolve());
    const [now] = folder ? await this.restoring.find(principal, [row.id]) : [row];
    if (!now) throw TrashErrors.notFound();
    return this.restoring.restore(principal, now, { conflict: 'rename', given });
  }

  /** @returns false when it is not in the trash */
  private async restoreFolder(principal: Principal, id: string): Promise<boolean> {
    const restorable = await this.folderTrash.findRestorable(principal, id);
    if (!restorable) return false;
    const { folder, trashedAt } = restorable;
    await this.folderTrash.restore(restorable, (tx) => this.fileTrash.restoreAllIn(tx, folder, trashedAt));
    return true;
  }
}

/** Locked, and not unlocked by this session. */
function isShut({ isLocked, unlockedUntil }: TrashedFolderRow): boolean {
  return isLocked && unlockedUntil === null;
}
