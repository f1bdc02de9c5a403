import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../../platform/database/prepared-statements';
import { SessionEntity } from './session.entity';

const LIVE = 'ended_at IS NULL AND idle_expires_at > clock_timestamp() AND expires_at > clock_timestamp()';

/** Every authenticated request begins with this one. */
const FIND_LIVE: PreparedStatement = {
  name: 'sessions_find_live',
  text: `SELECT id, user_id AS "userId", last_seen_at < clock_timestamp() - interval '1 minute' AS stale
           FROM sessions WHERE token_hash = $1 AND ${LIVE}`,
};

/** A session as the guard needs it. */
export interface LiveSession {
  readonly id: string;
  readonly userId: string;
  /** Not written down as seen for a minute. */
  readonly stale: boolean;
}

type NewSession = Pick<SessionEntity, 'id' | 'userId' | 'tokenHash' | 'deviceId' | 'deviceName' | 'ip' | 'userAgent'>;

/** Sessions; every expiry is by the database's clock. */
@Injectable()
export class SessionsRepository {
  constructor(
    @InjectRepository(SessionEntity) private readonly rows: Repository<SessionEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  async insert(
    tx: EntityManager,
    session: NewSession,
    seconds: { idle: number; absolute: number },
  ): Promise<Pick<SessionEntity, 'expiresAt' | 'idleExpiresAt'>> {
    const inFuture = (after: number) => () => `now() + make_interval(secs => ${Number(after)})`;
    await tx.insert(SessionEntity, {
      ...session,
      idleExpiresAt: inFuture(seconds.idle),
      expiresAt: inFuture(seconds.absolute),
    });
    return tx.findOneOrFail(SessionEntity, {
      select: { expiresAt: true, idleExpiresAt: true },
      where: { id: session.id },
    });
  }

  async findLiveByTokenHash(tokenHash: Buffer): Promise<LiveSession | null> {
    const [session] = await this.statements.run<LiveSession>(FIND_LIVE, [tokenHash]);
    return session ?? null;
  }

  /** Writes down that a session was used, and moves its idle end. */
  async touch(id: string, idleSeconds: number): Promise<void> {
    await this.rows.query(
      `UPDATE sessions SET last_seen_at = clock_timestamp(), idle_expires_at = clock_timestamp() + make_interval(secs => $2)
        WHERE id = $1 AND ${LIVE}`,
      [id, idleSeconds],
    );
  }

  async findLiveOwned(ownerId: string): Promise<SessionEntity[]> {
    return this.rows
      .createQueryBuilder('session')
      .where('session.userId = :ownerId', { ownerId })
      .andWhere(LIVE)
      .orderBy('session.lastSeenAt', 'DESC')
      .getMany();
  }

  /** @returns false when there is no such live session of this owner */
  async endOwned(ownerId: string, id: string): Promise<boolean> {
    const result = await this.rows
      .createQueryBuilder()
      .update()
      .set({ endedAt: () => 'clock_timestamp()' })
      .where('id = :id AND user_id = :ownerId', { id, ownerId })
      .andWhere(LIVE)
      .execute();
    return result.affected === 1;
  }

  async endOthersOwned(ownerId: string, exceptId: string): Promise<void> {
    await this.rows
      .createQueryBuilder()
      .update()
      .set({ endedAt: () => 'clock_timestamp()' })
      .where('user_id = :ownerId AND id <> :exceptId AND ended_at IS NULL', { ownerId, exceptId })
      .execute();
  }
}
