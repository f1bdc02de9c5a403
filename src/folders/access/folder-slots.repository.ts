import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import type { SlotType } from '../../platform/crypto/contexts';
import { FolderSlotEntity } from './folder-slot.entity';

export type NewSlot = Omit<FolderSlotEntity, 'createdAt'>;

/** The slots of locked folders. Who asks has the folder from a query with its owner. */
@Injectable()
export class FolderSlotsRepository {
  constructor(@InjectRepository(FolderSlotEntity) private readonly rows: Repository<FolderSlotEntity>) {}

  async find(folderId: string, type: SlotType): Promise<FolderSlotEntity | null> {
    return this.rows.findOneBy({ folderId, type });
  }

  async insert(tx: EntityManager, slots: readonly NewSlot[]): Promise<void> {
    await tx.insert(FolderSlotEntity, [...slots]);
  }

  /** All slots of a folder, or those of one type. */
  async delete(tx: EntityManager, folderId: string, type?: SlotType): Promise<void> {
    await tx.delete(FolderSlotEntity, { folderId, ...(type !== undefined && { type }) });
  }

  /** The same key in a slot whose password was hashed at today's cost, unless somebody has replaced the slot meanwhile. */
  async rehash(slot: NewSlot, replaced: Buffer): Promise<void> {
    const { id, keyWrapped, salt, memoryKib, passes, parallelism } = slot;
    await this.rows.update({ id, keyWrapped: replaced }, { keyWrapped, salt, memoryKib, passes, parallelism });
  }

  /**
   * Whether a folder is still locked under this key, and a slot still one of its own; neither changes until the transaction ends.
   * @returns the database's time in whole seconds since 1970, or null
   */
  async hold(
    tx: EntityManager,
    folder: { readonly id: string; readonly ownerId: string; readonly fkVersion: number },
    slotId: string,
  ): Promise<number | null> {
    // The slot is locked as well: only then a change of the password that has just committed is seen.
    const rows = await tx.query<{ now: string }[]>(
      `SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS now
         FROM folders d JOIN folder_slots s ON s.folder_id = d.id
        WHERE d.id = $1 AND d.owner_id = $2 AND d.fk_version = $3 AND d.fk_wrapped IS NULL AND s.id = $4
          FOR SHARE OF d, s`,
      [folder.id, folder.ownerId, folder.fkVersion, slotId],
    );
    return rows[0] ? Number(rows[0].now) : null;
  }
}
