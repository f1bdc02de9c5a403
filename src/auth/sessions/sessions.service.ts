import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';
import { AppConfig } from '../../platform/config/app-config';
import { hashToken, parseToken } from '../../platform/crypto/tokens';
import type { Principal } from '../../platform/http/principal';
import { LOGGER } from '../../platform/logging/logging.module';
import { SecurityLog } from '../../users/events/security-log.service';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import type { SessionEntity } from './session.entity';
import { type LiveSession, SessionsRepository } from './sessions.repository';

/** Resolved for every request, listed, revoked at any time. Who opens them: {@link SignInService}. */
@Injectable()
export class SessionsService implements OnApplicationShutdown {
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

  /** Sees to it that a session's use is written down, once a minute. Nobody waits for it; whatever goes wrong is logged. */
  noteUse({ id, stale }: LiveSession): void {
    if (!stale || this.touching.has(id)) return;
    const touch = this.sessions
      .touch(id)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'the use of a session could not be written down'))
      .finally(() => this.touching.delete(id));
    this.touching.set(id, touch);
  }

  /** Before the database is closed. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.touching.values());
  }

  async list(principal: Principal): Promise<SessionEntity[]> {
    return this.sessions.findLiveOwned(principal.userId);
  }

  /** @throws {AppError} `SESSION.NOT_FOUND` */
  async revoke(principal: Principal, id: string, from: { ip: string }): Promise<void> {
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

  /** Ends what was opened from a trusted device. The caller has locked the account. */
  async revokeOfDevice(tx: EntityManager, principal: Principal, deviceId: string, from: { ip: string }): Promise<void> {
    const devices = await this.sessions.endOfDeviceOwned(tx, principal.userId, deviceId);
    await this.noteEnded(tx, principal, devices, from);
  }

  private async noteEnded(
    tx: EntityManager,
    { userId }: Principal,
    devices: readonly string[],
    { ip }: { ip: string },
  ): Promise<void> {
    for (const device of devices) await this.log.record({ userId, kind: 'session.ended', ip, device }, tx);
  }
}
