import { Injectable } from '@nestjs/common';
import { BlobKind } from '../../platform/crypto/contexts';
import type { Principal } from '../../platform/http/principal';
import { VaultService } from '../../vault/vault.service';
import { unwrapFileKey } from '../file-sealing';
import { FilesService, type OpenFile } from '../files.service';

/** A file's bytes, ready to be asked for. */
export interface Download {
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  /** Strong and opaque: the blob's id, which says nothing about its content. */
  readonly etag: string;
  /** @param range positions in the file, both included */
  open(range: { start: number; end: number }): AsyncGenerator<Buffer, void>;
}

/** Describes downloads; `send-file` writes them. */
@Injectable()
export class DownloadService {
  constructor(
    private readonly files: FilesService,
    private readonly vault: VaultService,
  ) {}

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.LOCKED` */
  async byId(principal: Principal, id: string): Promise<Download> {
    return this.describe(await this.files.get(principal, id));
  }

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED` */
  async byName(principal: Principal, name: string, folderId?: string): Promise<Download> {
    return this.describe(await this.files.getByName(principal, name, folderId));
  }

  private describe({ row, folder, metadata }: OpenFile): Download {
    const { name, contentType, length } = metadata;
    const fileKey = unwrapFileKey(folder, row);
    const blob = {
      id: row.blobId,
      ownerId: row.ownerId,
      fileId: row.id,
      kind: BlobKind.original,
      ctBytes: Number(row.ctBytes),
      header: row.header,
      ptBytes: length,
    };
    return {
      name,
      contentType,
      size: length,
      etag: `"${row.blobId}"`,
      open: (range) => this.vault.open(blob, fileKey, range),
    };
  }
}
