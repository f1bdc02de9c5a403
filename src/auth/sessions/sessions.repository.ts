import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../../platform/database/prepared-statements';
import { SessionEntity } from './session.entity';

/** Sessions that are not over. */
export const LIVE = 'ended_at IS NULL AND idle_expires_at > clock_timestamp() AND expires_at > clock_timestamp()';

/** Not written down as seen for a minute, or for half of a shorter idle time: a session that is in use must not end. */
const STALE = `last_seen_at < clock_timestamp() - least(interval '1 minute', make_interval(secs => idle_seconds / 2.0))`;

const DEVICE = 'coalesce(device_name, device_id) AS device';

/** Every authenticated request begins with this one. */
const FIND_LIVE: PreparedStatement = {
  name: 'sessions_find_live',
  text: `SELECT id, user_id AS "userId", ${DEVICE}, ${STALE} AS stale,
                proved_at > clock_timestamp() - make_interval(secs => $2) AS fresh
           FROM sessions WHERE token_hash = $1 AND ${LIVE}`,
};

/** Stale is asked again: of many requests at once, in however many processes, one writes. */
const TOUCH: PreparedStatement = {
  name: 'sessions_touch',
  text: `UPDATE sessions
            SET last_seen_at = clock_timestamp(),
                idle_expires_at = clock_timestamp() + make_interval(secs => idle_seconds)
          WHERE id = $1 AND ${LIVE} AND ${STALE}`,
};

/** Every second of a transfer that takes longer than requests usually do. */
const IS_LIVE: PreparedStatement = {
  name: 'sessions_is_live',
  text: `SELECT FROM sessions WHERE id = $1 AND ${LIVE}`,
};

/** A session as the guard needs it. */
export interface LiveSession {
  readonly id: string;
  readonly userId: string;
  readonly device: string;
  /** It is time to write down that it is used. */
  readonly stale: boolean;
  /** Its holder has given a right PIN a moment ago. */
  readonly fresh: boolean;
}

type NewSession = Pick<
  SessionEntity,
  'id' | 'userId' | 'tokenHash' | 'deviceId' | 'deviceName' | 'ip' | 'userAgent' | 'trustedDeviceId'
>;

/** The label of a session's device, as people know it. */
interface OfDevice {
  readonly device: string;
}

