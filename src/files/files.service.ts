import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { FolderAccess, type OpenFolder } from '../folders/access/folder-access.service';
import { nameIndex } from '../platform/crypto/blind-index';
import { violatedUnique } from '../platform/database/prepared-statements';
import { AppError } from '../platform/errors/app-error';
import type { Position } from '../platform/http/cursor';
import type { Principal } from '../platform/http/principal';
import { LOGGER } from '../platform/logging/logging.module';
import { parseFileName } from './file-name';
import type { FilePage } from './file-page';
import { type FileMetadata, openMetadata, sealMetadata } from './file-sealing';
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

export interface OpenFilePage {
  readonly files: OpenFile[];
  readonly next: Position | null;
}

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
    return this.open(principal, await this.files.findOwned(principal.userId, id));
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
    return this.open(
      principal,
      await this.files.findOwnedByName(principal.userId, folder.id, nameIndex(folder.key, parsed.name)),
    );
  }

  /** @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` */
  async list(principal: Principal, page: FilePage): Promise<OpenFilePage> {
    if (page.folderId !== undefined) await this.access.keyFor(principal, page.folderId);
    const rows = await this.files.findPage(principal.userId, { ...page, limit: page.limit + 1 });
    const shown = rows.slice(0, page.limit);
    const opened = await Promise.all(shown.map((row) => this.openUnlessDamaged(principal, row)));
    const last = rows.length > page.limit ? shown.at(-1) : undefined;
    return {
      files: opened.filter((file) => file !== null),
      next: last ? { at: sortTime(last, page), id: last.id } : null,
    };
  }

  /**
   * Changes what a person may change of a file.
   * @throws {AppError} `FILE.NOT_FOUND`, `FILE.BAD_NAME`, `FILE.NAME_TAKEN`, `FILE.CHANGED_MEANWHILE`, `FOLDER.LOCKED`
   */
  async edit(principal: Principal, id: string, change: { name?: string; takenAt?: Date | null }): Promise<OpenFile> {
    const { row, folder, metadata } = await this.get(principal, id);
    const name = change.name === undefined ? metadata.name : validName(change.name);
    const takenAt = change.takenAt === undefined ? metadata.takenAt : change.takenAt?.toISOString();
    const edited = { ...metadata, name, takenAt };
    const metaSealed = sealMetadata(folder, id, row.metaVersion + 1, edited);
    try {
      const nameBidx = nameIndex(folder.key, name);
      if (
        !(await this.files.updateMetadata(row, {
          metaSealed,
          nameBidx,
          takenAt: takenAt === undefined ? null : new Date(takenAt),
        }))
      )
        throw FileErrors.changedMeanwhile();
    } catch (error) {
      throw violatedUnique(error) === null ? error : FileErrors.nameTaken();
    }
    return this.get(principal, id);
  }

  /** One row that was tampered with must not hide all the others; whoever runs the server hears of it. */
  private async openUnlessDamaged(principal: Principal, row: FileRow): Promise<OpenFile | null> {
    try {
      return await this.open(principal, row);
    } catch (error) {
      if (!(error instanceof AppError && error.definition.alert)) throw error;
      const { code, alert } = error.definition;
      this.logger.error({ code, alert, fileId: row.id, err: error }, 'a file is left out of a list');
      return null;
    }
  }

  private async open(principal: Principal, row: FileRow | null): Promise<OpenFile> {
    if (!row) throw FileErrors.notFound();
    const folder = await this.access.openRow(principal, folderRowOf(row));
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
