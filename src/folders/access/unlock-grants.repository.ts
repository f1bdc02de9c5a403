import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../../platform/database/prepared-statements';
import { UnlockGrantEntity } from './unlock-grant.entity';

const LIVE = 'idle_expires_at > clock_timestamp() AND expires_at > clock_timestamp()';

/** Not written down as used for a minute, or for half of a shorter idle time ($idle seconds). */
const stale = (idle: string) =>
  `last_used_at < clock_timestamp() - least(interval '1 minute', make_interval(secs => ${idle} / 2.0))`;

/** Every request for something in a locked folder asks this. */
const FIND_LIVE: PreparedStatement = {
  name: 'unlock_grants_find_live',
  text: `SELECT id, sealed_fk AS "sealedFk", extract(epoch FROM expires_at)::bigint AS "expiresAtSeconds", ${stale('$4::int')} AS stale
           FROM unlock_grants WHERE session_id = $1 AND folder_id = $2 AND fk_version = $3 AND ${LIVE}`,
};

/** Stale is asked again: of many requests at once, in however many processes, one writes. */
const TOUCH: PreparedStatement = {
  name: 'unlock_grants_touch',
  text: `UPDATE unlock_grants
            SET last_used_at = clock_timestamp(), idle_expires_at = clock_timestamp() + make_interval(secs => $2::int)
          WHERE id = $1 AND ${LIVE} AND ${stale('$2::int')}`,
};

/** Every second of a transfer that takes longer than requests usually do. */
const FIND_STILL_OPEN: PreparedStatement = {
  name: 'unlock_grants_find_still_open',
  text: `
    SELECT d.id, g.id AS "grantId", coalesce(g.${stale('$5::int')}, false) AS stale
      FROM unnest($3::uuid[], $4::int[]) AS known (id, epoch)
      JOIN folders d ON d.id = known.id AND d.epoch = known.epoch
      LEFT JOIN unlock_grants g ON g.folder_id = d.id AND g.session_id = $2 AND g.fk_version = d.fk_version AND ${LIVE}
     WHERE d.owner_id = $1 AND d.trashed_at IS NULL AND (d.fk_wrapped IS NOT NULL OR g.id IS NOT NULL)`,
};

/** A grant as a request needs it. */
export interface LiveGrant extends Pick<UnlockGrantEntity, 'id' | 'sealedFk'> {
  /** Seconds since 1970, as it was sealed. */
  readonly expiresAtSeconds: string;
  /** It is time to write down that it is used. */
  readonly stale: boolean;
}

type NewGrant = Pick<UnlockGrantEntity, 'id' | 'sessionId' | 'folderId' | 'fkVersion' | 'sealedFk' | 'expiresAt'>;

/** Grants; every expiry is by the database's clock. */
@Injectable()
export class UnlockGrantsRepository {
  constructor(
    @InjectRepository(UnlockGrantEntity) private readonly rows: Repository<UnlockGrantEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  async findLive(
    sessionId: string,
    folder: { readonly id: string; readonly fkVersion: number },
    idleSeconds: number,
  ): Promise<LiveGrant | null> {
    const values = [sessionId, folder.id, folder.fkVersion, idleSeconds];
    return (await this.statements.run<LiveGrant>(FIND_LIVE, values))[0] ?? null;
  }

  /**
   * Which of these folders still have their keys and are open to a session: without a lock, or unlocked.
   * @returns the grants of the unlocked, null for the others
   */
  async findStillOpen(
    { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
    folders: readonly { readonly id: string; readonly epoch: number }[],
    idleSeconds: number,
  ): Promise<{ grantId: string | null; stale: boolean }[]> {
    const [ids, epochs] = [folders.map(({ id }) => id), folders.map(({ epoch }) => epoch)];
    return this.statements.run(FIND_STILL_OPEN, [userId, sessionId, ids, epochs, idleSeconds]);
  }

  async touch(id: string, idleSeconds: number): Promise<void> {
    await this.statements.run(TOUCH, [id, idleSeconds]);
  }

  /** In the place of an earlier grant of the same session for the same folder. @returns until when it is good */
  async upsert(tx: EntityManager, grant: NewGrant, idleSeconds: number): Promise<Date> {
    const { id, sessionId, folderId, fkVersion, sealedFk, expiresAt } = grant;
    const [row] = await tx.query<[{ until: Date }]>(
      `INSERT INTO unlock_grants (id, session_id, folder_id, fk_version, sealed_fk, last_used_at, idle_expires_at, expires_at)
       SELECT $1, $2, $3, $4, $5, now, now + make_interval(secs => $7), $6 FROM clock_timestamp() AS now
       ON CONFLICT (session_id, folder_id) DO UPDATE
          SET id = excluded.id, fk_version = excluded.fk_version, sealed_fk = excluded.sealed_fk,
              last_used_at = excluded.last_used_at, idle_expires_at = excluded.idle_expires_at, expires_at = excluded.expires_at
       RETURNING least(idle_expires_at, expires_at) AS until`,
      [id, sessionId, folderId, fkVersion, sealedFk, expiresAt, idleSeconds],
    );
    return row.until;
  }

  async delete(sessionId: string, folderId: string): Promise<void> {
    await this.rows.delete({ sessionId, folderId });
  }

  async deleteOfFolder(tx: EntityManager, folderId: string): Promise<void> {
    await tx.delete(UnlockGrantEntity, { folderId });
  }

  /** Of whatever sessions, but for one. */
  async deleteOthersOfFolder(tx: EntityManager, folderId: string, exceptSessionId: string): Promise<void> {
    await tx.query('DELETE FROM unlock_grants WHERE folder_id = $1 AND session_id <> $2', [folderId, exceptSessionId]);
  }

  /** Removes what has run out, and what belongs to sessions that are over. @returns how many */
  async deleteOver(): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM unlock_grants WHERE id IN
         (SELECT g.id FROM unlock_grants g JOIN sessions s ON s.id = g.session_id
           WHERE g.expires_at < clock_timestamp() OR g.idle_expires_at < clock_timestamp() OR s.ended_at IS NOT NULL
             FOR UPDATE OF g SKIP LOCKED)`,
    );
    return count;
  }
}
