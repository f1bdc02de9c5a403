import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../platform/database/prepared-statements';
import type { PendingBlob } from './blob';
import { BlobEntity, type BlobState } from './blob.entity';

/** What a sweeper needs to know of a blob that nobody may use any more. */
export interface DoomedBlob {
  readonly id: string;
  readonly ownerId: string;
}

/** What is stored of a ready blob, as its row says: all that it takes to check it without a key. */
export interface StoredBlob extends DoomedBlob {
  readonly ctBytes: number;
  readonly ctCrc32: number;
  /** 56 bytes. */
  readonly header: Buffer;
}

/** Plaintext bytes of a row, in SQL: the inverse of the format's `ctLen`, because no plaintext length is kept in clear. */
export const PLAINTEXT_BYTES = 'ct_bytes - 56 - 16 * ((ct_bytes - 56) / 16400 + 1)';

/** Plaintext bytes of the ready rows among originals. */
export const ORIGINALS_BYTES = `coalesce(sum(${PLAINTEXT_BYTES}) FILTER (WHERE state = 'ready'), 0)`;

/**
 * `synchronous_commit` is off for this one statement: should a power cut take the row, its unfinished file has no row and the
 * sweeper's search for strays removes it; nothing has been promised yet. The account is only looked at: whoever
 * has no quota waits for no row that all of their uploads would share.
 */
const INSERT_PENDING: PreparedStatement = {
  name: 'blobs_insert_pending',
  text: `INSERT INTO blobs (id, owner_id, file_id, kind, state, reserved_bytes, lease_expires_at)
         SELECT $1, $2::uuid, $3, $4::smallint, 'pending', $5, clock_timestamp() + make_interval(secs => $6)
           FROM set_config('synchronous_commit', 'off', true)
          WHERE $4::smallint <> 0 OR NOT EXISTS (SELECT FROM users WHERE id = $2::uuid AND coalesce(quota_bytes, $7::bigint) > 0)
         RETURNING id`,
};

/** Rows of objects in the blob store. */
@Injectable()
export class BlobsRepository {
  constructor(
    @InjectRepository(BlobEntity) private readonly rows: Repository<BlobEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  /**
   * Enters a pending blob for which no quota has to be asked: a rendition, or an original of somebody who has none.
   * @param defaultQuota bytes for an account without a quota of its own; 0 is none
   * @returns false for an original of somebody with a quota: nothing was written
   */
  async insertPending(blob: PendingBlob, leaseSeconds: number, defaultQuota: number): Promise<boolean> {
    const { id, ownerId, fileId, kind, reservedBytes } = blob;
    const values = [id, ownerId, fileId, kind, reservedBytes, leaseSeconds, defaultQuota];
    return (await this.statements.run(INSERT_PENDING, values)).length === 1;
  }

  /**
   * Extends the leases of uploads that are still running, unless their account was closed: those run out, like those of the dead.
   * @returns the ids of those that go on
   */
  async renewLeases(ids: readonly string[], leaseSeconds: number): Promise<Set<string>> {
    const [rows] = await this.rows.query<[{ id: string }[], number]>(
      `UPDATE blobs SET lease_expires_at = clock_timestamp() + make_interval(secs => $2)
        WHERE id = ANY($1) AND state = 'pending'
          AND EXISTS (SELECT FROM users WHERE users.id = blobs.owner_id AND users.email_bidx IS NOT NULL)
        RETURNING id`,
      [ids, leaseSeconds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Compare-and-set: only a blob that is still pending can be given up; a ready one never. */
  async doomPending(id: string): Promise<boolean> {
    const { affected } = await this.rows.update({ id, state: 'pending' }, { state: 'deleting' });
    return affected === 1;
  }

  /** Whether a file has it. */
  async isReady(id: string): Promise<boolean> {
    return this.rows.existsBy({ id, state: 'ready' });
  }

  /** Claims pending blobs whose lease has run out, or those of one owner; two sweepers never get the same one. */
  async doomExpired(limit: number, ownerId?: string): Promise<void> {
    await this.rows.query(
      `UPDATE blobs SET state = 'deleting'
        WHERE id IN (SELECT id FROM blobs WHERE state = 'pending' AND lease_expires_at < clock_timestamp()
                        AND ($2::uuid IS NULL OR owner_id = $2)
                      ORDER BY lease_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit, ownerId ?? null],
    );
  }

  /** Of everybody, or of one owner; in the order of an index, because statistics do not keep up with how many there are. */
  async findDoomed(limit: number, ownerId?: string): Promise<DoomedBlob[]> {
    const where = { state: 'deleting' as const, ...(ownerId !== undefined && { ownerId }) };
    const order = { ownerId: 'ASC', id: 'ASC' } as const;
    return this.rows.find({ select: { id: true, ownerId: true }, where, order, take: limit });
  }

  /** The rows go last, when no byte is left. */
  async deleteDoomed(ids: readonly string[]): Promise<void> {
    await this.rows.query(`DELETE FROM blobs WHERE id = ANY($1) AND state = 'deleting'`, [ids]);
  }

  /** Whether an owner has a blob, in whatever state: asked in two parts, each of which has an index. */
  async existOf(ownerId: string): Promise<boolean> {
    const rows = await this.rows.query<[{ exist: boolean }]>(
      `SELECT EXISTS (SELECT FROM blobs WHERE owner_id = $1 AND state <> 'deleting')
           OR EXISTS (SELECT FROM blobs WHERE owner_id = $1 AND state = 'deleting') AS exist`,
      [ownerId],
    );
    return rows[0].exist;
  }

  /** Blobs that a file has, in the order of their making. @param after the last id of the batch before, or null */
  async findReady(after: string | null, limit: number): Promise<StoredBlob[]> {
    const where = { state: 'ready' as const, ...(after !== null && { id: MoreThan(after) }) };
    const rows = await this.rows.find({ where, order: { id: 'ASC' }, take: limit });
    return rows.map(({ id, ownerId, ctBytes, ctCrc32, header }) => {
      // `ck_blobs_ready_complete`: a ready row has all of them.
      return { id, ownerId, ctBytes: Number(ctBytes), ctCrc32: Number(ctCrc32), header: header ?? Buffer.alloc(0) };
    });
  }

  async countReady(): Promise<number> {
    return this.rows.countBy({ state: 'ready' });
  }

  /** The states of those of these ids that have a row. */
  async findStates(ids: readonly string[]): Promise<Map<string, BlobState>> {
    const rows = await this.rows.query<{ id: string; state: BlobState }[]>(
      'SELECT id, state FROM blobs WHERE id = ANY($1)',
      [ids],
    );
    return new Map(rows.map(({ id, state }) => [id, state]));
  }

  /** What an owner stores: number of originals and their plaintext bytes. Counted, never stored. */
  async usageOf(ownerId: string): Promise<{ files: number; bytes: number }> {
    const rows = await this.rows.query<[{ files: string; bytes: string }]>(
      `SELECT count(*) AS files, ${ORIGINALS_BYTES} AS bytes
         FROM blobs WHERE owner_id = $1 AND state = 'ready' AND kind = 0`,
      [ownerId],
    );
    return { files: Number(rows[0].files), bytes: Number(rows[0].bytes) };
  }
}
