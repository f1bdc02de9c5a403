import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { KEY_BYTES } from '../../platform/crypto/chunked-encryption';
import { folderKeyContext } from '../../platform/crypto/contexts';
import { unwrapKey, wrapKey } from '../../platform/crypto/sealed-value';
import { isUuid } from '../../platform/database/uuid';
import type { Principal } from '../../platform/http/principal';
import { KeyringService } from '../../vault/keyring.service';
import { orDamaged } from '../../vault/or-damaged';
import { FolderErrors } from '../folders.errors';
import { type FolderKeyRow, FoldersRepository } from '../folders.repository';

/** A folder that the principal may work in, with its key. */
export interface OpenFolder {
  readonly id: string;
  readonly ownerId: string;
  readonly keyVersion: number;
  /** Must still be the folder's when a write commits. */
  readonly epoch: number;
  /** 32 bytes. */
  readonly key: Buffer;
  /** Whether it has a lock, which the principal has opened: nothing of it may be kept anywhere. */
  readonly isLocked: boolean;
}

const INITIAL_KEY_VERSION = 1;
const CACHED_KEYS = 10_000;

/** The one place that hands out folder keys, and so the one place that can refuse them. */
@Injectable()
export class FolderAccess {
  /** Keys of open folders by (folder, epoch): the epoch comes with the row that every request reads, so a lock elsewhere is seen at once. */
  private readonly cache = new Map<string, Buffer>();

  constructor(
    private readonly folders: FoldersRepository,
    private readonly keyring: KeyringService,
  ) {}

  /**
   * The key of a folder.
   * @param folderId the root when undefined
   * @throws {AppError} `FOLDER.NOT_FOUND` (also for somebody else's), `FOLDER.LOCKED`
   */
  async keyFor(principal: Principal, folderId?: string): Promise<OpenFolder> {
    const { userId } = principal;
    const named = folderId !== undefined;
    if (named && !isUuid(folderId)) throw FolderErrors.notFound();
    const row = named ? await this.folders.findOwned(userId, folderId) : await this.rootOf(userId);
    if (!row) throw FolderErrors.notFound();
    return this.openRow(principal, row);
  }

  /**
   * Opens a folder whose row came with another query, which had the owner in its WHERE.
   * @throws {AppError} `FOLDER.LOCKED`
   */
  async openRow(_principal: Principal, row: FolderKeyRow): Promise<OpenFolder> {
    const { id, ownerId, fkVersion, fkWrapped, epoch } = row;
    if (!fkWrapped) throw FolderErrors.locked();
    const cacheKey = `${id}:${epoch}`;
    let key = this.cache.get(cacheKey);
    if (!key) {
      const userKey = await this.keyring.userKey(ownerId);
      key = orDamaged(() => unwrapKey(userKey, folderKeyContext(ownerId, id, fkVersion), fkWrapped));
      if (this.cache.size >= CACHED_KEYS) this.cache.clear();
      this.cache.set(cacheKey, key);
    }
    return { id, ownerId, keyVersion: fkVersion, epoch, key, isLocked: false };
  }

  /** The root folder, made on first use. */
  private async rootOf(ownerId: string): Promise<FolderKeyRow | null> {
    const root = await this.folders.findRoot(ownerId);
    if (root) return root;
    const id = uuidv7();
    const context = folderKeyContext(ownerId, id, INITIAL_KEY_VERSION);
    const fkWrapped = wrapKey(await this.keyring.userKey(ownerId), context, randomBytes(KEY_BYTES));
    await this.folders.insertRootUnlessThere({ id, ownerId, fkWrapped });
    return this.folders.findRoot(ownerId);
  }
}
