import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { isDatabaseAway } from '../../platform/database/database-away';
import { LOGGER } from '../../platform/logging/logging.module';
import { RenditionsRepository } from '../renditions/renditions.repository';
import { type PurgeableFile, TrashedFilesRepository } from './trashed-files.repository';

/** Files in one transaction. */
const BATCH = 500;
/** Rounds in which whoever else is at the same files has taken all of them; each waits for the others, so that there are hardly two. */
const IDLE_ROUNDS = 5;
/** Files that cannot be removed, whatever the reason, until the others have to wait as well: somebody has to look at that. */
const MAX_STUCK = 100;

/**
 * Removes files in the trash for good: their rows, and with them the only keys to their bytes, are gone at the commit; the bytes are left to
 * the sweeper, like those of every other blob that nobody needs. No folder has to be open for that.
 */
@Injectable()
export class FilePurging {
  constructor(
    private readonly dataSource: DataSource,
    private readonly trashed: TrashedFilesRepository,
    private readonly renditions: RenditionsRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param days since how many they have to be in the trash
   * @returns how many of them were in the owner's trash until now
   */
  async purge(ownerId: string, ids: readonly string[], days = 0): Promise<number> {
    return this.dataSource.transaction(async (tx) => {
      const locked = await this.trashed.lockForPurge(tx, ownerId, ids, days);
      if (locked.length === 0) return 0;
      await this.renditions.doomOfFiles(tx, ownerId, locked);
      await this.trashed.deleteLocked(tx, ownerId, locked);
      return locked.length;
    });
  }

  /** All of a folder that is in the trash. @returns how many */
  async purgeIn(ownerId: string, folderId: string): Promise<number> {
    return this.inBatches(() => this.trashed.findSomeIn(ownerId, folderId, BATCH));
  }

  /** All in the trash of open folders that are not there themselves. @returns how many */
  async purgeInOpenFolders(ownerId: string): Promise<number> {
    return this.inBatches(() => this.trashed.findSomeInOpenFolders(ownerId, BATCH));
  }

  /** Everything, of everybody, that has been in the trash for so many days; a file that cannot be removed keeps no other. @returns how many */
  async purgeExpired(days: number): Promise<number> {
    const stuck: string[] = [];
    return this.inBatches(
      () => this.trashed.findExpired(days, BATCH, stuck),
      (ownerId, ids) => this.purgeAround(stuck, ownerId, ids, days),
    );
  }

  private async inBatches(
    find: () => Promise<PurgeableFile[]>,
    purge = (ownerId: string, ids: readonly string[]) => this.purge(ownerId, ids),
  ): Promise<number> {
    let count = 0;
    for (let idle = 0; idle < IDLE_ROUNDS;) {
      const batch = await find();
      if (batch.length === 0) break;
      let purged = 0;
      for (const ownerId of new Set(batch.map((file) => file.ownerId))) {
        const ids = batch.filter((file) => file.ownerId === ownerId).map(({ id }) => id);
        purged += await purge(ownerId, ids);
      }
      count += purged;
      idle = purged === 0 ? idle + 1 : 0;
    }
    return count;
  }

  /** What cannot be removed together is tried one by one. @param stuck gets the ids of what cannot be removed */
  private async purgeAround(stuck: string[], ownerId: string, ids: readonly string[], days: number): Promise<number> {
    try {
      return await this.purge(ownerId, ids, days);
    } catch (error) {
      const [id, ...others] = ids;
      if (isDatabaseAway(error) || stuck.length >= MAX_STUCK) throw error;
      if (others.length > 0) {
        let purged = 0;
        for (const each of ids) purged += await this.purgeAround(stuck, ownerId, [each], days);
        return purged;
      }
      stuck.push(id);
      this.logger.error(
        { err: error, fileId: id },
        'a file in the trash could not be removed; the next sweep will try again',
      );
      return 0;
    }
  }
}
