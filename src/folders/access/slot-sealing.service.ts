import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { folderSlotContext, SlotType } from '../../platform/crypto/contexts';
import { DecryptionError } from '../../platform/crypto/decryption-error';
import { folderSlotKey, lockPepper } from '../../platform/crypto/key-derivation';
import { ARGON2ID_DEFAULTS } from '../../platform/crypto/password-kdf';
import { unwrapKey, wrapKey } from '../../platform/crypto/sealed-value';
import { PasswordHasher } from '../../platform/passwords/password-hasher.service';
import { KeyringService } from '../../vault/keyring.service';
import type { FolderSlotEntity } from './folder-slot.entity';
import type { NewSlot } from './folder-slots.repository';

/** A folder with the version of the key that a slot holds, or is to hold. */
export interface SlottedFolder {
  readonly id: string;
  readonly ownerId: string;
  readonly fkVersion: number;
}

const SALT_BYTES = 16;

/**
 * Puts a folder's key into slots and takes it out. Slot key = HKDF(password's argon2id or recovery secret ‖ pepper), and the pepper comes from
 * the user key: without the master key nobody can even guess.
 */
@Injectable()
export class SlotSealing {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly keyring: KeyringService,
  ) {}

  /**
   * @param id of the slot, when one is sealed anew
   * @throws {AppError} `PASSWORD.BUSY`
   */
  async underPassword(folder: SlottedFolder, folderKey: Buffer, password: string, id = uuidv7()): Promise<NewSlot> {
    const salt = randomBytes(SALT_BYTES);
    const { memoryKiB: memoryKib, passes, parallelism } = ARGON2ID_DEFAULTS;
    const secret = await this.hasher.hash(password, salt);
    const keyWrapped = await this.wrap(folder, { id, type: SlotType.password }, secret, folderKey);
    const { id: folderId, fkVersion } = folder;
    return { id, folderId, fkVersion, type: SlotType.password, keyWrapped, salt, memoryKib, passes, parallelism };
  }

  /** @param secret the recovery code's 32 bytes */
  async underRecovery(folder: SlottedFolder, folderKey: Buffer, secret: Buffer): Promise<NewSlot> {
    const [id, type] = [uuidv7(), SlotType.recovery];
    const keyWrapped = await this.wrap(folder, { id, type }, secret, folderKey);
    const none = { salt: null, memoryKib: null, passes: null, parallelism: null };
    return { id, folderId: folder.id, fkVersion: folder.fkVersion, type, keyWrapped, ...none };
  }

  /**
   * @param secret what was typed: a password, or the recovery code's 32 bytes
   * @returns the folder's key, or null when the secret is not the slot's
   * @throws {AppError} `PASSWORD.BUSY`
   */
  async open(folder: SlottedFolder, slot: FolderSlotEntity, secret: string | Buffer): Promise<Buffer | null> {
    const key = await this.slotKey(folder, slot, typeof secret === 'string' ? await this.hash(slot, secret) : secret);
    const context = folderSlotContext(folder.ownerId, folder.id, slot.fkVersion, slot.id, slot.type);
    try {
      return unwrapKey(key, context, slot.keyWrapped);
    } catch (error) {
      // A wrong password and a slot that was tampered with look the same: there is nothing else to compare with.
      if (error instanceof DecryptionError) return null;
      throw error;
    }
  }

  private async hash({ salt, memoryKib, passes, parallelism }: FolderSlotEntity, password: string): Promise<Buffer> {
    if (salt === null || memoryKib === null || passes === null || parallelism === null) {
      throw new Error('a password slot without the cost of its hash');
    }
    return this.hasher.hash(password, salt, { memoryKiB: memoryKib, passes, parallelism });
  }

  private async wrap(
    folder: SlottedFolder,
    slot: Pick<NewSlot, 'id' | 'type'>,
    secret: Buffer,
    folderKey: Buffer,
  ): Promise<Buffer> {
    const { id, ownerId, fkVersion } = folder;
    const key = await this.slotKey(folder, { ...slot, fkVersion }, secret);
    return wrapKey(key, folderSlotContext(ownerId, id, fkVersion, slot.id, slot.type), folderKey);
  }

  private async slotKey(
    { id: folderId, ownerId: userId }: SlottedFolder,
    { id: slotId, fkVersion }: Pick<NewSlot, 'id' | 'fkVersion'>,
    secret: Buffer,
  ): Promise<Buffer> {
    const pepper = lockPepper(await this.keyring.userKey(userId), folderId);
    return folderSlotKey({ secret, pepper }, { slotId, userId, folderId, fkVersion });
  }
}
