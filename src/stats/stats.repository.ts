import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { LIVE as LIVE_SESSION } from '../auth/sessions/sessions.repository';
import { LIVE as LIVE_SHARE } from '../shares/shares.repository';
import type { BlobState } from '../vault/blob.entity';
import { PLAINTEXT_BYTES } from '../vault/blobs.repository';

/** What there is of everything but blobs. */
export interface Counts {
  readonly activeAccounts: number;
  readonly disabledAccounts: number;
  readonly files: number;
  readonly trashedFiles: number;
  readonly folders: number;
  readonly lockedFolders: number;
  readonly trashedFolders: number;
  readonly liveShares: number;
  readonly liveSessions: number;
  readonly databaseBytes: number;
}

/** Blobs of one kind in one state. */
export interface BlobGroup {
  readonly kind: number;
  readonly state: BlobState;
  readonly count: number;
  /** Of ciphertext; a blob that is not complete has none yet. */
  readonly ctBytes: number;
  readonly ptBytes: number;
}

/** Reads over the tables of all rooms. Whole tables are walked through: for a person who asks now and then, not for a request. */
@Injectable()
export class StatsRepository {
  async counts(tx: EntityManager): Promise<Counts> {
    const [row] = await tx.query<[Counts]>(
      `SELECT u.*, f.*, d.*,
              (SELECT count(*)::int FROM shares s WHERE ${LIVE_SHARE}) AS "liveShares",
              (SELECT count(*)::int FROM sessions WHERE ${LIVE_SESSION}) AS "liveSessions",
              pg_database_size(current_database())::float8 AS "databaseBytes"
         FROM (SELECT count(*) FILTER (WHERE disabled_at IS NULL AND email_bidx IS NOT NULL)::int AS "activeAccounts",
                      count(disabled_at) FILTER (WHERE email_bidx IS NOT NULL)::int AS "disabledAccounts" FROM users) u,
              (SELECT count(*) FILTER (WHERE trashed_at IS NULL)::int AS files,
                      count(trashed_at)::int AS "trashedFiles" FROM files) f,
              (SELECT count(*) FILTER (WHERE NOT is_root AND trashed_at IS NULL)::int AS folders,
                      count(*) FILTER (WHERE fk_wrapped IS NULL AND trashed_at IS NULL)::int AS "lockedFolders",
                      count(trashed_at)::int AS "trashedFolders" FROM folders) d`,
    );
    return row;
  }

  async blobs(tx: EntityManager): Promise<BlobGroup[]> {
    return tx.query<BlobGroup[]>(
      `SELECT kind, state, count(*)::int AS count, coalesce(sum(ct_bytes), 0)::float8 AS "ctBytes",
              coalesce(sum(${PLAINTEXT_BYTES}), 0)::float8 AS "ptBytes"
         FROM blobs GROUP BY kind, state`,
    );
  }
}
