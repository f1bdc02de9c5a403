import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';
import { FileRewrapping } from '../files/file-rewrapping.service';
import { FolderAccess } from '../folders/access/folder-access.service';
import type { OpenFolder } from '../folders/access/open-folder';
import { FolderLocking, type KeptKey } from '../folders/access/folder-locking.service';
import { FolderOpening, type FolderSecret, type OpenedSlot } from '../folders/access/folder-opening.service';
import { FolderErrors } from '../folders/folders.errors';
import { newRecoveryCode } from '../platform/crypto/recovery-code';
import type { Principal } from '../platform/http/principal';
import { LOGGER } from '../platform/logging/logging.module';
import { newPassword } from '../platform/passwords/new-password';
import { SharesService } from '../shares/shares.service';
import { type SecurityEventKind, SecurityLog } from '../users/events/security-log.service';

/** Where a request comes from. */
export interface From {
  readonly ip: string;
}

/** Tables that keep old wrapped keys until they are vacuumed. */
const KEY_TABLES = 'files, folders, folder_slots, unlock_grants, shares, share_items';

/**
 * Locks folders, changes their passwords and takes their locks away. A lock is a key that the server does not have: a new one, in slots that
 * only the password or the recovery code opens; every file of the folder is put under it, in one transaction.
 */
@Injectable()
export class LocksService implements OnApplicationShutdown {
  /** The vacuum that runs in this process, and whether something has changed since it began. */
  private vacuuming?: Promise<void>;
  private isVacuumDue = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly access: FolderAccess,
    private readonly opening: FolderOpening,
    private readonly locking: FolderLocking,
    private readonly rewrapping: FileRewrapping,
    private readonly shares: SharesService,
    private readonly log: SecurityLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @returns the recovery code, which is shown this once
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`, `FOLDER.ALREADY_LOCKED`, `FOLDER.IS_ROOT`, `PASSWORD.REFUSED`, `PASSWORD.BUSY`,
   *   `FOLDER.CHANGED_MEANWHILE`
   */
  async lock(principal: Principal, folderId: string, typed: string, from: From): Promise<string> {
    const folder = await this.access.keyFor(principal, folderId);
    if (folder.isRoot) throw FolderErrors.isRoot();
    if (folder.isLocked) throw FolderErrors.alreadyLocked();
    return this.underNewLock(principal, folder, newPassword(typed), { ...from, kind: 'folder.locked' });
  }

  /**
   * @param change with `rekey` the folder also gets a new key, so that copies of the old one, and the old recovery code, are worthless
   * @returns the new recovery code, when there is one
   * @throws {AppError} what {@link FolderOpening.open} throws, `PASSWORD.REFUSED`, `FOLDER.CHANGED_MEANWHILE`
   */
  async changePassword(
    principal: Principal,
    folderId: string,
    change: { readonly secret: FolderSecret; readonly newPassword: string; readonly rekey: boolean },
    from: From,
  ): Promise<string | null> {
    // Before anything else: a password that is refused leaves the old one as it is.
    const password = newPassword(change.newPassword);
    const opened = await this.opening.open(principal, folderId, change.secret, from);
    const event = { ...from, kind: 'folder.password_changed' as const };
    if (change.rekey) return this.underNewLock(principal, openedFolder(opened), password, event);
    const slot = await this.locking.newPasswordSlot(opened, password);
    await this.dataSource.transaction((tx) => this.locking.replacePassword(tx, principal, opened, slot));
    this.vacuum();
    this.log.alert({ userId: principal.userId, device: principal.device, ...event });
    return null;
  }

  /** @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`, `FOLDER.NOT_LOCKED`, `FOLDER.CHANGED_MEANWHILE` */
  async remove(principal: Principal, folderId: string, from: From): Promise<void> {
    const folder = await this.access.keyFor(principal, folderId);
    if (!folder.isLocked) throw FolderErrors.notLocked();
    const open = this.locking.withNewKey(folder, false);
    await this.rekey(principal, folder, open, { fkWrapped: await this.locking.underUserKey(open) });
    this.log.alert({ userId: principal.userId, device: principal.device, ip: from.ip, kind: 'folder.lock_removed' });
  }

  /** Before the database is closed. */
  async onApplicationShutdown(): Promise<void> {
    this.isVacuumDue = false;
    await this.vacuuming;
  }

  private async underNewLock(
    principal: Principal,
    folder: OpenFolder,
    password: string,
    event: From & { readonly kind: SecurityEventKind },
  ): Promise<string> {
    const { userId, device } = principal;
    const { text, secret: recovery } = newRecoveryCode();
    const locked = this.locking.withNewKey(folder, true);
    const slots = await this.locking.newSlots(locked, { password, recovery });
    await this.rekey(principal, folder, locked, { slots });
    if (event.kind === 'folder.locked') this.log.note({ userId, device, ...event });
    else this.log.alert({ userId, device, ...event });
    return text;
  }

  /** All or nothing: a crash on the way leaves the folder as it was. */
  private async rekey(principal: Principal, from: OpenFolder, to: OpenFolder, kept: KeptKey): Promise<void> {
    const began = performance.now();
    const transaction = async (tx: EntityManager): Promise<number> => {
      await this.locking.hold(tx, from);
      const count = await this.rewrapping.all(tx, from, to);
      await this.locking.install(tx, to, kept);
      await this.shares.revokeOfFolder(tx, principal, from.id);
      return count;
    };
    const files = await this.access.whileHeld(to.id, () => this.dataSource.transaction(transaction));
    const ms = Math.round(performance.now() - began);
    this.logger.info({ folderId: to.id, files, ms, locked: to.isLocked }, 'a folder has a new key');
    this.vacuum();
  }

  /**
   * Until then the heap holds the old wrapped keys. Nobody waits for it; what goes wrong is logged, and autovacuum comes later. One at a time:
   * each takes a connection, and would only wait for the one before.
   */
  private vacuum(): void {
    this.isVacuumDue = true;
    this.vacuuming ??= this.vacuumWhileDue();
  }

  private async vacuumWhileDue(): Promise<void> {
    while (this.isVacuumDue) {
      this.isVacuumDue = false;
      try {
        await this.dataSource.query(`VACUUM ${KEY_TABLES}`);
      } catch (error) {
        this.logger.warn({ err: error }, 'old keys could not be vacuumed away');
      }
    }
    this.vacuuming = undefined;
  }
}

function openedFolder({ folder: { id, ownerId, isRoot, fkVersion, epoch }, key }: OpenedSlot): OpenFolder {
  return { id, ownerId, isRoot, keyVersion: fkVersion, epoch, key, isLocked: true };
}
