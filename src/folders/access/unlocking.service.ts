import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { grantContext } from '../../platform/crypto/contexts';
import { grantKey } from '../../platform/crypto/key-derivation';
import { wrapKey } from '../../platform/crypto/sealed-value';
import type { Principal } from '../../platform/http/principal';
import { RetentionService } from '../../platform/jobs/retention.service';
import { SecurityLog } from '../../users/events/security-log.service';
import { FolderErrors } from '../folders.errors';
import { FoldersRepository } from '../folders.repository';
import { FolderOpening, type FolderSecret } from './folder-opening.service';
import { FolderSlotsRepository } from './folder-slots.repository';
import { UnlockGrantsRepository } from './unlock-grants.repository';

/** Unlocks a folder for one session, and locks it again for that session. */
@Injectable()
export class Unlocking implements OnModuleInit {
  constructor(
    private readonly config: AppConfig,
    private readonly dataSource: DataSource,
    private readonly folders: FoldersRepository,
    private readonly slots: FolderSlotsRepository,
    private readonly grants: UnlockGrantsRepository,
    private readonly opening: FolderOpening,
    private readonly log: SecurityLog,
    private readonly retention: RetentionService,
  ) {}

  onModuleInit(): void {
    this.retention.register({ what: 'unlock grants', days: 0, purge: () => this.grants.deleteOver() });
  }

  /**
   * @returns until when, unless it is used
   * @throws {AppError} what {@link FolderOpening.open} throws; `FOLDER.CHANGED_MEANWHILE`
   */
  async unlock(principal: Principal, folderId: string, secret: FolderSecret, from: { ip: string }): Promise<Date> {
    const { folder, slot, key } = await this.opening.open(principal, folderId, secret, from);
    const { userId, sessionId, token, device } = principal;
    const { fkVersion } = folder;
    return this.dataSource.transaction(async (tx) => {
      const now = await this.slots.hold(tx, folder, slot.id);
      if (now === null) throw FolderErrors.changedMeanwhile();
      const id = uuidv7();
      // The end is part of what the key is sealed with: whoever can write the row cannot prolong it.
      const expires = now + this.config.get('UNLOCK_ABSOLUTE_SECONDS');
      const context = grantContext(sessionId, folderId, fkVersion, id, expires);
      const sealedFk = wrapKey(grantKey(token, sessionId, folderId), context, key);
      const grant = { id, sessionId, folderId, fkVersion, sealedFk, expiresAt: new Date(expires * 1000) };
      await this.log.record({ userId, kind: 'folder.unlocked', ip: from.ip, device }, tx);
      return this.grants.upsert(tx, grant, this.config.get('UNLOCK_IDLE_SECONDS'));
    });
  }

  /** Locks it for this session; other sessions keep what they have unlocked. @throws {AppError} `FOLDER.NOT_FOUND` */
  async relock({ userId, sessionId }: Principal, folderId: string): Promise<void> {
    if (!(await this.folders.findOwnedAnywhere(userId, folderId))) throw FolderErrors.notFound();
    await this.grants.delete(sessionId, folderId);
  }
}
