import { crc32 } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { blobIdOf, blobKey } from '../platform/blobs/blob-key';
import { BlobStore } from '../platform/blobs/blob-store';
import { BlobStoreError } from '../platform/blobs/blob-store-error';
import { HEADER_BYTES } from '../platform/crypto/chunked-encryption';
import { BlobsRepository, type StoredBlob } from './blobs.repository';
import { KeyringService } from './keyring.service';
import { findStrays, STRAY_AGE_MS } from './stray-objects';
import { VaultErrors } from './vault.errors';

const BATCH = 500;
/** Objects that are read at once: more gains nothing on one disk, and each has a block of half a MiB in memory. */
const PARALLEL = 4;

/**
 * `missing`: no object; `length`, `header`, `crc`: another length, other first 56 bytes, other bytes than its row says; `unreadable`: the
 * disk or the file system does not give it; `stray`: an object, or a begun one, that no row has a use for.
 */
export type ProblemKind = 'missing' | 'length' | 'header' | 'crc' | 'unreadable' | 'stray';

/** Something that is not as it should be. */
export interface StoreProblem {
  readonly kind: ProblemKind;
  /** Null for a stray: no row says whose it was. */
  readonly ownerId: string | null;
  readonly blobId: string;
  /** Where it is, or should be, in the store. */
  readonly object: string;
  /** A stray that is gone now. */
  readonly removed?: true;
}

/** What a whole check has looked at: blobs and their bytes as they are stored. */
export interface StoreCheckResult {
  readonly blobs: number;
  readonly bytes: number;
  readonly problems: readonly StoreProblem[];
}

export interface StoreCheckOptions {
  /** Removes what no row has a use for; nothing else is ever changed. */
  readonly repairStrays?: boolean;
  readonly onProblem?: (problem: StoreProblem) => void;
  readonly onProgress?: (checked: number, of: number) => void;
}

/**
 * Holds every stored object against its row, without any key: first 56 bytes, length and CRC-32. Works beside a running server: what is
 * uploaded or deleted meanwhile is no problem. Memory stays flat, whatever there is.
 */
@Injectable()
export class StoreCheck {
  constructor(
    private readonly store: BlobStore,
    private readonly blobs: BlobsRepository,
    private readonly keyring: KeyringService,
  ) {}

  /** @throws {AppError} `VAULT.STORAGE_AWAY`: nothing can be said of any object then */
  async run(options: StoreCheckOptions = {}): Promise<StoreCheckResult> {
    try {
      return await this.check(options);
    } catch (error) {
      throw error instanceof BlobStoreError && error.isOutage ? VaultErrors.storageAway({ cause: error }) : error;
    }
  }

  private async check({ repairStrays = false, onProblem, onProgress }: StoreCheckOptions): Promise<StoreCheckResult> {
    const problems: StoreProblem[] = [];
    const report = (problem: StoreProblem): void => {
      problems.push(problem);
      onProblem?.(problem);
    };
    // Strays are looked for twice, before and after all else: an object on its way out is not found again.
    const suspects = await this.strays();
    const checked = await this.checkBlobs(report, onProgress);
    const found = suspects.size > 0 ? await this.strays() : suspects;
    for (const key of found) {
      if (!suspects.has(key)) continue;
      const stray = { kind: 'stray', ownerId: null, blobId: blobIdOf(key) ?? '', object: key } as const;
      if (repairStrays) await this.store.remove(key);
      report(repairStrays ? { ...stray, removed: true } : stray);
    }
    return { ...checked, problems };
  }

  private async checkBlobs(
    report: (problem: StoreProblem) => void,
    onProgress: StoreCheckOptions['onProgress'],
  ): Promise<{ blobs: number; bytes: number }> {
    const all = await this.blobs.countReady();
    let [blobs, bytes] = [0, 0];
    for (let after: string | null = null; ;) {
      const batch: StoredBlob[] = await this.blobs.findReady(after, BATCH);
      const waiting = batch.values();
      const lane = async (): Promise<void> => {
        // The lanes share one iterator: each takes the next blob that nobody has.
        for (const blob of waiting) {
          const kind = await this.problemOf(blob);
          // Deleted since its row was read: then that was not a problem but the end of it.
          if (kind !== null && (await this.blobs.isReady(blob.id))) {
            report({ kind, ownerId: blob.ownerId, blobId: blob.id, object: blobKey(blob.ownerId, blob.id) });
          }
          blobs++;
          bytes += blob.ctBytes;
          onProgress?.(blobs, Math.max(all, blobs));
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, lane));
      const last = batch.at(-1);
      if (!last) return { blobs, bytes };
      after = last.id;
    }
  }

  private async problemOf({ id, ownerId, ctBytes, ctCrc32, header }: StoredBlob): Promise<ProblemKind | null> {
    const begin = Buffer.alloc(HEADER_BYTES);
    let [read, crc] = [0, 0];
    try {
      for await (const block of this.store.read(blobKey(ownerId, id), ctBytes, { start: 0, end: ctBytes - 1 })) {
        if (read < HEADER_BYTES) block.copy(begin, read);
        read += block.length;
        crc = crc32(block, crc);
        if (read >= HEADER_BYTES && !begin.equals(header)) return 'header';
      }
      return crc === ctCrc32 ? null : 'crc';
    } catch (error) {
      if (error instanceof BlobStoreError && error.problem === 'missing') return 'missing';
      if (error instanceof BlobStoreError && error.problem === 'damaged') return 'length';
      if (error instanceof BlobStoreError && error.isOutage) throw error;
      // One that the disk does not give must not keep the others from being looked at.
      return 'unreadable';
    }
  }

  private async strays(): Promise<ReadonlySet<string>> {
    const rules = { before: new Date(Date.now() - STRAY_AGE_MS), bornAt: this.keyring.bornAt };
    const keys = new Set<string>();
    for await (const key of findStrays(this.store, this.blobs, rules)) keys.add(key);
    return keys;
  }
}
