import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { hashToken, newToken } from '../../platform/crypto/tokens';
import { clientNetwork } from '../../platform/http/client-network';
import type { Principal } from '../../platform/http/principal';
import { SecurityLog } from '../../users/events/security-log.service';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import { type SignedInDevice, TrustedDevicesService } from '../devices/trusted-devices.service';
import { PinGuessesService, type Proven } from '../pin/pin-guesses.service';
import { SessionsRepository } from './sessions.repository';

/** A PIN, and the device that it came from. */
export interface SignIn {
  readonly challengeId: string;
  readonly deviceId: string;
  readonly pin: string;
  readonly deviceName?: string;
  /** The device is to be trusted from now on, and its session lasts longer. */
  readonly remember?: boolean;
  readonly ip: string;
  readonly userAgent?: string;
}

/** The one time that a session's tokens are known to anybody but their holder. */
export interface IssuedSession {
  readonly token: string;
  /** Only of a device that is to be remembered. */
  readonly deviceToken?: string;
  readonly principal: Principal;
  readonly expiresAt: Date;
  readonly idleExpiresAt: Date;
}

/** Longest user agent that is kept; some browsers write novels. */
const USER_AGENT_LENGTH = 256;

/** A right PIN opens a session. */
@Injectable()
export class SignInService {
  constructor(
    private readonly config: AppConfig,
    private readonly sessions: SessionsRepository,
    private readonly devices: TrustedDevicesService,
    private readonly guesses: PinGuessesService,
    private readonly users: UsersService,
    private readonly log: SecurityLog,
  ) {}

  /**
   * Trades a PIN for a session, and makes the account when the address has none. The PIN's use and the session are one transaction.
   * @throws {AppError} `AUTH.PIN_REFUSED`, whatever the reason; `REQUEST.TOO_MANY`
   */
  async signIn(signIn: SignIn): Promise<IssuedSession> {
    const { challengeId, pin, ip, deviceId } = signIn;
    const { issued, isNewDevice } = await this.guesses.redeem(
      { challengeId, pin, ip, deviceId, purpose: 'sign-in' },
      (tx, who) => this.open(tx, who, signIn),
    );
    if (isNewDevice) this.log.alert({ userId: issued.principal.userId, kind: 'device.new', ip, device: label(signIn) });
    return issued;
  }

  /** Counting sessions and devices is exact because the account stays locked until the end. */
  private async open(
    tx: EntityManager,
    who: Proven,
    signIn: SignIn,
  ): Promise<{ issued: IssuedSession; isNewDevice: boolean }> {
    const userId = await this.accountOf(tx, who, signIn);
    const current = await this.users.lock(tx, userId);
    // Since the PIN was asked for, it may have been disabled or deleted, or have moved away from the address that was proved.
    const hasMoved = who.email !== null && !current?.equals(this.users.emailIndex(who.email));
    if (hasMoved || (await this.users.isDisabled(tx, userId))) throw AuthErrors.pinRefused();
    const isNewDevice = who.trustedDeviceId === null && (await this.isNew(tx, userId, signIn));
    const { remember = false, deviceId, deviceName = null, ip } = signIn;
    const device: SignedInDevice = { userId, deviceId, deviceName, ip, trustedId: who.trustedDeviceId };
    const remembered = remember ? await this.devices.remember(tx, device) : undefined;
    if (!remembered) await this.devices.noteUse(tx, device);

    const { text, raw } = newToken('pvs');
    const sessionId = uuidv7();
    const ends = await this.sessions.insert(
      tx,
      {
        id: sessionId,
        userId,
        tokenHash: hashToken(raw),
        deviceId,
        deviceName,
        ip,
        userAgent: signIn.userAgent?.slice(0, USER_AGENT_LENGTH) ?? null,
        trustedDeviceId: remembered?.id ?? who.trustedDeviceId,
      },
      this.lifetime(remember),
    );
    await this.sessions.endBeyond(tx, userId, this.config.get('SESSION_LIMIT'));
    await this.log.record({ userId, kind: 'session.started', ip, device: label(signIn) }, tx);
    const principal: Principal = { userId, sessionId, token: raw, device: label(signIn), fresh: true };
    return { issued: { token: text, deviceToken: remembered?.token, principal, ...ends }, isNewDevice };
  }

  private async accountOf(tx: EntityManager, { userId, email }: Proven, signIn: SignIn): Promise<string> {
    if (userId !== null) return userId;
    if (email === null) throw AuthErrors.pinRefused();
    return this.users.ensure(tx, email, (id) =>
      this.log.record({ userId: id, kind: 'account.created', ip: signIn.ip, device: label(signIn) }, tx),
    );
  }

  /** Whether no earlier session of the account had this label and came from this network, though there may have been one. */
  private async isNew(tx: EntityManager, userId: string, { deviceId, ip }: SignIn): Promise<boolean> {
    const network = clientNetwork(ip);
    const addresses = await this.sessions.addressesOf(tx, userId, deviceId);
    if (addresses.some((address) => clientNetwork(address) === network)) return false;
    return !(await this.sessions.isFirst(tx, userId, this.config.get('RETENTION_SESSION_DAYS')));
  }

  private lifetime(remember: boolean): { idle: number; absolute: number } {
    return remember
      ? {
          idle: this.config.get('SESSION_REMEMBER_IDLE_SECONDS'),
          absolute: this.config.get('SESSION_REMEMBER_ABSOLUTE_SECONDS'),
        }
      : { idle: this.config.get('SESSION_IDLE_SECONDS'), absolute: this.config.get('SESSION_ABSOLUTE_SECONDS') };
  }
}

function label({ deviceName, deviceId }: SignIn): string {
  return deviceName ?? deviceId;
}
