import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { PendingBlob } from './blob';
import { ORIGINALS_BYTES } from './blobs.repository';

/**
 * Reservations of people who have a quota. What they use is never stored but added up: the plaintext bytes of their originals and what
 * their running uploads have reserved, so a reservation is given back when its row is no longer pending, whoever sees to that.
 */
@Injectable()
export class QuotasRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Enters a pending blob with what it reserves.
   * @param defaultBytes quota of an account without one of its own; 0 is none
   * @returns false when the owner's quota has no room for it: nothing was written
   */
  async insertPending(blob: PendingBlob, leaseSeconds: number, defaultBytes: number): Promise<boolean> {
    const { id, ownerId, fileId, kind, reservedBytes } = blob;
    return this.withRoom({ ownerId, defaultBytes, bytes: reservedBytes }, async (tx) => {
      // As for every pending row: should a power cut take it, its upload cannot be committed either.
      await tx.query(
        `INSERT INTO blobs (id, owner_id, file_id, kind, state, reserved_bytes, lease_expires_at)
         SELECT $1::uuid, $2::uuid, $3::uuid, $4::smallint, 'pending', $5::bigint, clock_timestamp() + make_interval(secs => $6)
           FROM set_config('synchronous_commit', 'off', true)`,
        [id, ownerId, fileId, kind, reservedBytes, leaseSeconds],
      );
    });
  }

  /**
   * Reserves more for a blob that is still pending. Waits for the disk: a crash of the database that took this and left the row would let
   * the upload be committed with more than it had reserved.
   * @returns false when the owner's quota has no room for it: the reservation is as it was
   */
  async extend(blob: Pick<PendingBlob, 'id' | 'ownerId'>, bytes: number, defaultBytes: number): Promise<boolean> {
    const { id, ownerId } = blob;
    return this.withRoom({ ownerId, defaultBytes, bytes }, async (tx) => {
      await tx.query(
        `UPDATE blobs SET reserved_bytes = reserved_bytes + $3 WHERE id = $1 AND owner_id = $2 AND state = 'pending'`,
        [id, ownerId, bytes],
      );
    });
  }

  /** Runs `work` if `bytes` more fit, with every other reservation of the owner waiting. */
  private async withRoom(
    { ownerId, defaultBytes, bytes }: { ownerId: string; defaultBytes: number; bytes: number },
    work: (tx: EntityManager) => Promise<void>,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const [owner] = await tx.query<{ quota: string }[]>(
        'SELECT coalesce(quota_bytes, $2::bigint) AS quota FROM users WHERE id = $1 FOR NO KEY UPDATE',
        [ownerId, defaultBytes],
      );
      // A statement of its own: only it sees what was committed while the one before was waiting.
      const [used] = await tx.query<{ bytes: string }[]>(
        `SELECT ${ORIGINALS_BYTES} + coalesce(sum(reserved_bytes) FILTER (WHERE state = 'pending'), 0) AS bytes
           FROM blobs WHERE owner_id = $1 AND state <> 'deleting' AND kind = 0`,
        [ownerId],
      );
      const quota = Number(owner?.quota ?? 0);
      if (quota > 0 && Number(used?.bytes) + bytes > quota) return false;
      await work(tx);
      return true;
    });
  }
}
