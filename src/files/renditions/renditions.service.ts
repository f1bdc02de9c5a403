import { Injectable } from '@nestjs/common';
import { ptLen } from '../../platform/crypto/chunked-encryption';
import type { Principal } from '../../platform/http/principal';
import { nameWithExtension } from '../../platform/names/numbered-name';
import { VaultService } from '../../vault/vault.service';
import type { Download } from '../download/download.service';
import { FileErrors } from '../files.errors';
import { FilesService } from '../files.service';
import { originalOf, type StoredFile, storedFileOf } from '../stored-file';
import { RenderPool } from './render-pool.service';
import { isRenditionKind, MAX_RENDERED_BYTES, RENDERED_TYPES, type RenditionKind, RENDITIONS } from './rendition-kinds';
import { type RenditionOf, RenditionsRepository } from './renditions.repository';

/** Thumbnails and previews: made when they are first asked for, without metadata, and kept sealed under the file's own key. */
@Injectable()
export class RenditionsService {
  /** What is being made in this process, so that everybody who asks for it waits for the same one. */
  private readonly making = new Map<string, Promise<void>>();

  constructor(
    private readonly files: FilesService,
    private readonly vault: VaultService,
    private readonly renditions: RenditionsRepository,
    private readonly pool: RenderPool,
  ) {}

  /** Whether files of this type have renditions at all; a single one may still be broken. */
  canRender(contentType: string): boolean {
    return RENDERED_TYPES.has(contentType);
  }

  /** @throws {AppError} `FILE.NOT_FOUND`, `FOLDER.LOCKED`, and what `rendition` throws */
  async byId(principal: Principal, id: string, kind: string): Promise<Download> {
    const file = await this.files.get(principal, id);
    if (!isRenditionKind(kind)) throw FileErrors.noRendition();
    const { name } = file.metadata;
    return this.rendition(storedFileOf(file), kind, { name, isTransient: file.folder.isLocked });
  }

  /**
   * A rendition of a file whose key the caller holds: its owner, or a visitor of a share.
   * @param shown the original's name, and whether nobody may keep a copy
   * @throws {AppError} `FILE.NO_RENDITION`, `FILE.RENDITION_BUSY`, `VAULT.DAMAGED`, `VAULT.STORAGE_FULL`
   */
  async rendition(
    file: StoredFile,
    kind: RenditionKind,
    shown: { name: string; isTransient: boolean },
  ): Promise<Download> {
    if (!this.canRender(file.contentType) || file.length > MAX_RENDERED_BYTES) throw FileErrors.noRendition();
    const of = { ownerId: file.ownerId, fileId: file.id, kind: RENDITIONS[kind].blobKind };
    const row =
      (await this.renditions.find(of)) ?? (await this.makeOnce(file, kind).then(() => this.renditions.find(of)));
    if (!row?.blobId) throw FileErrors.noRendition();
    const ctBytes = Number(row.ctBytes);
    const blob = { ...of, id: row.blobId, ctBytes, header: row.header, ptBytes: ptLen(ctBytes) };
    return {
      name: nameWithExtension(shown.name, 'webp'),
      contentType: 'image/webp',
      size: blob.ptBytes,
      etag: `"${blob.id}"`,
      isTransient: shown.isTransient,
      open: (range) => this.vault.open(blob, file.fileKey, range),
    };
  }

  private makeOnce(file: StoredFile, kind: RenditionKind): Promise<void> {
    const key = `${file.id}:${kind}`;
    const running = this.making.get(key);
    if (running) return running;
    const made = this.make(file, kind).finally(() => this.making.delete(key));
    this.making.set(key, made);
    return made;
  }

  /** Afterwards there is a row, unless the file is gone: ours, another process's, or one that says that there is nothing to show. */
  private async make(file: StoredFile, kind: RenditionKind): Promise<void> {
    const { id: fileId, ownerId, length, fileKey } = file;
    const { edge, blobKind } = RENDITIONS[kind];
    const of = { ownerId, fileId, kind: blobKind };
    await this.renditions.deleteStale(of);
    const webp = await this.pool.render({
      edge,
      length,
      open: () => this.vault.open(originalOf(file), fileKey, { start: 0, end: length - 1 }),
    });
    if (webp) await this.keep(of, fileKey, webp);
    else await this.renditions.insertUnavailable(of);
  }

  private async keep(of: RenditionOf, fileKey: Buffer, webp: Buffer): Promise<void> {
    const blob = await this.vault.put(of, fileKey, oneBlock(webp));
    let isKept = false;
    try {
      isKept = await this.renditions.insertWithBlob(of, blob);
    } finally {
      if (isKept) this.vault.settled(blob);
      else await this.vault.forget(blob);
    }
  }
}

async function* oneBlock(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
