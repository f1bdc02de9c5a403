import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KEY_BYTES } from '../../platform/crypto/chunked-encryption';
import { folderKeyContext, SlotType } from '../../platform/crypto/contexts';
import { wrapKey } from '../../platform/crypto/sealed-value';
import type { Principal } from '../../platform/http/principal';
import { KeyringService } from '../../vault/keyring.service';
import { FolderErrors } from '../folders.errors';
import { FoldersRepository } from '../folders.repository';
import type { OpenFolder } from './open-folder';
import type { OpenedSlot } from './folder-opening.service';
import { FolderSlotsRepository, type NewSlot } from './folder-slots.repository';
import { type SlottedFolder, SlotSealing } from './slot-sealing.service';
import { UnlockGrantsRepository } from './unlock-grants.repository';

/** What opens a folder that is to be locked. */
export interface NewSecrets {
  readonly password: string;
  /** 32 bytes. */
  readonly recovery: Buffer;
}

/** Where a folder's key is kept from now on: in slots alone, or under the user key. */
export type KeptKey = { readonly slots: readonly NewSlot[] } | { readonly fkWrapped: Buffer };

/** Changes what opens a folder. The files' keys are not its business: whoever calls it rewraps them in the same transaction. */
@Injectable()
export class FolderLocking {
  constructor(
    private readonly folders: FoldersRepository,
    private readonly slots: FolderSlotsRepository,
    private readonly grants: UnlockGrantsRepository,
    private readonly sealing: SlotSealing,
    private readonly keyring: KeyringService,
  ) {}

  /** The same folder with a new key, as it will be once {@link install} is committed. */
  withNewKey({ id, ownerId, isRoot, keyVersion, epoch }: OpenFolder, isLocked: boolean): OpenFolder {
    const key = randomBytes(KEY_BYTES);
    return { id, ownerId, isRoot, keyVersion: keyVersion + 1, epoch: epoch + 1, key, isLocked };
  }

  /** Slow, and so before the transaction. @throws {AppError} `PASSWORD.BUSY` */
  async newSlots(folder: OpenFolder, { password, recovery }: NewSecrets): Promise<NewSlot[]> {
    const { key } = folder;
    return [
      await this.sealing.underPassword(slotted(folder), key, password),
      await this.sealing.underRecovery(slotted(folder), key, recovery),
    ];
  }

  /** @throws {AppError} `PASSWORD.BUSY` */
  async newPasswordSlot({ folder, key }: OpenedSlot, password: string): Promise<NewSlot> {
    return this.sealing.underPassword(folder, key, password);
  }

  /**
   * From here to the end of the transaction nobody else changes the folder or adds a file to it. Whoever tries waits, with a connection each:
   * what needs another connection than the transaction's own may never get it.
   * @throws {AppError} `FOLDER.CHANGED_MEANWHILE` when it is not as it was when `folder` was opened
   */
  async hold(tx: EntityManager, { id, ownerId, epoch }: Pick<OpenFolder, 'id' | 'ownerId' | 'epoch'>): Promise<void> {
    const row = await this.folders.lockOwned(tx, ownerId, id);
    if (row?.epoch !== epoch) throw FolderErrors.changedMeanwhile();
  }

  /** The folder's key as it is kept where there is no lock. May ask the database, and so before the transaction: see {@link hold}. */
  async underUserKey({ id, ownerId, keyVersion, key }: OpenFolder): Promise<Buffer> {
    return wrapKey(await this.keyring.userKey(ownerId), folderKeyContext(ownerId, id, keyVersion), key);
  }

  /** Gives a held folder its new key. Nobody has it unlocked afterwards. */
  async install(tx: EntityManager, { id, keyVersion: fkVersion }: OpenFolder, kept: KeptKey): Promise<void> {
    await this.folders.replaceKey(tx, { id, fkVersion, fkWrapped: 'fkWrapped' in kept ? kept.fkWrapped : null });
    await this.slots.delete(tx, id);
    if ('slots' in kept) await this.slots.insert(tx, kept.slots);
    await this.grants.deleteOfFolder(tx, id);
  }

  /**
   * A new password in the place of the old one; the key stays, and with it the recovery code and every file.
   * @throws {AppError} `FOLDER.CHANGED_MEANWHILE` when what has opened the folder opens it no longer
   */
  async replacePassword(tx: EntityManager, principal: Principal, opened: OpenedSlot, slot: NewSlot): Promise<void> {
    await this.hold(tx, opened.folder);
    if ((await this.slots.hold(tx, opened.folder, opened.slot.id)) === null) throw FolderErrors.changedMeanwhile();
    await this.slots.delete(tx, slot.folderId, SlotType.password);
    await this.slots.insert(tx, [slot]);
    await this.grants.deleteOthersOfFolder(tx, slot.folderId, principal.sessionId);
  }
}

function slotted({ id, ownerId, keyVersion }: OpenFolder): SlottedFolder {
  return { id, ownerId, fkVersion: keyVersion };
}
