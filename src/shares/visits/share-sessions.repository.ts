import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../../platform/database/prepared-statements';
import type { ShareEntity } from '../share.entity';
import { LIVE } from '../shares.repository';
import { ShareSessionEntity } from './share-session.entity';

/** A live visit with what it takes to open its share. */
export interface LiveVisit extends Pick<
  ShareEntity,
  'id' | 'ownerId' | 'folderId' | 'fkVersion' | 'fkWrapped' | 'includeOriginals' | 'expiresAt'
> {
  readonly sessionId: string;
  readonly keySealed: Buffer;
  readonly sessionExpiresAt: Date;
}

/** Every request of a visitor begins with this one: it sees a share that has ended, or a folder with another key, at once. */
const FIND_LIVE: PreparedStatement = {
  name: 'share_sessions_find_live',
  text: `SELECT s.id, s.owner_id AS "ownerId", s.folder_id AS "folderId", s.fk_version AS "fkVersion", s.fk_wrapped AS "fkWrapped",
                s.include_originals AS "includeOriginals", s.expires_at AS "expiresAt",
                v.id AS "sessionId", v.key_sealed AS "keySealed", v.expires_at AS "sessionExpiresAt"
           FROM share_sessions v JOIN shares s ON s.id = v.share_id
          WHERE v.token_hash = $1 AND v.share_id = $2 AND v.expires_at > clock_timestamp() AND ${LIVE}`,
};

/** Share sessions; time is the database's. */
@Injectable()
export class ShareSessionsRepository {
  constructor(
    @InjectRepository(ShareSessionEntity) private readonly rows: Repository<ShareSessionEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  /** When a session would end that begins now: on a whole second, and never after its share. */
  async endOf(tx: EntityManager, shareEnds: Date, seconds: number): Promise<Date> {
    const [row] = await tx.query<[{ end: Date }]>(
      `SELECT least($1::timestamptz, date_trunc('second', clock_timestamp() + make_interval(secs => $2))) AS "end"`,
      [shareEnds, seconds],
    );
    return row.end;
  }

  async insert(tx: EntityManager, session: ShareSessionEntity): Promise<void> {
    const { id, shareId, tokenHash, keySealed, expiresAt } = session;
    await tx.query(
      'INSERT INTO share_sessions (id, share_id, token_hash, key_sealed, expires_at) VALUES ($1, $2, $3, $4, $5)',
      [id, shareId, tokenHash, keySealed, expiresAt],
    );
  }

  async findLive(shareId: string, tokenHash: Buffer): Promise<LiveVisit | null> {
    return (await this.statements.run<LiveVisit>(FIND_LIVE, [tokenHash, shareId]))[0] ?? null;
  }

  async isLive(shareId: string, id: string): Promise<boolean> {
    const rows = await this.rows.query<unknown[]>(
      `SELECT FROM share_sessions v JOIN shares s ON s.id = v.share_id
        WHERE v.id = $1 AND v.share_id = $2 AND v.expires_at > clock_timestamp() AND ${LIVE}`,
      [id, shareId],
    );
    return rows.length > 0;
  }

  /** @returns how many */
  async deleteExpired(): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM share_sessions WHERE id IN
         (SELECT id FROM share_sessions WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)`,
    );
    return count;
  }
}
