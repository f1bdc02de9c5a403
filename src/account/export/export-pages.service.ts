import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { FilesService, type OpenFile, type OpenFilePage, type OpenFiles } from '../../files/files.service';
import { storedFileOf } from '../../files/stored-file';
import { ctLen } from '../../platform/crypto/chunked-encryption';
import { AppError } from '../../platform/errors/app-error';
import type { Principal } from '../../platform/http/principal';
import { LOGGER } from '../../platform/logging/logging.module';
import { VaultErrors } from '../../vault/vault.errors';
import { digestOf, type ExportEntry, toEntry } from './export-entry';
import { ExportErrors } from './export.errors';
import type { ExportLayout, LaidOutPage, PageSource } from './export-layout';

/** Files that are in memory at once, of each export. */
const PAGE = 200;

/** Some files of an export, and where they come from. */
export interface ExportPage extends OpenFiles {
  readonly source: PageSource;
}

/** Reads the files of exports, some hundred at a time, in an order that does not change: folder by folder, as they came into the vault. */
@Injectable()
export class ExportPages {
  constructor(
    private readonly files: FilesService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` */
  async *inFolder(principal: Principal, folderId: string): AsyncGenerator<ExportPage, void> {
    let page: OpenFilePage | undefined;
    do {
      const after = page?.next ?? undefined;
      page = await this.files.list(principal, { ...inOrder(folderId), limit: PAGE, after });
      const count = page.files.length + page.damaged.length;
      if (count > 0) yield { source: { folderId, after, count }, ...this.withoutUnreadable(page) };
    } while (page.next);
  }

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.LOCKED` */
  async ofFiles(principal: Principal, fileIds: readonly string[]): Promise<ExportPage> {
    return { source: { fileIds }, ...this.withoutUnreadable(await this.files.getMany(principal, fileIds)) };
  }

  /**
   * A page once more, hours later perhaps.
   * @throws {AppError} `EXPORT.CHANGED_MEANWHILE` when it is not the same any more; `FOLDER.LOCKED`
   */
  async again(principal: Principal, layout: ExportLayout, page: LaidOutPage): Promise<ExportEntry[]> {
    const files = await this.filesOf(principal, page.source);
    const wanted = files.filter(({ row }) => !page.damaged.includes(row.id));
    const entries = wanted.map((file, at) => {
      const position = page.first + at;
      const folder = layout.folders.get(file.row.folderId);
      if (!folder) throw ExportErrors.changedMeanwhile();
      return toEntry(file, { folder, position, number: layout.numbers.get(position) ?? 0 });
    });
    if (!digestOf(entries).equals(page.digest)) throw ExportErrors.changedMeanwhile();
    return entries;
  }

  private async filesOf(principal: Principal, source: PageSource): Promise<readonly OpenFile[]> {
    if ('fileIds' in source) return (await this.files.getMany(principal, source.fileIds)).files;
    const { folderId, after, count } = source;
    return (await this.files.list(principal, { ...inOrder(folderId), limit: count, after })).files;
  }

  /** What cannot be read is known before a byte of it is announced, as far as rows can tell. */
  private withoutUnreadable({ files, damaged }: OpenFiles): OpenFiles {
    const unreadable = files.filter((file) => !this.isReadable(file)).map(({ row }) => row.id);
    if (unreadable.length === 0) return { files, damaged };
    return {
      files: files.filter(({ row }) => !unreadable.includes(row.id)),
      damaged: [...damaged, ...unreadable],
    };
  }

  private isReadable(file: OpenFile): boolean {
    const { code, alert } = VaultErrors.damaged.definition;
    try {
      const { length, ctBytes, id } = storedFileOf(file);
      if (ctLen(length) === ctBytes) return true;
      this.logger.error({ code, alert, fileId: id }, 'a file is left out of an export: its object has another length');
    } catch (error) {
      if (!(error instanceof AppError && error.definition.alert)) throw error;
      this.logger.error({ code, alert, fileId: file.row.id, err: error }, 'a file is left out of an export');
    }
    return false;
  }
}

function inOrder(folderId: string) {
  return { order: 'created', direction: 'asc', folderId } as const;
}
