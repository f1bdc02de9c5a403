import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import { blobKey } from '../platform/blobs/blob-key';
import { BlobStore } from '../platform/blobs/blob-store';
import { JobsService } from '../platform/jobs/jobs.service';
import { LOGGER } from '../platform/logging/logging.module';
import { BlobsRepository, type DoomedBlob } from './blobs.repository';
import { KeyringService } from './keyring.service';
import { findStrays, STRAY_AGE_MS } from './stray-objects';

const SWEEP_SECONDS = 30;
const STRAY_SECONDS = 3600;
const BATCH = 500;

/**
 * Removes what nobody will ever ask for: blobs of uploads that died, and objects without a row. Never anything `ready`.
 * Any process may run it; a blob is taken only by compare-and-set.
 */
@Injectable()
export class BlobSweeper implements OnApplicationBootstrap {
  /** Objects without a row that the last search saw: only what is seen twice is removed. */
  private suspects = new Set<string>();

  constructor(
    private readonly store: BlobStore,
    private readonly blobs: BlobsRepository,
    private readonly keyring: KeyringService,
    private readonly jobs: JobsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('blob-sweep', SWEEP_SECONDS, () => this.sweep());
    this.jobs.every('blob-strays', STRAY_SECONDS, () => this.sweepStrays(new Date(Date.now() - STRAY_AGE_MS)));
  }

  /** Row by row: claim, remove the bytes, delete the row; a crash in between is finished by the next round. */
  async sweep(): Promise<void> {
    await this.blobs.doomExpired(BATCH);
    for (
      let doomed = await this.blobs.findDoomed(BATCH);
      doomed.length > 0;
      doomed = await this.blobs.findDoomed(BATCH)
    ) {
      let removed = 0;
      for (const blob of doomed) removed += (await this.remove(blob)) ? 1 : 0;
      if (removed > 0) this.logger.info({ blobs: removed }, 'swept blobs of unfinished uploads');
      // What could not be removed would be found again at once: it waits for the next round.
      if (removed < doomed.length) return;
    }
  }

  /** One blob that cannot be removed must not keep the others. */
  private async remove({ id, ownerId }: DoomedBlob): Promise<boolean> {
    try {
      await this.store.remove(blobKey(ownerId, id));
      await this.blobs.deleteDoomed(id);
      return true;
    } catch (error) {
      this.logger.error({ err: error, blobId: id }, 'a blob could not be swept');
      return false;
    }
  }

  /** Looks for objects that have no row and were there, older than `before`, the last time too. */
  async sweepStrays(before: Date): Promise<void> {
    const suspects = new Set<string>();
    for await (const key of findStrays(this.store, this.blobs, { before, bornAt: this.keyring.bornAt })) {
      if (this.suspects.has(key)) {
        await this.store.remove(key);
        this.logger.warn({ object: key }, 'removed an object that no row knows');
      } else {
        suspects.add(key);
      }
    }
    this.suspects = suspects;
  }
}
