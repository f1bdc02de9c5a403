import { Injectable } from '@nestjs/common';
import { FolderAccess } from '../../folders/access/folder-access.service';
import { FolderErrors } from '../../folders/folders.errors';
import { FoldersService, type ShownFolder } from '../../folders/folders.service';
import { exportTag } from '../../platform/crypto/blind-index';
import { AppError, type ErrorDefinition } from '../../platform/errors/app-error';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { KeyringService } from '../../vault/keyring.service';
import { ExportErrors } from './export.errors';
import type { ExportLayout, ExportSelection, LeftOutFolder } from './export-layout';
import { type ExportPage, ExportPages } from './export-pages.service';
import { LayoutBuilder, type UnplacedFolder } from './layout-builder';
import { LayoutQueue } from './layout-queue';

/** Bytes of a tag: no two layouts have the same. */
const TAG_BYTES = 18;

/** The folders of an export, and the files in them. */
interface Chosen {
  readonly folders: readonly UnplacedFolder[];
  readonly leftOut: readonly LeftOutFolder[];
  readonly pages: AsyncIterable<ExportPage> | Iterable<ExportPage>;
}

/** Walks through all that is to be exported, once, to know what the archive will be before any of it is sent. */
@Injectable()
export class ExportLayouts {
  private readonly queue = new LayoutQueue();

  constructor(
    private readonly folders: FoldersService,
    private readonly access: FolderAccess,
    private readonly pages: ExportPages,
    private readonly keyring: KeyringService,
  ) {}

  /**
   * @param isWanted whether somebody still waits for it
   * @returns null when nobody does
   * @throws {AppError} `REQUEST.INVALID`, `FILE.NOT_FOUND`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`, `EXPORT.TOO_MANY`,
   *   `EXPORT.CHANGED_MEANWHILE`
   */
  async layOut(
    principal: Principal,
    selection: ExportSelection,
    isWanted: () => boolean,
  ): Promise<ExportLayout | null> {
    return this.queue.run(principal.userId, async () => {
      if (!isWanted()) return null;
      const { folders, leftOut, pages } = await this.choose(principal, selection);
      const builder = new LayoutBuilder(folders, leftOut);
      for await (const { source, files, damaged } of pages) {
        if (!isWanted()) return null;
        builder.add(source, files, damaged);
      }
      const userKey = await this.keyring.userKey(principal.userId);
      return builder.finish((digest) => exportTag(userKey, digest).subarray(0, TAG_BYTES));
    });
  }

  private async choose(principal: Principal, { folderId, fileIds }: ExportSelection): Promise<Chosen> {
    if (folderId !== undefined && fileIds !== undefined)
      throw RequestErrors.invalid({ errors: [{ path: 'ids', message: 'ids must not be sent with folderId' }] });
    if (fileIds !== undefined) return this.chooseFiles(principal, fileIds);
    if (folderId !== undefined) return this.chooseFolder(principal, folderId);
    return this.chooseEverything(principal);
  }

  private async chooseFiles(principal: Principal, fileIds: readonly string[]): Promise<Chosen> {
    const page = await this.pages.ofFiles(principal, fileIds);
    const opened = new Map(page.files.map(({ folder }) => [folder.id, folder]));
    const folders: UnplacedFolder[] = [];
    for (const { id, epoch } of opened.values()) folders.push(toFolder(await this.folders.get(principal, id), epoch));
    return { folders, leftOut: [], pages: [page] };
  }

  private async chooseFolder(principal: Principal, folderId: string): Promise<Chosen> {
    const { id, epoch } = await this.access.keyFor(principal, folderId);
    const folders = [toFolder(await this.folders.get(principal, id), epoch)];
    return { folders, leftOut: [], pages: this.pagesOf(principal, folders) };
  }

  /** What is locked, and what does not open, is left out and named. */
  private async chooseEverything(principal: Principal): Promise<Chosen> {
    const [folders, leftOut]: [UnplacedFolder[], LeftOutFolder[]] = [[], []];
    const all = await this.folders.list(principal);
    for (const shown of all.sort(byAge)) {
      try {
        const { epoch } = await this.access.keyFor(principal, shown.row.id);
        folders.push(toFolder(shown, epoch));
      } catch (error) {
        leftOut.push(toLeftOut(shown, error));
      }
    }
    return { folders, leftOut, pages: this.pagesOfAll(principal, folders) };
  }

  /** Nobody has asked for any one folder here: one that goes, or is locked, in this moment is no reason to say that it is not there. */
  private async *pagesOfAll(
    principal: Principal,
    folders: readonly UnplacedFolder[],
  ): AsyncGenerator<ExportPage, void> {
    try {
      yield* this.pagesOf(principal, folders);
    } catch (error) {
      throw is(error, FolderErrors.notFound, FolderErrors.locked)
        ? ExportErrors.changedMeanwhile({ cause: error })
        : error;
    }
  }

  private async *pagesOf(principal: Principal, folders: readonly UnplacedFolder[]): AsyncGenerator<ExportPage, void> {
    for (const { id } of folders) yield* this.pages.inFolder(principal, id);
  }
}

/** The root first, then the oldest: a folder that is renamed stays in its place. */
function byAge(a: ShownFolder, b: ShownFolder): number {
  if (a.row.isRoot !== b.row.isRoot) return a.row.isRoot ? -1 : 1;
  return a.row.id < b.row.id ? -1 : 1;
}

function toFolder({ row, name }: ShownFolder, epoch: number): UnplacedFolder {
  return { id: row.id, epoch, name, createdAt: row.createdAt };
}

/** @throws the error, when it is no reason to leave a folder out */
function toLeftOut({ row, name }: ShownFolder, error: unknown): LeftOutFolder {
  const folder = { id: row.id, name, fileCount: Number(row.files) };
  if (is(error, FolderErrors.locked)) return { ...folder, status: 'locked' };
  if (error instanceof AppError && error.definition.alert) return { ...folder, status: 'damaged' };
  throw is(error, FolderErrors.notFound) ? ExportErrors.changedMeanwhile({ cause: error }) : error;
}

function is(error: unknown, ...factories: readonly { readonly definition: ErrorDefinition }[]): boolean {
  return error instanceof AppError && factories.some(({ definition }) => definition === error.definition);
}
