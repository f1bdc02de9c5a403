import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { BudgetsRepository } from '../../platform/budgets/budgets.repository';
import { labelled, uuid } from '../../platform/crypto/byte-fields';
import { SlotType } from '../../platform/crypto/contexts';
import { ARGON2ID_DEFAULTS } from '../../platform/crypto/password-kdf';
import { parseRecoveryCode } from '../../platform/crypto/recovery-code';
import { AccessErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { LOGGER } from '../../platform/logging/logging.module';
import { PasswordGuesses } from '../../platform/passwords/password-guesses.service';
import { SecurityLog } from '../../users/events/security-log.service';
import { FolderErrors } from '../folders.errors';
import { type FolderKeyRow, FoldersRepository } from '../folders.repository';
import type { FolderSlotEntity } from './folder-slot.entity';
import { FolderSlotsRepository } from './folder-slots.repository';
import { SlotSealing } from './slot-sealing.service';

/** One of the two. */
export interface FolderSecret {
  readonly password?: string;
  /** As it was copied from paper. */
  readonly recoveryCode?: string;
}

/** A locked folder that a secret has just opened. */
export interface OpenedSlot {
  readonly folder: FolderKeyRow;
  readonly slot: FolderSlotEntity;
  /** The folder's key, 32 bytes. */
  readonly key: Buffer;
}

/** How many wrong passwords it takes before the owner is told by mail. */
const ALERT_AFTER = 3;
const DAY = 86_400;

/** Opens the slots of locked folders: within the limits on guesses, and with a line in the security log for each outcome that matters. */
@Injectable()
export class FolderOpening {
  constructor(
    private readonly folders: FoldersRepository,
    private readonly slots: FolderSlotsRepository,
    private readonly sealing: SlotSealing,
    private readonly guesses: PasswordGuesses,
    private readonly dataSource: DataSource,
    private readonly budgets: BudgetsRepository,
    private readonly log: SecurityLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.NOT_LOCKED`, `FOLDER.WRONG_PASSWORD`, `FOLDER.BAD_RECOVERY_CODE`,
   *   `FOLDER.CHANGED_MEANWHILE`, `AUTH.FRESH_PIN_REQUIRED` for a recovery code, `PASSWORD.TOO_MANY_GUESSES`, `PASSWORD.BUSY`
   */
  async open(principal: Principal, folderId: string, secret: FolderSecret, from: { ip: string }): Promise<OpenedSlot> {
    const folder = await this.folders.findOwnedAnywhere(principal.userId, folderId);
    if (!folder) throw FolderErrors.notFound();
    if (folder.fkWrapped) throw FolderErrors.notLocked();
    const { type, typed } = readSecret(secret, principal);
    const slot = await this.slots.find(folderId, type);
    // Its lock has just been taken away: nothing to compare with, and nothing to count.
    if (!slot) throw FolderErrors.changedMeanwhile();
    const wrong = await this.guesses.begin(folderId);
    const key = await this.tryOpen(folder, slot, typed);
    const { userId, device } = principal;
    if (!key) {
      const event = { userId, device, ip: from.ip, kind: 'folder.wrong_password' as const };
      if (wrong < ALERT_AFTER) this.log.note(event);
      else this.log.alert(event, () => this.isToldOf(folderId));
      throw FolderErrors.wrongPassword();
    }
    await this.guesses.forgive(folderId);
    if (typeof typed === 'string' && isCheap(slot)) await this.rehash(folder, slot, key, typed);
    if (type === SlotType.recovery) this.log.alert({ userId, device, ip: from.ip, kind: 'folder.recovered' });
    return { folder, slot, key };
  }

  /**
   * Not only of the third: a right one beside it may have been counted as that, and whoever goes on guessing for weeks would never be told of
   * again. Nor of each: mails that come too often are not read.
   */
  private async isToldOf(folderId: string): Promise<boolean> {
    const key = createHash('sha256')
      .update(labelled('folder-wrong-alerts', uuid(folderId)))
      .digest();
    const alerts = { key, windows: [{ limit: 1, seconds: DAY }] };
    return (await this.budgets.spend(this.dataSource.manager, alerts)) === null;
  }

  /** What was not compared is not counted. */
  private async tryOpen(folder: FolderKeyRow, slot: FolderSlotEntity, secret: string | Buffer): Promise<Buffer | null> {
    try {
      return await this.sealing.open(folder, slot, secret);
    } catch (error) {
      await this.guesses.forgive(folder.id);
      throw error;
    }
  }

  /** The cost of hashing grows with the years: a slot follows when its password is there to be hashed again. */
  private async rehash(folder: FolderKeyRow, slot: FolderSlotEntity, key: Buffer, password: string): Promise<void> {
    try {
      await this.slots.rehash(await this.sealing.underPassword(folder, key, password, slot.id), slot.keyWrapped);
    } catch (error) {
      this.logger.warn(
        { err: error, folderId: folder.id },
        'a slot could not be hashed anew; the next unlock will try',
      );
    }
  }
}

function isCheap({ memoryKib, passes }: FolderSlotEntity): boolean {
  return (memoryKib ?? 0) < ARGON2ID_DEFAULTS.memoryKiB || (passes ?? 0) < ARGON2ID_DEFAULTS.passes;
}

/** A recovery code is as good as the password, and lies in a drawer: it needs a fresh PIN too. */
function readSecret(secret: FolderSecret, { fresh }: Principal): { type: SlotType; typed: string | Buffer } {
  const { password, recoveryCode } = secret;
  if (recoveryCode === undefined) return { type: SlotType.password, typed: (password ?? '').normalize('NFC') };
  if (!fresh) throw AccessErrors.freshPinRequired();
  const typed = parseRecoveryCode(recoveryCode);
  if (!typed) throw FolderErrors.badRecoveryCode();
  return { type: SlotType.recovery, typed };
}
