import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { FileErrors } from '../files/files.errors';
import { FilesService, type OpenFile } from '../files/files.service';
import { RenditionsService } from '../files/renditions/renditions.service';
import { storedFileOf } from '../files/stored-file';
import { FolderAccess } from '../folders/access/folder-access.service';
import type { OpenFolder } from '../folders/access/open-folder';
import { FolderErrors } from '../folders/folders.errors';
import { AppConfig } from '../platform/config/app-config';
import { ARGON2ID_DEFAULTS } from '../platform/crypto/password-kdf';
import { hashToken } from '../platform/crypto/tokens';
import { isUuid } from '../platform/database/uuid';
import { noSession } from '../platform/http/http.errors';
import type { Principal } from '../platform/http/principal';
import { newPassword } from '../platform/passwords/new-password';
import { PasswordHasher } from '../platform/passwords/password-hasher.service';
import { UsersService } from '../users/users.service';
import { KeyringService } from '../vault/keyring.service';
import type { ShareItemEntity } from './share-item.entity';
import {
  deriveShareKey,
  newLinkSecret,
  sealDetails,
  sealLabel,
  type SharedTarget,
  wrapSharedFile,
  wrapSharedFolder,
} from './share-sealing';
import { ShareErrors } from './shares.errors';
import { SharesRepository } from './shares.repository';

/** What somebody wants to share, and how. */
export interface ShareWish {
  /** One of the two. */
  readonly folderId?: string;
  readonly fileIds?: readonly string[];
  readonly expiresAt?: Date;
  readonly password?: string;
  readonly maxOpens?: number;
  readonly includeOriginals?: boolean;
  readonly label?: string;
}

/** A share that was just made. The link is never known again. */
export interface CreatedShare {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: Date;
}

/** What a share gives access to, opened: its owner holds the keys. */
interface Target {
  readonly folder: OpenFolder | null;
  readonly files: readonly OpenFile[];
}

const DEFAULT_DAYS = 7;
const MAX_DAYS = 90;
const SALT_BYTES = 16;

/** Makes shares: whoever shares has to hold the keys of what is shared, and wraps them under the share's. */
@Injectable()
export class ShareCreation {
  constructor(
    private readonly config: AppConfig,
    private readonly dataSource: DataSource,
    private readonly access: FolderAccess,
    private readonly files: FilesService,
    private readonly renditions: RenditionsService,
    private readonly keyring: KeyringService,
    private readonly hasher: PasswordHasher,
    private readonly shares: SharesRepository,
    private readonly users: UsersService,
  ) {}

  /**
   * @throws {AppError} `SHARE.BAD_TARGET`, `SHARE.BAD_END`, `SHARE.NO_PREVIEW`, `PASSWORD.REFUSED`, `PASSWORD.BUSY`, `FOLDER.NOT_FOUND`,
   *   `FOLDER.IS_ROOT`, `FOLDER.LOCKED`, `FOLDER.CHANGED_MEANWHILE`, `FILE.NOT_FOUND`, `AUTH.SESSION_REQUIRED`; nothing was made then
   */
  async create(principal: Principal, wish: ShareWish): Promise<CreatedShare> {
    const password = wish.password === undefined ? null : newPassword(wish.password);
    const target = await this.targetOf(principal, wish);
    const expiresAt = await this.endOf(wish.expiresAt);
    const share = {
      id: uuidv7(),
      ownerId: principal.userId,
      folderId: target.folder?.id ?? null,
      fkVersion: target.folder?.keyVersion ?? null,
      expiresAt,
    };
    const link = newLinkSecret();
    const userKey = await this.keyring.userKey(principal.userId);
    const lock = password === null ? null : await this.hash(password);
    const key = deriveShareKey(share, { link, passwordKey: lock?.passwordKey ?? null }, userKey);
    const { label = null, includeOriginals = false, maxOpens = null } = wish;
    const row = {
      ...share,
      fileCount: target.folder ? null : target.files.length,
      secretHash: hashToken(link),
      passwordSalt: lock?.salt ?? null,
      passwordParams: lock?.params ?? null,
      fkWrapped: target.folder && wrapSharedFolder(key, share, target.folder),
      labelSealed: label === null ? null : sealLabel(userKey, share, label),
      visitorLabelSealed: sealLabel(key, share, label),
      includeOriginals,
      maxOpens,
    };
    const items = target.files.map((file) => toItem(key, share, file));
    await this.dataSource.transaction(async (tx) => {
      // Before all else: whoever deletes the account locks it first as well, and afterwards there is none to share anything of.
      if ((await this.users.lock(tx, principal.userId)) === null) throw noSession();
      // The folder, or that of a file, has been locked or rekeyed since its key was handed out; or a file was moved.
      const isWritten = (await this.shares.insert(tx, row)) && (await this.shares.insertItems(tx, items));
      if (!isWritten) throw FolderErrors.changedMeanwhile();
    });
    return { id: share.id, url: `${this.config.publicUrl}/s/${share.id}#${link.toString('base64url')}`, expiresAt };
  }

  private async targetOf(principal: Principal, { folderId, fileIds, includeOriginals }: ShareWish): Promise<Target> {
    if (folderId !== undefined && fileIds === undefined) {
      const folder = await this.access.keyFor(principal, folderId);
      if (folder.isRoot) throw FolderErrors.isRoot();
      return { folder, files: [] };
    }
    if (fileIds === undefined || folderId !== undefined) throw ShareErrors.badTarget();
    if (!fileIds.every(isUuid)) throw FileErrors.notFound();
    const files: OpenFile[] = [];
    for (const id of new Set(fileIds.map((each) => each.toLowerCase())))
      files.push(await this.files.get(principal, id));
    if (!includeOriginals) this.refuseUnshowable(files);
    return { folder: null, files };
  }

  /** @throws {AppError} `SHARE.NO_PREVIEW`, which names them */
  private refuseUnshowable(files: readonly OpenFile[]): void {
    const unshowable = files.filter(({ metadata }) => !this.renditions.canRender(metadata.contentType));
    if (unshowable.length === 0) return;
    throw ShareErrors.noPreview({
      errors: unshowable.map(({ row, metadata }) => ({
        path: 'fileIds',
        message: `${row.id} is ${metadata.contentType}`,
      })),
    });
  }

  /** @throws {AppError} `SHARE.BAD_END` */
  private async endOf(asked: Date | undefined): Promise<Date> {
    const end = await this.shares.endOf(asked ?? null, { defaultDays: DEFAULT_DAYS, maxDays: MAX_DAYS });
    if (!end) throw ShareErrors.badEnd();
    return end;
  }

  private async hash(password: string) {
    const [salt, params] = [randomBytes(SALT_BYTES), ARGON2ID_DEFAULTS];
    return { salt, params, passwordKey: await this.hasher.hash(password, salt, params) };
  }
}

function toItem(key: Buffer, share: SharedTarget, file: OpenFile): ShareItemEntity {
  const { id: fileId, folderId, fkVersion, blobVersion } = file.row;
  const { fileKey } = storedFileOf(file);
  return {
    shareId: share.id,
    fileId,
    folderId,
    fkVersion,
    blobVersion,
    dekWrapped: wrapSharedFile(key, share, { id: fileId, blobVersion, fileKey }),
    detailsSealed: sealDetails(key, share.id, fileId, file.metadata),
  };
}
