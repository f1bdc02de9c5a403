import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { FolderAccess } from '../../folders/access/folder-access.service';
import type { OpenFolder } from '../../folders/access/open-folder';
import { FolderErrors } from '../../folders/folders.errors';
import { AppConfig } from '../../platform/config/app-config';
import { BlobKind } from '../../platform/crypto/contexts';
import { KEY_BYTES } from '../../platform/crypto/chunked-encryption';
import { isDatabaseAway } from '../../platform/database/database-away';
import { violatedUnique } from '../../platform/database/prepared-statements';
import { AppError } from '../../platform/errors/app-error';
import { noSession } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { UsersService } from '../../users/users.service';
import type { SealedBlob } from '../../vault/blob';
import { VaultErrors } from '../../vault/vault.errors';
import { VaultService } from '../../vault/vault.service';
import { FIRST_VERSION, fileIndexes, type FileMetadata, sealedColumns, wrapFileKey } from '../file-sealing';
import { FileErrors } from '../files.errors';
import { FilesService, type ShownFile, validName } from '../files.service';
import { type Beside, FilesRepository } from '../files.repository';
import type { Conflict } from '../conflict';
import { FreeName } from '../free-name.service';
import { FileRestoring } from '../trash/file-restoring.service';
import { IncomingBytes } from './incoming-bytes';
import { UploadErrors } from './upload.errors';

/** A file as any of the protocols hands it over. */
export interface Upload {
  readonly name: string;
  readonly folderId?: string;
  readonly takenAt?: Date;
  readonly conflict: Conflict;
  readonly source: AsyncIterable<Buffer>;
  readonly announcedBytes?: number;
  /** How many bytes will come at least, where the exact number is not announced. */
  readonly leastBytes?: number;
  readonly announcedSha256?: Buffer;
}

/** A file whose bytes are safe but which is not listed yet: `commit` or `discard` it. */
export interface StagedUpload {
  readonly id: string;
  readonly folder: OpenFolder;
  readonly fileKey: Buffer;
  readonly metadata: FileMetadata;
  readonly conflict: Conflict;
  readonly blob: SealedBlob;
}

export interface UploadOutcome {
  readonly status: 'created' | 'duplicate' | 'restored';
  readonly file: ShownFile;
}

/** The one road for bytes: every upload protocol ends here. */
@Injectable()
export class UploadService {
  private readonly types: ReadonlySet<string>;

  constructor(
    private readonly config: AppConfig,
    private readonly access: FolderAccess,
    private readonly vault: VaultService,
    private readonly files: FilesService,
    private readonly repository: FilesRepository,
    private readonly freeName: FreeName,
    private readonly restoring: FileRestoring,
    private readonly users: UsersService,
  ) {
    this.types = new Set(config.get('UPLOAD_TYPES'));
  }

  /** Stores a file. When it resolves with `created`, the file survives `kill -9` and a power cut. */
  async upload(principal: Principal, upload: Upload): Promise<UploadOutcome> {
    return this.commit(principal, await this.stage(principal, upload));
  }

  /**
   * Everything but the commit: checks first, then the bytes, sealed and synced.
   * @throws {AppError} `FILE.BAD_NAME`, `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`, `VAULT.STORAGE_FULL`, `QUOTA.EXCEEDED`, any of `UploadErrors`
   */
  async stage(principal: Principal, upload: Upload): Promise<StagedUpload> {
    const name = validName(upload.name);
    const maxBytes = this.config.get('UPLOAD_MAX_BYTES');
    const { announcedBytes, announcedSha256 } = upload;
    if (announcedBytes !== undefined && announcedBytes > maxBytes) throw UploadErrors.tooLarge();
    const folder = await this.access.keyFor(principal, upload.folderId);
    const takenAt = upload.takenAt?.toISOString();

    const id = uuidv7();
    const fileKey = randomBytes(KEY_BYTES);
    const source = this.access.during(folder, upload.source);
    const incoming = new IncomingBytes(source, { maxBytes, types: this.types, announcedBytes, announcedSha256 });
    const blob = await this.vault.put(
      { ownerId: principal.userId, fileId: id, kind: BlobKind.original },
      fileKey,
      incoming,
      // A file without a byte is refused, so there is always one: a full account is refused before it, too.
      announcedBytes ?? upload.leastBytes ?? 1,
    );
    const { bytes, contentType, sha256, crc32 } = incoming.facts;
    const metadata = { name, contentType, length: bytes, sha256, crc32, takenAt };
    return { id, folder, fileKey, metadata, conflict: upload.conflict, blob };
  }

