import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RenditionsRepository } from '../renditions/renditions.repository';
import { type PurgeableFile, TrashedFilesRepository } from './trashed-files.repository';

/** Files in one transaction. */
const BATCH = 500;

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
  ) {}

  /** @returns how many of them were in the owner's trash until now */
  async purge(ownerId: string, ids: readonly string[]): Promise<number> {
    return this.dataSource.transaction(async (tx) => {
      const locked = await this.trashed.lockForPurge(tx, ownerId, ids);
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

  /** Everything, of everybody, that has been in the trash for so many days. @returns how many */
  async purgeExpired(days: number): Promise<number> {
    return this.inBatches(() => this.trashed.findExpired(days, BATCH));
  }

  private async inBatches(find: () => Promise<PurgeableFile[]>): Promise<number> {
    let count = 0;
    for (let batch = await find(); batch.length > 0; batch = await find()) {
      let purged = 0;
      for (const ownerId of new Set(batch.map((file) => file.ownerId))) {
        const ids = batch.filter((file) => file.ownerId === ownerId).map(({ id }) => id);
        purged += await this.purge(ownerId, ids);
      }
      count += purged;
      // Whoever else is at it has taken all of them; the next round is theirs, or comes later.
      if (purged === 0) break;
    }
    return count;
  }
}
