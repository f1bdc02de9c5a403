import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import type { Position } from '../../platform/http/cursor';
import { ShareOpeningEntity } from './share-opening.entity';

type NewOpening = Pick<ShareOpeningEntity, 'id' | 'shareId' | 'network' | 'agent'>;

/** The ledger of who has opened which share; time is the database's. */
@Injectable()
export class ShareOpeningsRepository {
  constructor(@InjectRepository(ShareOpeningEntity) private readonly rows: Repository<ShareOpeningEntity>) {}

  async insert(tx: EntityManager, { id, shareId, network, agent }: NewOpening): Promise<void> {
    await tx.query(
      `INSERT INTO share_openings (id, share_id, network, agent, opened_at) VALUES ($1, $2, $3, $4, clock_timestamp())`,
      [id, shareId, network, agent],
    );
  }

  /** A page of the openings of an owner's share, the newest first. */
  async findPageOwned(
    ownerId: string,
    shareId: string,
    limit: number,
    after?: Position,
  ): Promise<ShareOpeningEntity[]> {
    return this.rows.query<ShareOpeningEntity[]>(
      `SELECT o.id, o.share_id AS "shareId", o.network, o.agent, o.files_fetched AS "filesFetched", o.opened_at AS "openedAt"
         FROM share_openings o JOIN shares s ON s.id = o.share_id
        WHERE s.owner_id = $1 AND s.id = $2 AND ($4::timestamptz IS NULL OR (o.opened_at, o.id) < ($4, $5))
        ORDER BY o.opened_at DESC, o.id DESC LIMIT $3`,
      [ownerId, shareId, limit, after?.at ?? null, after?.id ?? null],
    );
  }

  /** Counts downloads that came to their end. */
  async addFetched(id: string, files: number): Promise<void> {
    await this.rows.query('UPDATE share_openings SET files_fetched = files_fetched + $2 WHERE id = $1', [id, files]);
  }

  /** @returns how many */
  async deleteOlderThan(days: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      'DELETE FROM share_openings WHERE opened_at < clock_timestamp() - make_interval(days => $1)',
      [days],
    );
    return count;
  }
}
