import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import { blobKey } from '../platform/blobs/blob-key';
import { BlobStore } from '../platform/blobs/blob-store';
import { BlobStoreError } from '../platform/blobs/blob-store-error';
import { JobsService } from '../platform/jobs/jobs.service';
import { LOGGER } from '../platform/logging/logging.module';
import { BlobsRepository, type DoomedBlob } from './blobs.repository';
import { KeyringService } from './keyring.service';
import { findStrays, STRAY_AGE_MS } from './stray-objects';

const SWEEP_SECONDS = 30;
const STRAY_SECONDS = 3600;
const BATCH = 500;
/** Objects that are removed at the same time. */
const PARALLEL = 8;

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
    this.jobs.every('blob-sweep', SWEEP_SECONDS, async () => void (await this.sweep()));
    this.jobs.every('blob-strays', STRAY_SECONDS, () => this.sweepStrays(new Date(Date.now() - STRAY_AGE_MS)));
  }

  /**
   * Some at a time: claim, remove the bytes, delete the rows; a crash in between is finished by the next round.
   * @param ownerId whose alone; all that this owner still has after it is being written by somebody, or could not be removed
   * @param isOver asked between two batches: whether to leave the rest for another time
   * @returns false when something could not be removed
   */
  async sweep(ownerId?: string, isOver: () => boolean = () => false): Promise<boolean> {
    await this.blobs.doomExpired(BATCH, ownerId);
    while (!isOver()) {
      const doomed = await this.blobs.findDoomed(BATCH, ownerId);
      if (doomed.length === 0) return true;
      const removed = await this.removeAll(doomed);
      if (removed > 0) this.logger.info({ blobs: removed }, 'swept blobs that nobody has any more');
      // What could not be removed would be found again at once: it waits for the next round.
      if (removed < doomed.length) return false;
    }
    return true;
  }

  /** See {@link BlobsRepository.existOf}. */
  async hasWorkFor(ownerId: string): Promise<boolean> {
    return this.blobs.existOf(ownerId);
  }

  /** @returns how many; one blob that cannot be removed must not keep the others, and a store that is away keeps them all */
  private async removeAll(doomed: readonly DoomedBlob[]): Promise<number> {
    const gone: string[] = [];
    const waiting = doomed.values();
    let isAway = false;
    const lane = async (): Promise<void> => {
      // The lanes share one iterator: each takes the next blob that nobody has.
      for (const { id, ownerId } of waiting) {
        if (isAway) return;
        try {
          await this.store.remove(blobKey(ownerId, id));
          gone.push(id);
        } catch (error) {
          if (error instanceof BlobStoreError && error.isOutage) isAway = true;
          else this.logger.error({ err: error, blobId: id }, 'a blob could not be swept');
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, lane));
    await this.blobs.deleteDoomed(gone);
    return gone.length;
  }

  /** Looks for objects that have no row and were there, older than `before`, the last time too. */
  async sweepStrays(before: Date): Promise<void> {
    const suspects = new Set<string>();
    for await (const key of findStrays(this.store, this.blobs, { before, bornAt: this.keyring.bornAt })) {
      if (this.suspects.has(key)) {
        await this.store.remove(key);
        this.logger.warn({ object: key }, 'removed an object that no row has a use for');
      } else {
        suspects.add(key);
      }
    }
    this.suspects = suspects;
  }
}
