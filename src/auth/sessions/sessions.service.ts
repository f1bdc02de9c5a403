import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';
import { AppConfig } from '../../platform/config/app-config';
import { hashToken, parseToken } from '../../platform/crypto/tokens';
import { noSession } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { LOGGER } from '../../platform/logging/logging.module';
import { SecurityLog } from '../../users/events/security-log.service';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import type { SessionEntity } from './session.entity';
import { type LiveSession, SessionsRepository } from './sessions.repository';

/** How often the sessions of running transfers are looked at. */
const KEEP_ALIVE_MS = 30_000;

type Owner = Pick<Principal, 'userId'>;

/** Where the wish came from; null from whoever runs the vault. */
interface From {
  readonly ip: string | null;
}

/** Resolved for every request, listed, revoked at any time. Who opens them: {@link SignInService}. */
@Injectable()
export class SessionsService implements OnModuleInit, OnApplicationShutdown {
  /** How many requests each session has running. */
  private readonly running = new Map<string, number>();
  private keepingAlive?: NodeJS.Timeout;
  /** Sessions that are just being written down as seen. */
  private readonly touching = new Map<string, Promise<void>>();

  constructor(
    private readonly config: AppConfig,
    private readonly dataSource: DataSource,
    private readonly sessions: SessionsRepository,
    private readonly users: UsersService,
    private readonly log: SecurityLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The live session of a token, or null when there is none. */
  async find(text: string): Promise<(LiveSession & { readonly token: Buffer }) | null> {
    const token = parseToken('pvs', text);
    if (!token) return null;
    const session = await this.sessions.findLiveByTokenHash(hashToken(token), this.config.get('SESSION_FRESH_SECONDS'));
    return session && { ...session, token };
  }

  /**
   * For what takes longer than a request usually does.
   * @throws {AppError} `AUTH.SESSION_REQUIRED` when the session is over
   */
  async confirm({ sessionId }: Principal): Promise<void> {
    if (!(await this.sessions.isLive(sessionId))) throw noSession();
  }

  onModuleInit(): void {
    this.keepingAlive = setInterval(
      () => [...this.running.keys()].forEach((id) => this.touch(id)),
      KEEP_ALIVE_MS,
    ).unref();
  }

  /**
   * Sees to it that a session's use is written down, once a minute, and goes on being written down while a transfer takes its time. Nobody
   * waits for it; whatever goes wrong is logged.
   * @param response emits `close` when the request is over, however it ended
   */
  noteUse({ id, stale }: LiveSession, response: Pick<ServerResponse, 'once' | 'closed'>): void {
    if (stale) this.touch(id);
    if (response.closed) return;
    this.running.set(id, (this.running.get(id) ?? 0) + 1);
    response.once('close', () => {
      const others = (this.running.get(id) ?? 1) - 1;
      if (others > 0) this.running.set(id, others);
      else this.running.delete(id);
    });
  }

  /** Before the database is closed. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.keepingAlive);
    await Promise.all(this.touching.values());
  }

  async list(principal: Owner): Promise<SessionEntity[]> {
    return this.sessions.findLiveOwned(principal.userId);
  }

  /** @throws {AppError} `SESSION.NOT_FOUND` */
  async revoke(principal: Owner, id: string, from: From): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const device = await this.sessions.endOwned(tx, principal.userId, id);
      if (device === null) throw AuthErrors.sessionNotFound();
      await this.noteEnded(tx, principal, [device], from);
    });
  }

  /** Signs out everywhere else: also what another device is signing in to at this moment, unless it comes later. */
  async revokeOthers(principal: Principal, from: { ip: string }): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await this.users.lock(tx, principal.userId);
      const devices = await this.sessions.endOthersOwned(tx, principal.userId, principal.sessionId);
      await this.noteEnded(tx, principal, devices, from);
    });
  }

  /** Ends every session of an account, for whoever runs the vault. The caller has locked the account. @returns how many there were */
  async revokeAll(tx: EntityManager, userId: string): Promise<number> {
    const devices = await this.sessions.endAllOwned(tx, userId);
    await this.noteEnded(tx, { userId }, devices, { ip: null });
    return devices.length;
  }

  /** Ends what was opened from a trusted device. The caller has locked the account. */
  async revokeOfDevice(tx: EntityManager, principal: Principal, deviceId: string, from: { ip: string }): Promise<void> {
    const devices = await this.sessions.endOfDeviceOwned(tx, principal.userId, deviceId);
    await this.noteEnded(tx, principal, devices, from);
  }

  private async noteEnded(
    tx: EntityManager,
    { userId }: Owner,
    devices: readonly string[],
    { ip }: From,
  ): Promise<void> {
    for (const device of devices) await this.log.record({ userId, kind: 'session.ended', ip, device }, tx);
  }

  private touch(id: string): void {
    if (this.touching.has(id)) return;
    const touch = this.sessions
      .touch(id)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'the use of a session could not be written down'))
      .finally(() => this.touching.delete(id));
    this.touching.set(id, touch);
  }
}
