import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { AppConfig } from '../config/app-config';
import { LOGGER } from '../logging/logging.module';

/** How long Redis may take to answer, in milliseconds: one that hangs must not hang the vault. */
const ANSWER_MS = 500;
const CONNECT_MS = 2000;
/** Between two attempts to reach a Redis that is away, in milliseconds. */
const RETRY_MS = 1000;
const PROBE = 'pv:probe';

/**
 * The connection to Redis, which may be away at any time: whoever uses it goes on without. Says once that Redis has gone and once that it
 * is back, however many commands fail meanwhile.
 */
@Injectable()
export class RedisConnection implements OnModuleInit, OnApplicationShutdown {
  /** Its commands fail at once while Redis is away. Null without `REDIS_URL`. */
  readonly client: Redis | null;
  private state: 'new' | 'up' | 'away' | 'closed' = 'new';

  constructor(
    config: AppConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const url = config.get('REDIS_URL');
    this.client = url === undefined ? null : this.create(url);
  }

  /** Whether a command is worth the try. */
  get isUp(): boolean {
    return this.state === 'up';
  }

  /** A command has failed: Redis is away until a new connection has proved itself, and nobody else waits for it until then. */
  failed(error: unknown): void {
    if (this.state !== 'up') return;
    this.isAway(error);
    this.client?.disconnect(true);
  }

  /** Does not wait: a vault starts without its Redis. */
  onModuleInit(): void {
    this.client?.connect().catch((error: unknown) => this.isAway(error));
  }

  onApplicationShutdown(): void {
    this.state = 'closed';
    this.client?.disconnect();
  }

  private create(url: string): Redis {
    const client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      commandTimeout: ANSWER_MS,
      disconnectTimeout: ANSWER_MS,
      retryStrategy: () => RETRY_MS,
      // What was asked of a broken connection has been decided without it by the time there is another.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
    });
    client.on('ready', () => void this.prove(client));
    client.on('error', (error) => this.isAway(error));
    client.on('close', () => this.isAway(new Error('the connection was closed')));
    return client;
  }

  /** Only a write shows that it can be used: a replica or a full Redis answers everything else. */
  private async prove(client: Redis): Promise<void> {
    try {
      await client.set(PROBE, '', 'EX', 60);
      this.isBack();
    } catch (error) {
      this.isAway(error);
      client.disconnect(true);
    }
  }

  private isAway(error: unknown): void {
    if (this.state === 'away' || this.state === 'closed') return;
    this.state = 'away';
    const { message, code } = error as NodeJS.ErrnoException;
    this.logger.warn({ reason: message || code }, 'Redis is away: each process counts request rates for itself');
  }

  private isBack(): void {
    if (this.state === 'closed') return;
    const said =
      this.state === 'away'
        ? 'Redis is back: request rates are shared again'
        : 'request rates are shared through Redis';
    this.state = 'up';
    this.logger.info(said);
  }
}