  /** Gives a staged upload up; nothing of it stays. */
  async discard(staged: StagedUpload): Promise<void> {
    await this.vault.forget(staged.blob);
  }

  /**
   * Makes the staged upload a file, or finds out that its folder has these bytes already, perhaps in its trash.
   * @throws {AppError} `FILE.NAME_TAKEN`, `FOLDER.LOCKED`, `UPLOAD.INTERRUPTED`, `AUTH.SESSION_REQUIRED`; nothing of the upload stays then
   */
  async commit(principal: Principal, staged: StagedUpload): Promise<UploadOutcome> {
    try {
      const outcome = await this.settle(principal, staged, staged.metadata);
      if (outcome.status === 'created') this.vault.settled(staged.blob);
      else await this.discard(staged);
      return outcome;
    } catch (error) {
      // Lost between COMMIT and its answer? The file's row knows.
      const committed = isDatabaseAway(error) ? await this.files.get(principal, staged.id).catch(() => null) : null;
      if (committed) {
        this.vault.settled(staged.blob);
        return { status: 'created', file: committed };
      }
      await this.discard(staged);
      throw error;
    }
  }

  private async settle(
    principal: Principal,
    staged: StagedUpload,
    metadata: FileMetadata,
    beside: Beside = {},
  ): Promise<UploadOutcome> {
    const { folder, conflict } = staged;
    try {
      const file = await this.insert(staged, metadata, beside);
      return file ? { status: 'created', file } : await this.insteadOf(principal, staged, metadata, beside);
    } catch (error) {
      if (violatedUnique(error) === null) throw error;
      const { contentBidx } = fileIndexes(folder, metadata);
      const twin = await this.repository.findOwnedByContent(principal.userId, folder.id, contentBidx);
      if (twin) return { status: 'duplicate', file: await this.files.get(principal, twin.id) };
      if (conflict === 'reject') throw FileErrors.nameTaken({ cause: error });
    }
    if (conflict === 'replace') return this.settle(principal, staged, metadata, { ...beside, replace: true });
    const name = await this.freeName.find(folder, staged.metadata.name);
    return this.settle(principal, staged, { ...metadata, name }, beside);
  }

  /** @returns null when the folder has changed, its trash has the bytes, or the lease is lost */
  private async insert(
    { id, folder, fileKey, blob }: StagedUpload,
    metadata: FileMetadata,
    beside: Beside,
  ): Promise<ShownFile | null> {
    const file = {
      id,
      ownerId: folder.ownerId,
      folderId: folder.id,
      fkVersion: folder.keyVersion,
      dekWrapped: wrapFileKey(folder, id, fileKey),
      ...sealedColumns(folder, id, FIRST_VERSION, metadata),
    };
    await this.access.untilReleased(folder.id);
    const createdAt = await this.repository.insertWithBlob(file, folder.epoch, blob, beside);
    return createdAt && { row: { ...file, createdAt }, metadata };
  }

  /** What becomes of an upload that could not be inserted, though nothing was in its way. */
  private async insteadOf(
    principal: Principal,
    staged: StagedUpload,
    metadata: FileMetadata,
    beside: Beside,
  ): Promise<UploadOutcome> {
    const { folder, conflict } = staged;
    // Its account was deleted while the bytes came.
    if (!(await this.users.isOpen(folder.ownerId))) throw noSession();
    const now = await this.access.keyFor(principal, folder.id);
    if (now.epoch !== folder.epoch) throw FolderErrors.locked();
    if (beside.evenIfTrashed) throw VaultErrors.leaseLost();
    const again = () => this.settle(principal, staged, metadata, { ...beside, evenIfTrashed: true });
    const { contentBidx } = fileIndexes(folder, metadata);
    // In the trash and beside it: nothing has to come back, and nothing to give way.
    if (await this.repository.findOwnedByContent(principal.userId, folder.id, contentBidx)) return again();
    const trashed = await this.restoring.findByContent(principal, folder.id, contentBidx);
    if (!trashed) return again();
    const { name, takenAt } = staged.metadata;
    try {
      return {
        status: 'restored',
        file: await this.restoring.restore(principal, trashed, { name, takenAt, conflict }),
      };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // A file that can be opened no longer must not keep its own bytes from coming in again; one that has just come back is found as such.
      if (error.definition === VaultErrors.damaged.definition || isFromRace(error)) {
        return again();
      }
      throw error;
    }
  }
}

/** Somebody else has restored or purged it at the same moment. */
function isFromRace({ definition }: AppError): boolean {
  return [FileErrors.duplicate, FileErrors.changedMeanwhile, FileErrors.notFound].some(
    (each) => each.definition === definition,
  );
}
