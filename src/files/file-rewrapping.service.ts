import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';
import type { OpenFolder } from '../folders/access/open-folder';
import { AppError } from '../platform/errors/app-error';
import { LOGGER } from '../platform/logging/logging.module';
import { type RewrappableFile, rewrapFile, type RewrappedFile } from './file-sealing';
import { FileRewrappingRepository } from './file-rewrapping.repository';

/** Rows in one statement: few enough that other requests do not wait for the cryptography between two of them. */
const BATCH = 250;
/** Rows between two lines of the log. */
const REPORT = 2500;

/** Puts all files of a folder under its new key. Only their rows change: 105 bytes of key and what is known of each; never a blob. */
@Injectable()
export class FileRewrapping {
  constructor(
    private readonly files: FileRewrappingRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * In the transaction that gives the folder its new key, and that holds it.
   * @param from the folder as its files are now, `to` as they will be
   * @returns how many
   */
  async all(tx: EntityManager, from: OpenFolder, to: OpenFolder): Promise<number> {
    let count = 0;
    for (const trashed of [false, true]) {
      let after: { id: string; createdAt: Date } | undefined;
      do {
        const batch = await this.files.lockForRewrap(tx, from, { trashed, after, limit: BATCH });
        const rewrapped = batch.map((file) => this.rewrapUnlessDamaged(from, to, file)).filter((file) => file !== null);
        if (rewrapped.length > 0) await this.files.rewrapMany(tx, to, rewrapped);
        if (to.isLocked && rewrapped.length < batch.length) await this.hideDatesOfDamaged(tx, to, batch, rewrapped);
        count += batch.length;
        if (count % REPORT < batch.length) this.logger.info({ folderId: to.id, files: count }, 'rewrapping a folder');
        after = batch.length === BATCH ? batch.at(-1) : undefined;
      } while (after);
    }
    return count;
  }

  /** Not even when they were taken may stay in clear behind a lock. */
  private async hideDatesOfDamaged(
    tx: EntityManager,
    folder: OpenFolder,
    batch: readonly RewrappableFile[],
    rewrapped: readonly RewrappedFile[],
  ): Promise<void> {
    const good = new Set(rewrapped.map(({ id }) => id));
    const damaged = batch.map(({ id }) => id).filter((id) => !good.has(id));
    await this.files.hideDates(tx, folder, damaged);
  }

  /** A file that was tampered with cannot be opened under any key: it must not keep the others from being locked. */
  private rewrapUnlessDamaged(from: OpenFolder, to: OpenFolder, file: RewrappableFile): RewrappedFile | null {
    try {
      return rewrapFile(from, to, file);
    } catch (error) {
      if (!(error instanceof AppError && error.definition.alert)) throw error;
      const { code, alert } = error.definition;
      this.logger.error({ code, alert, fileId: file.id, err: error }, 'a file could not be rewrapped');
      return null;
    }
  }
}
