import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { hashToken, newToken, parseToken } from '../../platform/crypto/tokens';
import type { Principal } from '../../platform/http/principal';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import { PinService } from '../pin/pin.service';
import type { SessionEntity } from './session.entity';
import { SessionsRepository } from './sessions.repository';

/** A right PIN, and the device that it came from. */
export interface SignIn {
  readonly challengeId: string;
  readonly deviceId: string;
  readonly pin: string;
  readonly deviceName?: string;
  readonly ip?: string;
  readonly userAgent?: string;
}

/** The one time that a session's token is known to anybody but its holder. */
export interface IssuedSession {
  readonly token: string;
  readonly principal: Principal;
  readonly expiresAt: Date;
  readonly idleExpiresAt: Date;
}

/** Longest user agent that is kept; some browsers write novels. */
const USER_AGENT_LENGTH = 256;

/** Issued for a PIN, resolved for every request, revoked at any time. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly config: AppConfig,
    private readonly dataSource: DataSource,
    private readonly sessions: SessionsRepository,
    private readonly pins: PinService,
    private readonly users: UsersService,
  ) {}

  /**
   * Trades a PIN for a session, and makes the account when the address has none. The PIN's use and the session are one transaction.
   * @throws {AppError} `AUTH.PIN_REFUSED`, whatever the reason
   */
  async signIn(signIn: SignIn): Promise<IssuedSession> {
    const issued = await this.dataSource.transaction(async (tx) => {
      const proven = await this.pins.consume(tx, signIn);
      if (!proven) return null;
      const userId = 'userId' in proven ? proven.userId : await this.users.ensure(tx, proven.email);
      return this.issue(tx, userId, signIn);
    });
    // Thrown out here, so that a wrong guess is committed and counts.
    if (!issued) throw AuthErrors.pinRefused();
    return issued;
  }

  /** Whom a bearer token stands for, or null when there is no live session behind it. */
  async resolve(token: string): Promise<Principal | null> {
    const raw = parseToken('pvs', token);
    if (!raw) return null;
    const session = await this.sessions.findLiveByTokenHash(hashToken(raw));
    if (!session) return null;
    if (session.stale) await this.sessions.touch(session.id, this.config.get('SESSION_IDLE_SECONDS'));
    return { userId: session.userId, sessionId: session.id };
  }

  async list(principal: Principal): Promise<SessionEntity[]> {
    return this.sessions.findLiveOwned(principal.userId);
  }

  /** @throws {AppError} `SESSION.NOT_FOUND` */
  async revoke(principal: Principal, id: string): Promise<void> {
    if (!(await this.sessions.endOwned(principal.userId, id))) throw AuthErrors.sessionNotFound();
  }

  async revokeOthers(principal: Principal): Promise<void> {
    await this.sessions.endOthersOwned(principal.userId, principal.sessionId);
  }

  private async issue(tx: EntityManager, userId: string, from: SignIn): Promise<IssuedSession> {
    const { text, raw } = newToken('pvs');
    const id = uuidv7();
    const { expiresAt, idleExpiresAt } = await this.sessions.insert(
      tx,
      {
        id,
        userId,
        tokenHash: hashToken(raw),
        deviceId: from.deviceId,
        deviceName: from.deviceName ?? null,
        ip: from.ip ?? null,
        userAgent: from.userAgent?.slice(0, USER_AGENT_LENGTH) ?? null,
      },
      { idle: this.config.get('SESSION_IDLE_SECONDS'), absolute: this.config.get('SESSION_ABSOLUTE_SECONDS') },
    );
    return { token: text, principal: { userId, sessionId: id }, expiresAt, idleExpiresAt };
  }
}
