import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { blobKey } from '../platform/blobs/blob-key';
import { BlobStore } from '../platform/blobs/blob-store';
import { BlobStoreError } from '../platform/blobs/blob-store-error';
import { ctLen, HEADER_BYTES, openRange, sealStream } from '../platform/crypto/chunked-encryption';
import { blobContext } from '../platform/crypto/contexts';
import { DecryptionError } from '../platform/crypto/decryption-error';
import { LOGGER } from '../platform/logging/logging.module';
import type { BlobIdentity, ReadyBlob, SealedBlob } from './blob';
import { BlobsRepository } from './blobs.repository';
import { Reservations } from './reservations.service';
import { VaultErrors } from './vault.errors';

/** How long a pending blob is left alone without a sign of life, and how often a running upload gives one. */
export const LEASE_SECONDS = 60;
const RENEW_MS = 20_000;

/** The narrow waist: every byte on its way to or from storage passes here, and is ciphertext on the other side. */
@Injectable()
export class VaultService implements OnModuleInit, OnApplicationShutdown {
  /** Pending blobs of this process. */
  private readonly leased = new Set<string>();
  private renewal?: NodeJS.Timeout;

  constructor(
    private readonly store: BlobStore,
    private readonly blobs: BlobsRepository,
    private readonly reservations: Reservations,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.renewal = setInterval(() => void this.renewLeases(), RENEW_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.renewal);
  }

  /**
   * Seals a stream into a new blob. When it resolves, the ciphertext survives a power cut, but nothing points to it: the caller
   * either makes it part of a file (and says `settled`) or calls `forget`. When it rejects, nothing is left.
   * @param key the file's key, 32 bytes
   * @param expectedBytes how many are known to come: where there is no room for them, no byte of `source` is asked for
   * @throws {AppError} `VAULT.STORAGE_FULL`, `VAULT.STORAGE_AWAY`, `QUOTA.EXCEEDED`, `UPLOAD.INTERRUPTED`; else whatever `source` throws
   */
  async put(
    identity: BlobIdentity,
    key: Buffer,
    source: AsyncIterable<Buffer>,
    expectedBytes = 0,
  ): Promise<SealedBlob> {
    const id = uuidv7();
    const { ownerId, fileId, kind } = identity;
    const reservation = await this.reservations.begin({ id, ownerId, fileId, kind }, expectedBytes, LEASE_SECONDS);
    this.leased.add(id);
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      const held = this.reservations.hold(reservation, source);
      const sealed = this.whileLeased(id, sealStream(key, blobContext(ownerId, fileId, id, kind), held), header);
      const { bytes, crc32 } = await this.store.put(blobKey(ownerId, id), sealed);
      return { id, ownerId, ctBytes: bytes, ctCrc32: crc32, header };
    } catch (error) {
      if (error instanceof BlobStoreError && error.isOutage) {
        // Whatever was stored all the same is the sweeper's: a client must not wait for a store that does not answer once more.
        await this.doom({ id });
        throw VaultErrors.storageAway({ cause: error });
      }
      await this.forget({ id, ownerId });
      if (error instanceof BlobStoreError && error.problem === 'full') throw VaultErrors.storageFull({ cause: error });
      if (error instanceof BlobStoreError && error.problem === 'missing') throw VaultErrors.leaseLost({ cause: error });
      throw error;
    }
  }

  /** The blob has become part of a file: its lease is over. */
  settled(blob: Pick<SealedBlob, 'id'>): void {
    this.leased.delete(blob.id);
  }

  /** Gives up a blob that did not become part of a file. What cannot be removed now, the sweeper removes. */
  async forget(blob: Pick<SealedBlob, 'id' | 'ownerId'>): Promise<void> {
    this.leased.delete(blob.id);
    try {
      // A row that a crash of the database has taken is no reason to keep the object; only a file's blob stays.
      if (!(await this.blobs.doomPending(blob.id)) && (await this.blobs.isReady(blob.id))) return;
      await this.store.remove(blobKey(blob.ownerId, blob.id));
      await this.blobs.deleteDoomed([blob.id]);
    } catch (error) {
      this.logger.warn({ err: error, blobId: blob.id }, 'a blob could not be removed now; the sweeper will');
    }
  }

  private async doom(blob: Pick<SealedBlob, 'id'>): Promise<void> {
    this.leased.delete(blob.id);
    try {
      await this.blobs.doomPending(blob.id);
    } catch (error) {
      this.logger.warn(
        { err: error, blobId: blob.id },
        'a blob could not be given up; the sweeper will, after its lease',
      );
    }
  }

  /**
   * Streams a range of a blob's plaintext; each block is released only after its tag was verified.
   * @param range positions in the plaintext, both included
   * @throws {AppError} `VAULT.DAMAGED` when the object is missing, has another size or does not decrypt; `VAULT.STORAGE_AWAY`
   */
  async *open(blob: ReadyBlob, key: Buffer, range: { start: number; end: number }): AsyncGenerator<Buffer, void> {
    const { id, ownerId, fileId, kind, header, ctBytes } = blob;
    try {
      if (ctLen(blob.ptBytes) !== ctBytes) throw new DecryptionError('the sealed length does not fit the object');
      const objectKey = blobKey(ownerId, id);
      yield* openRange(key, blobContext(ownerId, fileId, id, kind), header, ctBytes, range, (part) =>
        this.store.read(objectKey, ctBytes, part),
      );
    } catch (error) {
      if (!(error instanceof BlobStoreError || error instanceof DecryptionError)) throw error;
      if (error instanceof BlobStoreError && error.isOutage) throw VaultErrors.storageAway({ cause: error });
      throw VaultErrors.damaged({ cause: error });
    }
  }

  /** See {@link BlobsRepository.usageOf}. */
  async usageOf(ownerId: string): Promise<{ files: number; bytes: number }> {
    return this.blobs.usageOf(ownerId);
  }

  /**
   * Copies the first bytes that flow by into `header`, and ends an upload whose lease is lost, in the place of taking its bytes to the
   * last one.
   * @throws {AppError} `UPLOAD.INTERRUPTED`
   */
  private async *whileLeased(id: string, source: AsyncIterable<Buffer>, header: Buffer): AsyncGenerator<Buffer> {
    let kept = 0;
    for await (const block of source) {
      if (!this.leased.has(id)) throw VaultErrors.leaseLost();
      if (kept < HEADER_BYTES) kept += block.copy(header, kept);
      yield block;
    }
  }

  private async renewLeases(): Promise<void> {
    if (this.leased.size === 0) return;
    const asked = [...this.leased];
    try {
      const renewed = await this.blobs.renewLeases(asked, LEASE_SECONDS);
      for (const id of asked) if (!renewed.has(id)) this.leased.delete(id);
    } catch (error) {
      this.logger.warn({ err: error }, 'leases could not be renewed');
    }
  }
}
