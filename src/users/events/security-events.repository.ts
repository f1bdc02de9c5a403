import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../../platform/database/prepared-statements';
import type { Position } from '../../platform/http/cursor';
import { SecurityEventEntity } from './security-event.entity';

type NewEvent = Omit<SecurityEventEntity, 'createdAt'>;

/** The newest first; the page after a position begins in the index where that position is. */
const page = (name: string, after: string): PreparedStatement => ({
  name,
  text: `SELECT id, user_id AS "userId", kind, ip, device, created_at AS "createdAt" FROM security_events
          WHERE user_id = $1 ${after} ORDER BY created_at DESC, id DESC LIMIT $2`,
});
const FIRST_PAGE = page('security_events_page', '');
const PAGE_AFTER = page('security_events_page_after', 'AND (created_at, id) < ($3, $4)');

/** Security events; time is always the database's, and the owner is in every statement that is not about all of them. */
@Injectable()
export class SecurityEventsRepository {
  constructor(
    @InjectRepository(SecurityEventEntity) private readonly rows: Repository<SecurityEventEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  /** @returns when it happened */
  async insert(event: NewEvent, tx: EntityManager = this.rows.manager): Promise<Date> {
    const rows = await tx.query<[Pick<SecurityEventEntity, 'createdAt'>]>(
      `INSERT INTO security_events (id, user_id, kind, ip, device, created_at)
       VALUES ($1, $2, $3, $4, $5, clock_timestamp()) RETURNING created_at AS "createdAt"`,
      [event.id, event.userId, event.kind, event.ip, event.device],
    );
    return rows[0].createdAt;
  }

  /** A page of an owner's events by keyset: a deep page costs what the first one does. */
  async findPage(ownerId: string, limit: number, after?: Position): Promise<SecurityEventEntity[]> {
    return after
      ? this.statements.run(PAGE_AFTER, [ownerId, limit, after.at, after.id])
      : this.statements.run(FIRST_PAGE, [ownerId, limit]);
  }

  /** @returns how many there were */
  async deleteOlderThan(days: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      'DELETE FROM security_events WHERE created_at < clock_timestamp() - make_interval(days => $1)',
      [days],
    );
    return count;
  }

  /** @returns from how many events an address was removed */
  async forgetAddressesOlderThan(days: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      'UPDATE security_events SET ip = NULL WHERE ip IS NOT NULL AND created_at < clock_timestamp() - make_interval(days => $1)',
      [days],
    );
    return count;
  }
}
