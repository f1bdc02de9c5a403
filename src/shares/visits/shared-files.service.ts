import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { type Download, DownloadService } from '../../files/download/download.service';
import { type FileMetadata, openMetadata, unwrapFileKey } from '../../files/file-sealing';
import type { RenditionKind } from '../../files/renditions/rendition-kinds';
import { RenditionsService } from '../../files/renditions/renditions.service';
import type { StoredFile } from '../../files/stored-file';
import type { OpenFolder } from '../../folders/access/open-folder';
import { AppError } from '../../platform/errors/app-error';
import type { Position } from '../../platform/http/cursor';
import { LOGGER } from '../../platform/logging/logging.module';
import { openDetails, type SharedDetails, unwrapSharedFile, unwrapSharedFolder } from '../share-sealing';
import { ShareErrors } from '../shares.errors';
import type { ShareVisitor } from './share-visitor';
import { type SharedFileRow, type SharedPage, SharedFilesRepository, type TargetKind } from './shared-files.repository';

/** A file that a visitor may see, opened. */
export interface SharedFile {
  readonly id: string;
  readonly createdAt: Date;
  readonly details: SharedDetails;
  readonly stored: StoredFile;
}

/** What visitors see of shared files, and what they get of them: the original only where its owner says so, else the preview. */
@Injectable()
export class SharedFiles {
  constructor(
    private readonly files: SharedFilesRepository,
    private readonly downloads: DownloadService,
    private readonly renditions: RenditionsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async list(visitor: ShareVisitor, page: SharedPage): Promise<{ files: SharedFile[]; next: Position | null }> {
    const rows = await this.files.findPage(visitor.shareId, targetOf(visitor), { ...page, limit: page.limit + 1 });
    const shown = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? shown.at(-1) : undefined;
    return {
      files: shown.map((row) => this.openUnlessDamaged(visitor, row)).filter((file) => file !== null),
      next: last ? { at: last.createdAt, id: last.id } : null,
    };
  }

  /** @throws {AppError} `SHARE.NOT_FOUND`, also for a file outside of the share; `FILE.NO_RENDITION`, `FILE.RENDITION_BUSY` */
  async content(visitor: ShareVisitor, fileId: string): Promise<Download> {
    return this.contentOf(visitor, await this.get(visitor, fileId));
  }

  /** @throws {AppError} as {@link content} */
  async rendition(visitor: ShareVisitor, fileId: string, kind: RenditionKind): Promise<Download> {
    const { stored, details } = await this.get(visitor, fileId);
    return this.renditions.rendition(stored, kind, { name: details.name, isTransient: true });
  }

  /** Null for a file outside of the share. */
  async find(visitor: ShareVisitor, fileId: string): Promise<SharedFile | null> {
    const row = await this.files.find(visitor.shareId, targetOf(visitor), fileId);
    return row && open(visitor, row);
  }

  /** @throws {AppError} `FILE.NO_RENDITION`, `FILE.RENDITION_BUSY` */
  async contentOf({ share }: ShareVisitor, { stored, details: { name } }: SharedFile): Promise<Download> {
    return share.includeOriginals
      ? this.downloads.of(stored, name, true)
      : this.renditions.rendition(stored, 'preview', { name, isTransient: true });
  }

  private async get(visitor: ShareVisitor, fileId: string): Promise<SharedFile> {
    const file = await this.find(visitor, fileId);
    if (!file) throw ShareErrors.notFound();
    return file;
  }

  /** One row that was tampered with must not hide all the others; whoever runs the server hears of it. */
  private openUnlessDamaged(visitor: ShareVisitor, row: SharedFileRow): SharedFile | null {
    try {
      return open(visitor, row);
    } catch (error) {
      if (!(error instanceof AppError && error.definition.alert)) throw error;
      const { code, alert } = error.definition;
      this.logger.error({ code, alert, fileId: row.id, err: error }, 'a file is left out of a share');
      return null;
    }
  }
}

function targetOf({ share }: ShareVisitor): TargetKind {
  return share.folderId === null ? 'files' : 'folder';
}

/** @throws {AppError} `VAULT.DAMAGED` when something was tampered with */
function open(visitor: ShareVisitor, row: SharedFileRow): SharedFile {
  const { details, fileKey } =
    row.itemDekWrapped && row.itemDetailsSealed
      ? openItem(visitor, row, row.itemDekWrapped, row.itemDetailsSealed)
      : openInFolder(visitor, row);
  const { id, ownerId, blobId, header, createdAt } = row;
  const { length, contentType } = details;
  const stored = { id, ownerId, blobId, ctBytes: Number(row.ctBytes), header, length, contentType, fileKey };
  return { id, createdAt, details, stored };
}

function openItem({ share, key }: ShareVisitor, row: SharedFileRow, dekWrapped: Buffer, detailsSealed: Buffer) {
  return {
    details: openDetails(key, share.id, row.id, detailsSealed),
    fileKey: unwrapSharedFile(key, share, row, dekWrapped),
  };
}

function openInFolder({ share, key }: ShareVisitor, row: SharedFileRow): { details: FileMetadata; fileKey: Buffer } {
  const { folderId: id, ownerId, fkVersion: keyVersion, epoch } = row;
  const wrapped = share.fkWrapped ?? Buffer.alloc(0);
  const folderKey = unwrapSharedFolder(key, share, { id, keyVersion }, wrapped);
  const folder: OpenFolder = { id, ownerId, isRoot: false, keyVersion, epoch, key: folderKey, isLocked: true };
  return { details: openMetadata(folder, row), fileKey: unwrapFileKey(folder, row) };
}
