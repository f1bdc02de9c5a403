import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { FolderAccess } from '../folders/access/folder-access.service';
import type { OpenFolder } from '../folders/access/open-folder';
import { nameIndex } from '../platform/crypto/blind-index';
import { isUuid } from '../platform/database/uuid';
import { AppError } from '../platform/errors/app-error';
import type { Position } from '../platform/http/cursor';
import type { Principal } from '../platform/http/principal';
import { LOGGER } from '../platform/logging/logging.module';
import { parseFileName } from './file-name';
import type { FilePage } from './file-page';
import { type FileMetadata, openMetadata } from './file-sealing';
import { FileErrors } from './files.errors';
import { type FileRow, FilesRepository, folderRowOf } from './files.repository';

/** A file that the principal may see, opened. */
export interface OpenFile {
  readonly row: FileRow;
  readonly folder: OpenFolder;
  readonly metadata: FileMetadata;
}

/** The part of a file that a person is shown. */
export interface ShownFile {
  readonly row: Pick<FileRow, 'id' | 'folderId' | 'createdAt' | 'takenAt'>;
  readonly metadata: FileMetadata;
}

/** Files that were asked for together. */
export interface OpenFiles {
  readonly files: OpenFile[];
  /** Ids of those whose rows do not open. */
  readonly damaged: string[];
}

export interface OpenFilePage extends OpenFiles {
  readonly next: Position | null;
}

/** Files opened before other requests get a turn. */
const OPENED_AT_ONCE = 250;

/** What is known of files; their bytes are `download/`'s and `upload/`'s. */
@Injectable()
export class FilesService {
  constructor(
    private readonly files: FilesRepository,
    private readonly access: FolderAccess,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.LOCKED` */
  async get(principal: Principal, id: string): Promise<OpenFile> {
    return this.openRow(principal, await this.files.findOwned(principal.userId, id));
  }

  /**
   * @param folderId the root when undefined
   * @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`
   */
  async getByName(principal: Principal, name: string, folderId?: string): Promise<OpenFile> {
    const folder = await this.access.keyFor(principal, folderId);
    const parsed = parseFileName(name);
    // A name that no file can have is a name that no file has.
    if (!parsed.ok) throw FileErrors.notFound();
    const bidx = nameIndex(folder.key, parsed.name);
    return this.openRow(principal, await this.files.findOwnedByName(principal.userId, folder.id, bidx), folder);
  }

  /** @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` */
  async list(principal: Principal, page: FilePage): Promise<OpenFilePage> {
    const folder = page.folderId === undefined ? undefined : await this.access.keyFor(principal, page.folderId);
    // What a locked folder's photos are sorted by is sealed with all the rest.
    if (folder?.isLocked && page.order === 'taken') return this.listSealed(principal, folder, page);
    const rows = await this.files.findPage(principal.userId, { ...page, limit: page.limit + 1 });
    const shown = rows.slice(0, page.limit);
    const opened = await this.openAll(principal, shown, folder);
    const last = rows.length > page.limit ? shown.at(-1) : undefined;
    return { ...opened, next: last ? { at: sortTime(last, page), id: last.id } : null };
  }

  /**
   * Some files of whatever folders: the root's first, then folder by folder, and in each in the order in which they came into the vault.
   * @param ids each once, in lower case
   * @throws {AppError} `FILE.NOT_FOUND` when any of them is not there, `FOLDER.LOCKED` when any of their folders is
   */
  async getMany(principal: Principal, ids: readonly string[]): Promise<OpenFiles> {
    const rows = ids.every(isUuid) ? await this.files.findOwnedMany(principal.userId, ids) : [];
    if (rows.length < ids.length) throw FileErrors.notFound();
    return this.openAll(principal, rows);
  }

  /** Opens everything to find a page: a locked folder costs what it holds. */
  private async listSealed(principal: Principal, folder: OpenFolder, page: FilePage): Promise<OpenFilePage> {
    const rows = await this.files.findAllIn(principal.userId, folder.id);
    const { files: all, damaged } = await this.openAll(principal, rows, folder);
    const sign = page.direction === 'asc' ? 1 : -1;
    const positions = all.map((file) => ({ file, at: takenOrCreated(file), id: file.row.id }));
    const { after } = page;
    const sorted = positions
      .filter((each) => !after || sign * comparePositions(each, after) > 0)
      .sort((a, b) => sign * comparePositions(a, b));
    const shown = sorted.slice(0, page.limit);
    const last = sorted.length > page.limit ? shown.at(-1) : undefined;
    return { files: shown.map(({ file }) => file), damaged, next: last ? { at: last.at, id: last.id } : null };
  }

  /**
   * In the order of the rows; other requests get their turn in between.
   * @param known a folder of theirs, opened a moment ago
   */
  async openAll(principal: Principal, rows: readonly FileRow[], known?: OpenFolder): Promise<OpenFiles> {
    const [files, damaged]: [OpenFile[], string[]] = [[], []];
    for (const [at, row] of rows.entries()) {
      if (at % OPENED_AT_ONCE === OPENED_AT_ONCE - 1) await setImmediate();
      const file = await this.openUnlessDamaged(principal, row, files.at(-1)?.folder ?? known);
      if (file) files.push(file);
      else damaged.push(row.id);
    }
    return { files, damaged };
  }

  /** One row that was tampered with must not hide all the others; whoever runs the server hears of it. */
  private async openUnlessDamaged(principal: Principal, row: FileRow, folder?: OpenFolder): Promise<OpenFile | null> {
    try {
      return await this.openRow(principal, row, folder);
    } catch (error) {
      if (!(error instanceof AppError && error.definition.alert)) throw error;
      const { code, alert } = error.definition;
      this.logger.error({ code, alert, fileId: row.id, err: error }, 'a file is left out of a list');
      return null;
    }
  }

  /**
   * @param known the file's folder, opened a moment ago: good as long as nobody has changed its key since
   * @throws {AppError} `FILE.NOT_FOUND` for no row, `FOLDER.LOCKED`, `VAULT.DAMAGED`
   */
  async openRow(principal: Principal, row: FileRow | null, known?: OpenFolder): Promise<OpenFile> {
    if (!row) throw FileErrors.notFound();
    const isSame = known?.id === row.folderId && known.epoch === row.epoch;
    const folder = isSame ? known : await this.access.openRow(principal, folderRowOf(row));
    return { row, folder, metadata: openMetadata(folder, row) };
  }
}

/** @throws {AppError} `FILE.BAD_NAME`, with the reason */
export function validName(raw: string): string {
  const parsed = parseFileName(raw);
  if (!parsed.ok) throw FileErrors.badName({ detail: parsed.reason });
  return parsed.name;
}

function sortTime(row: FileRow, { order }: FilePage): Date {
  return order === 'taken' ? (row.takenAt ?? row.createdAt) : row.createdAt;
}

function takenOrCreated({ row, metadata: { takenAt } }: OpenFile): Date {
  return takenAt === undefined ? row.createdAt : new Date(takenAt);
}

/** As PostgreSQL sorts (timestamptz, uuid). */
function comparePositions(a: Position, b: Position): number {
  return a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
