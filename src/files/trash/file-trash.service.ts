import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { FolderAccess } from '../../folders/access/folder-access.service';
import type { OpenFolder } from '../../folders/access/open-folder';
import { isUuid } from '../../platform/database/uuid';
import type { Position } from '../../platform/http/cursor';
import type { Principal } from '../../platform/http/principal';
import { FileErrors } from '../files.errors';
import { FilesRepository, folderRowOf } from '../files.repository';
import { FilesService, type OpenFile } from '../files.service';
import { eachOf, type ItemOutcome } from '../item-outcome';
import { type TrashPage, TrashedFilesRepository } from './trashed-files.repository';

export interface OpenTrashPage {
  readonly files: OpenFile[];
  readonly next: Position | null;
}

/** Puts files into the trash and shows what is there. Keys and bytes stay as they are; whoever restores or purges is next door. */
@Injectable()
export class FileTrash {
  constructor(
    private readonly access: FolderAccess,
    private readonly files: FilesService,
    private readonly repository: FilesRepository,
    private readonly trashed: TrashedFilesRepository,
  ) {}

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.LOCKED`, `FILE.CHANGED_MEANWHILE` */
  async trashOne(principal: Principal, id: string): Promise<void> {
    const [{ error }] = await this.trash(principal, [id]);
    if (error) throw error;
  }

  /** Nothing of the files is opened: one that is damaged can be trashed as well. @returns in the order of the ids; errors as {@link trashOne} */
  async trash(principal: Principal, ids: readonly string[]): Promise<ItemOutcome[]> {
    const rows = await this.repository.findOwnedMany(principal.userId, ids.filter(isUuid));
    const folderOf = new Map(rows.map((row) => [row.id, row.folderId]));
    const folders = await eachOf([...new Set(folderOf.values())], async (folderId) => {
      const row = rows.find((each) => each.folderId === folderId);
      if (!row) throw FileErrors.notFound();
      const inFolder = rows.filter((each) => each.folderId === folderId).map(({ id }) => id);
      return this.trashIn(await this.access.openRow(principal, folderRowOf(row)), inFolder);
    });
    const outcomeOf = new Map(folders.map((each) => [each.id, each]));
    return eachOf(ids, (asked) => {
      const id = asked.toLowerCase();
      const folder = outcomeOf.get(folderOf.get(id) ?? '');
      if (!folder) throw FileErrors.notFound();
      if (folder.error) throw folder.error;
      if (!folder.result?.has(id)) throw FileErrors.changedMeanwhile();
      return Promise.resolve();
    });
  }

  /** All of a folder that goes there itself, in the transaction that trashes it. @param at see `FolderTrash.trash` @returns how many */
  async trashAllIn(tx: EntityManager, { id, ownerId }: Pick<OpenFolder, 'id' | 'ownerId'>, at: Date): Promise<number> {
    return this.trashed.trashAllIn(tx, ownerId, id, at);
  }

  /** What {@link trashAllIn} has trashed, in the transaction that restores the folder. */
  async restoreAllIn(tx: EntityManager, { id, ownerId }: Pick<OpenFolder, 'id' | 'ownerId'>, at: Date): Promise<void> {
    await this.trashed.restoreAllIn(tx, ownerId, id, at);
  }

  /** @param folder that {@link page} names, opened */
  async list(principal: Principal, page: TrashPage, folder?: OpenFolder): Promise<OpenTrashPage> {
    const rows = await this.trashed.findPage(principal.userId, { ...page, limit: page.limit + 1 });
    const shown = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? shown.at(-1) : undefined;
    const { files } = await this.files.openAll(principal, shown, folder);
    return {
      files,
      next: last?.trashedAt ? { at: last.trashedAt, id: last.id } : null,
    };
  }

  private async trashIn(folder: OpenFolder, ids: readonly string[]): Promise<Set<string>> {
    await this.access.untilReleased(folder.id);
    return this.trashed.trash(folder, ids);
  }
}
