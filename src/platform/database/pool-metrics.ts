import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics';
import { PreparedStatements } from './prepared-statements';

/** How many connections to the database there are, and how many requests wait for one: the first thing that runs out. */
@Injectable()
export class PoolMetrics {
  constructor(metrics: Metrics, { pool }: PreparedStatements) {
    const gauge = (what: string, help: string, read: () => number): void => {
      metrics.gauge({ name: `photovault_database_${what}`, help }, read);
    };
    gauge('connections_max', 'Connections to the database that this process may hold.', () => pool.options.max);
    gauge('connections_open', 'Connections to the database that it holds.', () => pool.totalCount);
    gauge('connections_idle', 'Of these, how many nobody uses.', () => pool.idleCount);
    gauge('connections_waiting', 'Statements and transactions that wait for a connection.', () => pool.waitingCount);
  }
}
