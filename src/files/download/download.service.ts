import { Injectable } from '@nestjs/common';
import { FolderAccess } from '../../folders/access/folder-access.service';
import type { Principal } from '../../platform/http/principal';
import { VaultService } from '../../vault/vault.service';
import { FilesService, type OpenFile } from '../files.service';
import { originalOf, type StoredFile, storedFileOf } from '../stored-file';
import type { Sendable } from './send-bytes';

/** A file's bytes, ready to be asked for. Its tag is the blob's id, which says nothing about its content. */
export interface Download extends Sendable {
  readonly name: string;
  readonly contentType: string;
}

/** Describes downloads; `send-file` writes them. */
@Injectable()
export class DownloadService {
  constructor(
    private readonly files: FilesService,
    private readonly access: FolderAccess,
    private readonly vault: VaultService,
  ) {}

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.LOCKED` */
  async byId(principal: Principal, id: string): Promise<Download> {
    return this.ofOwner(await this.files.get(principal, id));
  }

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` */
  async byName(principal: Principal, name: string, folderId?: string): Promise<Download> {
    return this.ofOwner(await this.files.getByName(principal, name, folderId));
  }

  /**
   * The original of a file whose key the caller holds.
   * @param isTransient whether nobody may keep a copy, not even to ask again: it may be taken away at any time
   */
  of(file: StoredFile, name: string, isTransient: boolean): Download {
    const { blobId, length, contentType, fileKey } = file;
    return {
      name,
      contentType,
      size: length,
      etag: `"${blobId}"`,
      isTransient,
      open: (range) => this.vault.open(originalOf(file), fileKey, range),
    };
  }

  private ofOwner(file: OpenFile): Download {
    const { folder, metadata } = file;
    const download = this.of(storedFileOf(file), metadata.name, folder.isLocked);
    return { ...download, open: (range) => this.access.during(folder, download.open(range)) };
  }
}
