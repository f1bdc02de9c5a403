import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { KEY_BYTES } from '../../platform/crypto/chunked-encryption';
import { folderKeyContext, grantContext } from '../../platform/crypto/contexts';
import { DecryptionError } from '../../platform/crypto/decryption-error';
import { grantKey } from '../../platform/crypto/key-derivation';
import { unwrapKey, wrapKey } from '../../platform/crypto/sealed-value';
import { isUuid } from '../../platform/database/uuid';
import { noSession } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { LOGGER } from '../../platform/logging/logging.module';
import { KeyringService } from '../../vault/keyring.service';
import { orDamaged } from '../../vault/or-damaged';
import { VaultErrors } from '../../vault/vault.errors';
import { FolderErrors } from '../folders.errors';
import { type FolderKeyRow, FoldersRepository } from '../folders.repository';
import type { OpenFolder } from './open-folder';
import { type LiveGrant, UnlockGrantsRepository } from './unlock-grants.repository';

export const FIRST_KEY_VERSION = 1;
const CACHED_KEYS = 10_000;
/** How often a transfer that is still running keeps its folder from being locked for want of use. */
const KEEP_OPEN_MS = 30_000;

/** The one place that hands out folder keys, and so the one place that can refuse them. */
@Injectable()
export class FolderAccess implements OnApplicationShutdown {
  /**
   * Keys of open folders by (folder, epoch): the epoch comes with the row that every request reads, so a lock elsewhere is seen at once. Keys
   * of locked folders are never kept: each request opens its grant.
   */
  private readonly cache = new Map<string, Buffer>();
  private readonly touching = new Map<string, Promise<void>>();
  /** Folders that get another key in this process just now. */
  private readonly held = new Map<string, Promise<unknown>>();