/** Sessions; every expiry is by the database's clock. */
@Injectable()
export class SessionsRepository {
  constructor(
    @InjectRepository(SessionEntity) private readonly rows: Repository<SessionEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  /** @param seconds `idle` from each use, `absolute` from now */
  async insert(
    tx: EntityManager,
    session: NewSession,
    seconds: { idle: number; absolute: number },
  ): Promise<Pick<SessionEntity, 'expiresAt' | 'idleExpiresAt'>> {
    const { id, userId, tokenHash, deviceId, deviceName, ip, userAgent, trustedDeviceId } = session;
    const [ends] = await tx.query<[Pick<SessionEntity, 'expiresAt' | 'idleExpiresAt'>]>(
      `INSERT INTO sessions
         (id, user_id, token_hash, device_id, device_name, ip, user_agent, trusted_device_id,
          created_at, last_seen_at, proved_at, idle_seconds, idle_expires_at, expires_at)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8,
              now, now, now, $9::int, now + make_interval(secs => $9::int), now + make_interval(secs => $10)
         FROM clock_timestamp() AS now
       RETURNING expires_at AS "expiresAt", idle_expires_at AS "idleExpiresAt"`,
      [id, userId, tokenHash, deviceId, deviceName, ip, userAgent, trustedDeviceId, seconds.idle, seconds.absolute],
    );
    return ends;
  }

  /** @param freshSeconds how long after a right PIN a session is fresh */
  async findLiveByTokenHash(tokenHash: Buffer, freshSeconds: number): Promise<LiveSession | null> {
    const [session] = await this.statements.run<LiveSession>(FIND_LIVE, [tokenHash, freshSeconds]);
    return session ?? null;
  }

  async isLive(id: string): Promise<boolean> {
    return (await this.statements.run(IS_LIVE, [id])).length === 1;
  }

  /** Writes down that a session was used, and moves its idle end. */
  async touch(id: string): Promise<void> {
    await this.statements.run(TOUCH, [id]);
  }

  async findLiveOwned(ownerId: string): Promise<SessionEntity[]> {
    return this.rows
      .createQueryBuilder('session')
      .where('session.userId = :ownerId', { ownerId })
      .andWhere(LIVE)
      .orderBy('session.lastSeenAt', 'DESC')
      .addOrderBy('session.id', 'DESC')
      .getMany();
  }

  /** The trusted device of a session, or null. */
  async trustedDeviceOf(id: string): Promise<string | null> {
    const session = await this.rows.findOne({ select: { trustedDeviceId: true }, where: { id } });
    return session?.trustedDeviceId ?? null;
  }

  /** The label of a session's device, or null when the session is over. */
  async deviceOf(tx: EntityManager, id: string): Promise<string | null> {
    const [session] = await tx.query<OfDevice[]>(`SELECT ${DEVICE} FROM sessions WHERE id = $1 AND ${LIVE}`, [id]);
    return session?.device ?? null;
  }

  /**
   * Whether an account can never have had a session: it has none, and is younger than the time for which ended ones are kept.
   * @param keepDays that time
   */
  async isFirst(tx: EntityManager, ownerId: string, keepDays: number): Promise<boolean> {
    const [row] = await tx.query<{ first: boolean }[]>(
      `SELECT created_at > clock_timestamp() - make_interval(days => greatest(1, $2::int))
              AND NOT EXISTS (SELECT FROM sessions WHERE user_id = $1) AS first
         FROM users WHERE id = $1`,
      [ownerId, keepDays],
    );
    return row?.first ?? false;
  }

  /** From which addresses earlier sessions of an account came, live or not, that had this label. */
  async addressesOf(tx: EntityManager, ownerId: string, deviceId: string): Promise<string[]> {
    const rows = await tx.query<{ ip: string }[]>(
      'SELECT DISTINCT ip FROM sessions WHERE user_id = $1 AND device_id = $2 AND ip IS NOT NULL',
      [ownerId, deviceId],
    );
    return rows.map(({ ip }) => ip);
  }

  /** Ends all but the most recently used sessions of an account. */
  async endBeyond(tx: EntityManager, ownerId: string, limit: number): Promise<void> {
    await tx.query(
      `UPDATE sessions SET ended_at = clock_timestamp()
        WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND ${LIVE}
                      ORDER BY last_seen_at DESC, id DESC OFFSET $2)`,
      [ownerId, limit],
    );
  }

  /** @returns the label of its device, or null when there is no such live session of this owner */
  async endOwned(tx: EntityManager, ownerId: string, id: string): Promise<string | null> {
    const [device] = await this.end(tx, 'id = $1 AND user_id = $2', [id, ownerId]);
    return device ?? null;
  }

  /** @returns the labels of their devices */
  async endAllOwned(tx: EntityManager, ownerId: string): Promise<string[]> {
    return this.end(tx, 'user_id = $1', [ownerId]);
  }

  /** @returns the labels of their devices */
  async endOthersOwned(tx: EntityManager, ownerId: string, exceptId: string): Promise<string[]> {
    return this.end(tx, 'user_id = $1 AND id <> $2', [ownerId, exceptId]);
  }

  /** Ends what was opened from a trusted device. @returns the labels of their devices */
  async endOfDeviceOwned(tx: EntityManager, ownerId: string, trustedDeviceId: string): Promise<string[]> {
    return this.end(tx, 'user_id = $1 AND trusted_device_id = $2', [ownerId, trustedDeviceId]);
  }

  /** Writes down that its holder has given a right PIN. @returns the label of its device, or null when it is over */
  async prove(tx: EntityManager, id: string): Promise<string | null> {
    const [rows] = await tx.query<[OfDevice[], number]>(
      `UPDATE sessions SET proved_at = clock_timestamp(), wrong_proofs = 0 WHERE id = $1 AND ${LIVE} RETURNING ${DEVICE}`,
      [id],
    );
    return rows[0]?.device ?? null;
  }

  /** Counts a wrong PIN, the last of which ends the session. @returns the label of its device when it has, else null */
  async countWrongProof(tx: EntityManager, id: string, limit: number): Promise<string | null> {
    const [rows] = await tx.query<[(OfDevice & { ended: boolean })[], number]>(
      `UPDATE sessions
          SET wrong_proofs = least(wrong_proofs + 1, 32767),
              ended_at = CASE WHEN wrong_proofs + 1 >= $2 THEN clock_timestamp() END
        WHERE id = $1 AND ${LIVE} RETURNING ended_at IS NOT NULL AS ended, ${DEVICE}`,
      [id, limit],
    );
    return rows[0]?.ended ? rows[0].device : null;
  }

  /** Removes what ended, or ran out, so long ago. @returns how many */
  async deleteOver(keepDays: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM sessions WHERE id IN
         (SELECT id FROM sessions
           WHERE coalesce(ended_at, least(idle_expires_at, expires_at)) < clock_timestamp() - make_interval(days => $1)
             FOR UPDATE SKIP LOCKED)`,
      [keepDays],
    );
    return count;
  }

  /** Forgets from where sessions were opened so long ago. @returns of how many */
  async forgetAddresses(keepDays: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `UPDATE sessions SET ip = NULL WHERE id IN
         (SELECT id FROM sessions WHERE ip IS NOT NULL AND created_at < clock_timestamp() - make_interval(days => $1)
             FOR UPDATE SKIP LOCKED)`,
      [keepDays],
    );
    return count;
  }

  private async end(tx: EntityManager, which: string, values: readonly string[]): Promise<string[]> {
    const [rows] = await tx.query<[OfDevice[], number]>(
      `UPDATE sessions SET ended_at = clock_timestamp() WHERE ${which} AND ${LIVE} RETURNING ${DEVICE}`,
      [...values],
    );
    return rows.map(({ device }) => device);
  }
}
