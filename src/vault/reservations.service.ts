import { Injectable } from '@nestjs/common';
import { BlobStore } from '../platform/blobs/blob-store';
import { AppConfig } from '../platform/config/app-config';
import { BlobKind } from '../platform/crypto/contexts';
import type { BlobIdentity } from './blob';
import { BlobsRepository } from './blobs.repository';
import { QuotasRepository } from './quotas.repository';
import { VaultErrors } from './vault.errors';

/** How many bytes of an upload may flow before they are reserved. */
const STEP_BYTES = 8 * 1024 * 1024;

/** A pending blob, and the room that was taken for it. */
export interface Reservation {
  readonly id: string;
  readonly ownerId: string;
  readonly bytes: number;
  /** Whether its owner had a quota when it began. */
  readonly isLimited: boolean;
}

/**
 * Room for a blob before its bytes come: on the disk and in its owner's quota. A reservation is a column of the pending row. It ends with
 * that state, in the same write and so exactly once: settled to what is stored by the commit, given back by whoever gives the blob up.
 */
@Injectable()
export class Reservations {
  private readonly defaultQuota: number;
  private readonly minFree: number;

  constructor(
    private readonly store: BlobStore,
    private readonly blobs: BlobsRepository,
    private readonly quotas: QuotasRepository,
    config: AppConfig,
  ) {
    this.defaultQuota = config.get('QUOTA_DEFAULT_BYTES');
    this.minFree = config.get('MIN_FREE_BYTES');
  }

  /**
   * Enters a pending blob. Renditions are free of both limits: looking at what is stored goes on.
   * @param expectedBytes plaintext bytes that are known to come, 0 when nothing is known
   * @throws {AppError} `VAULT.STORAGE_FULL`, `QUOTA.EXCEEDED`; nothing was written then
   */
  async begin(blob: BlobIdentity & { id: string }, expectedBytes: number, leaseSeconds: number): Promise<Reservation> {
    const { id, ownerId, kind } = blob;
    const bytes = kind === BlobKind.original ? expectedBytes : 0;
    if (kind === BlobKind.original) await this.demandDisk(bytes);
    const pending = { ...blob, reservedBytes: bytes };
    if (await this.blobs.insertPending(pending, leaseSeconds, this.defaultQuota)) {
      return { id, ownerId, bytes, isLimited: false };
    }
    if (!(await this.quotas.insertPending(pending, leaseSeconds, this.defaultQuota))) throw VaultErrors.quotaExceeded();
    return { id, ownerId, bytes, isLimited: true };
  }

  /**
   * The bytes of a blob on their way. What was not reserved at the beginning is reserved as it flows, and all of it before the end.
   * @throws {AppError} `QUOTA.EXCEEDED`, into the pipeline
   */
  hold(reservation: Reservation, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    return reservation.isLimited ? this.extendAlong(reservation, source) : source;
  }

  private async *extendAlong(reservation: Reservation, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let reserved = reservation.bytes;
    let arrived = 0;
    for await (const block of source) {
      arrived += block.length;
      if (arrived >= reserved + STEP_BYTES) reserved = await this.extend(reservation, reserved, arrived);
      yield block;
    }
    if (arrived > reserved) await this.extend(reservation, reserved, arrived);
  }

  private async extend(blob: Reservation, from: number, to: number): Promise<number> {
    if (!(await this.quotas.extend(blob, to - from, this.defaultQuota))) throw VaultErrors.quotaExceeded();
    return to;
  }

  /** Below the floor a vault can still be read, thumbnails are made and the database has room to work. */
  private async demandDisk(bytes: number): Promise<void> {
    if (this.minFree === 0) return;
    const free = await this.store.freeBytes();
    if (free !== null && free - bytes < this.minFree) throw VaultErrors.storageFull();
  }
}