  constructor(
    private readonly config: AppConfig,
    private readonly folders: FoldersRepository,
    private readonly grants: UnlockGrantsRepository,
    private readonly keyring: KeyringService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * The key of a folder.
   * @param folderId the root when undefined
   * @throws {AppError} `FOLDER.NOT_FOUND` (also for somebody else's), `FOLDER.LOCKED`, `AUTH.SESSION_REQUIRED`
   */
  async keyFor(principal: Principal, folderId?: string): Promise<OpenFolder> {
    const { userId } = principal;
    const named = folderId !== undefined;
    if (named && !isUuid(folderId)) throw FolderErrors.notFound();
    const row = named ? await this.folders.findOwned(userId, folderId) : await this.rootOf(userId);
    // Everybody has a root, but for an account that was deleted under the request.
    if (!row) throw named ? FolderErrors.notFound() : noSession();
    return this.openRow(principal, row);
  }

  /**
   * Opens a folder whose row came with another query, which had the owner in its WHERE.
   * @throws {AppError} `FOLDER.LOCKED`
   */
  async openRow(principal: Principal, row: FolderKeyRow): Promise<OpenFolder> {
    const { id, ownerId, isRoot, fkVersion, fkWrapped, epoch } = row;
    const folder = { id, ownerId, isRoot, keyVersion: fkVersion, epoch };
    if (!fkWrapped) return { ...folder, isLocked: true, ...(await this.openGrant(principal, row)) };
    const cacheKey = `${id}:${epoch}`;
    let key = this.cache.get(cacheKey);
    if (!key) {
      const userKey = await this.keyring.userKey(ownerId);
      key = orDamaged(() => unwrapKey(userKey, folderKeyContext(ownerId, id, fkVersion), fkWrapped));
      if (this.cache.size >= CACHED_KEYS) this.cache.clear();
      this.cache.set(cacheKey, key);
    }
    return { ...folder, key, isLocked: false };
  }

  /** Passes the blocks of a transfer on, and keeps the folder unlocked as long as they flow. */
  async *during(folder: OpenFolder, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    let keptOpenAt = Date.now();
    for await (const block of blocks) {
      if (folder.grantId !== undefined && Date.now() - keptOpenAt > KEEP_OPEN_MS) {
        keptOpenAt = Date.now();
        this.noteUse(folder.grantId);
      }
      yield block;
    }
  }

  /**
   * For what takes longer than a request usually does, and reads from many folders: are they all as they were, and open to the principal? Keeps
   * those that have a lock unlocked.
   * @throws {AppError} `FOLDER.LOCKED` when one of them has been locked again, or got another key
   */
  async confirm(principal: Principal, folders: readonly Pick<OpenFolder, 'id' | 'epoch'>[]): Promise<void> {
    const open = await this.grants.findStillOpen(principal, folders, this.config.get('UNLOCK_IDLE_SECONDS'));
    if (open.length < folders.length) throw FolderErrors.locked();
    for (const { grantId, stale } of open) if (stale && grantId !== null) this.noteUse(grantId);
  }

  /**
   * Runs a transaction that holds a folder for as long as it has files: one after the other for each folder. Those who would wait for it in
   * the database, with a connection each, wait for {@link untilReleased} before. For speed alone: other processes do not know of it.
   */
  async whileHeld<T>(folderId: string, transaction: () => Promise<T>): Promise<T> {
    const run = this.untilReleased(folderId).then(transaction);
    this.held.set(folderId, run);
    try {
      return await run;
    } finally {
      if (this.held.get(folderId) === run) this.held.delete(folderId);
    }
  }

  /** Until nobody in this process holds the folder any more. */
  async untilReleased(folderId: string): Promise<void> {
    await this.held.get(folderId)?.catch(() => undefined);
  }

  /** Before the database is closed. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.touching.values());
  }

  /** What the session's own token opens, and nothing that the server keeps. */
  private async openGrant(
    { sessionId, token }: Principal,
    folder: FolderKeyRow,
  ): Promise<{ key: Buffer; grantId: string }> {
    const grant = await this.grants.findLive(sessionId, folder, this.config.get('UNLOCK_IDLE_SECONDS'));
    if (!grant) throw FolderErrors.locked();
    const key = this.unseal(grant, { sessionId, token }, folder);
    if (grant.stale) this.noteUse(grant.id);
    return { key, grantId: grant.id };
  }

  private unseal(
    { id: grantId, sealedFk, expiresAtSeconds }: LiveGrant,
    { sessionId, token }: Pick<Principal, 'sessionId' | 'token'>,
    { id, fkVersion }: FolderKeyRow,
  ): Buffer {
    const context = grantContext(sessionId, id, fkVersion, grantId, BigInt(expiresAtSeconds));
    try {
      return unwrapKey(grantKey(token, sessionId, id), context, sealedFk);
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
      // Copied, prolonged or made up behind our back. The folder stays locked, and its owner can unlock it as ever.
      const { code, alert } = VaultErrors.damaged.definition;
      this.logger.error({ code, alert, folderId: id, grantId, err: error }, 'a grant does not open');
      throw FolderErrors.locked({ cause: error });
    }
  }

  /** Nobody waits for it; whatever goes wrong is logged. */
  private noteUse(grantId: string): void {
    if (this.touching.has(grantId)) return;
    const touch = this.grants
      .touch(grantId, this.config.get('UNLOCK_IDLE_SECONDS'))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'the use of a grant could not be written down'))
      .finally(() => this.touching.delete(grantId));
    this.touching.set(grantId, touch);
  }

  /** The root folder, made on first use. */
  private async rootOf(ownerId: string): Promise<FolderKeyRow | null> {
    const root = await this.folders.findRoot(ownerId);
    if (root) return root;
    const id = uuidv7();
    const context = folderKeyContext(ownerId, id, FIRST_KEY_VERSION);
    const fkWrapped = wrapKey(await this.keyring.userKey(ownerId), context, randomBytes(KEY_BYTES));
    await this.folders.insertRootUnlessThere({ id, ownerId, fkWrapped });
    return this.folders.findRoot(ownerId);
  }
}
