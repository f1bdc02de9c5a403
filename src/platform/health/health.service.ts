import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { BlobStore } from '../blobs/blob-store';
import { PreparedStatements } from '../database/prepared-statements';
import { ServerErrors } from '../http/http.errors';
import { LOGGER } from '../logging/logging.module';
import { RedisConnection } from '../redis/redis-connection';
import { Probe } from './probe';

/** How long each part may take to answer, in milliseconds: less than load balancers usually wait. */
const PATIENCE_MS = 3000;
/** A connection that does not answer is given up and closed before the next look. */
const PING = { name: 'health_ping', text: 'SELECT 1', query_timeout: 2 * PATIENCE_MS };

/** What the vault does without for a while. */
export type OptionalPart = 'redis';

/** Whether this process can serve. */
@Injectable()
export class HealthService {
  private readonly needed: Readonly<Record<'database' | 'blobs', Probe>>;
  private shuttingDown = false;
  /** What was away at the last look, so that the log has a line for each change and not for each look. */
  private wasAway = '';

  constructor(
    statements: PreparedStatements,
    store: BlobStore,
    private readonly redis: RedisConnection,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.needed = {
      database: new Probe(() => statements.run(PING, []), PATIENCE_MS),
      blobs: new Probe(() => store.check(), PATIENCE_MS),
    };
  }

  /**
   * @returns what is away and can be done without
   * @throws {AppError} `SERVER.NOT_READY` that names everything that is away and needed
   */
  async check(): Promise<readonly OptionalPart[]> {
    if (this.shuttingDown) throw ServerErrors.notReady({ detail: 'shutting_down' });
    const looks = Object.entries(this.needed).map(async ([part, probe]) => {
      const error = await probe.check().then(
        () => null,
        (thrown: unknown) => ({ thrown }),
      );
      return { part, error };
    });
    const away = (await Promise.all(looks)).filter(({ error }) => error !== null);
    const parts = away.map(({ part }) => part).join(', ');
    this.note(parts, away[0]?.error?.thrown);
    if (parts !== '') throw ServerErrors.notReady({ detail: parts, cause: away[0]?.error?.thrown });
    return this.redis.client !== null && !this.redis.isUp ? ['redis'] : [];
  }

  /** From here on nothing new should be sent here. */
  beginShutdown(): void {
    this.shuttingDown = true;
  }

  private note(away: string, err: unknown): void {
    if (away === this.wasAway) return;
    this.wasAway = away;
    if (away === '') this.logger.info('ready again');
    else this.logger.warn({ away, err }, 'not ready');
  }
}
