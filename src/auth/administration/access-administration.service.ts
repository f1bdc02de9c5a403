import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../../platform/config/app-config';
import { LOGGER } from '../../platform/logging/logging.module';
import { MailError } from '../../platform/mail/mail-error';
import { Mailer } from '../../platform/mail/mailer';
import { SecurityLog } from '../../users/events/security-log.service';
import { UserErrors } from '../../users/users.errors';
import { UsersService } from '../../users/users.service';
import { TrustedDevicesRepository } from '../devices/trusted-devices.repository';
import { emailMovedMail } from '../email-change/email-change-mail';
import { ChallengesRepository } from '../pin/challenges.repository';
import { PinTransactions } from '../pin/pin-transactions';
import { StepUpCodesRepository } from '../pin/step-up/step-up-codes.repository';
import { SessionsService } from '../sessions/sessions.service';

/** What is over for somebody who was signed in. */
export interface EndedAccess {
  readonly id: string;
  /** How many sessions ended. */
  readonly sessions: number;
  /** How many devices are trusted no longer. */
  readonly devices: number;
}

/** A live session as whoever runs the vault sees it. */
export interface ListedSession {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceName: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  /** Whether it was opened from a trusted device. */
  readonly trusted: boolean;
}

/** An account that its transaction holds. */
interface HeldAccount {
  readonly id: string;
  readonly emailBidx: Buffer;
}

/**
 * What whoever runs the vault may do about who gets in. For the `vault` command: no route of the API is for administrators. Servers ask the
 * database at every request, so what ends here has ended in all of them.
 */
@Injectable()
export class AccessAdministration {
  constructor(
    private readonly config: AppConfig,
    private readonly transactions: PinTransactions,
    private readonly users: UsersService,
    private readonly challenges: ChallengesRepository,
    private readonly codes: StepUpCodesRepository,
    private readonly devices: TrustedDevicesRepository,
    private readonly sessions: SessionsService,
    private readonly log: SecurityLog,
    private readonly mailer: Mailer,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Moves an account to another address, for somebody who has lost the mailbox. Whoever has it now may be signed in: all sessions and
   * trusted devices end, and what was mailed to the old address is worth nothing. Only that address is told, because nothing proves the new one.
   * @param email normalised, and so is `to`
   * @returns also whether a mail server has taken the mail to the old address
   * @throws {AppError} `USER.NOT_FOUND`, `USER.EMAIL_TAKEN`
   */
  async setEmail(email: string, to: string): Promise<EndedAccess & { readonly told: boolean }> {
    const ended = await this.transactions.run(async (tx) => {
      const { id, emailBidx } = await this.hold(tx, email);
      const sessions = await this.sessions.revokeAll(tx, id);
      const devices = await this.removeDevices(tx, id);
      await this.users.changeEmail(tx, id, to);
      await this.codes.delete(tx, emailBidx);
      await this.log.record({ userId: id, kind: 'email.changed', device: 'vault users set-email' }, tx);
      return { id, sessions, devices };
    });
    return { ...ended, told: await this.tell(email) };
  }

  /**
   * Shuts an account: nobody signs in to it, its sessions are over, its shares open for nobody. Everything that it stores stays.
   * @param email normalised
   * @returns also whether this call has done it, or it was so already
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async disable(email: string): Promise<{ id: string; sessions: number; changed: boolean }> {
    return this.transactions.run(async (tx) => {
      const { id, emailBidx } = await this.hold(tx, email);
      const changed = await this.users.setDisabled(tx, id, true);
      const sessions = await this.sessions.revokeAll(tx, id);
      await this.codes.delete(tx, emailBidx);
      if (changed) await this.log.record({ userId: id, kind: 'account.disabled', device: 'vault users disable' }, tx);
      return { id, sessions, changed };
    });
  }

  /**
   * The way back: everything is as it was, but for sessions, and PINs that were asked for meanwhile.
   * @param email normalised
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async enable(email: string): Promise<{ id: string; changed: boolean }> {
    return this.transactions.run(async (tx) => {
      const { id } = await this.hold(tx, email);
      const changed = await this.users.setDisabled(tx, id, false);
      if (changed) await this.log.record({ userId: id, kind: 'account.enabled', device: 'vault users enable' }, tx);
      return { id, changed };
    });
  }

  /**
   * The live sessions of an account, the last used one first.
   * @param email normalised
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async listSessions(email: string): Promise<ListedSession[]> {
    const listed = await this.sessions.list({ userId: await this.idOf(email) });
    return listed.map((session) => {
      const { id, deviceId, deviceName, ip, userAgent, createdAt, lastSeenAt, expiresAt, trustedDeviceId } = session;
      const trusted = trustedDeviceId !== null;
      return { id, deviceId, deviceName, ip, userAgent, createdAt, lastSeenAt, expiresAt, trusted };
    });
  }

  /**
   * Ends the sessions of an account, PINs that are under way, and on wish its trust in devices.
   * @param email normalised
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async revokeSessions(email: string, { devices }: { devices: boolean }): Promise<EndedAccess> {
    return this.transactions.run(async (tx) => {
      const { id } = await this.hold(tx, email);
      const sessions = await this.sessions.revokeAll(tx, id);
      return { id, sessions, devices: devices ? await this.removeDevices(tx, id) : 0 };
    });
  }

  /**
   * Ends one session.
   * @param email normalised
   * @throws {AppError} `USER.NOT_FOUND`; `SESSION.NOT_FOUND` also for one of somebody else
   */
  async revokeSession(email: string, sessionId: string): Promise<EndedAccess> {
    const id = await this.idOf(email);
    await this.sessions.revoke({ userId: id }, sessionId, { ip: null });
    return { id, sessions: 1, devices: 0 };
  }

  /**
   * Keeps every sign-in to an account, and every change of its address, waiting until the transaction ends; PINs that are under way are
   * worth nothing any more. Locks are taken as everywhere: challenges, account, step-up code.
   * @throws {AppError} `USER.NOT_FOUND`, also when the address has just become another one
   */
  private async hold(tx: EntityManager, email: string): Promise<HeldAccount> {
    const emailBidx = this.users.emailIndex(email);
    const id = await this.idOf(email, tx);
    await this.challenges.deletePendingOf(tx, id);
    if (!(await this.users.lock(tx, id))?.equals(emailBidx)) throw UserErrors.notFound();
    return { id, emailBidx };
  }

  private async idOf(email: string, tx?: EntityManager): Promise<string> {
    const id = await this.users.findIdByEmailIndex(this.users.emailIndex(email), tx);
    if (id === null) throw UserErrors.notFound();
    return id;
  }

  private async removeDevices(tx: EntityManager, userId: string): Promise<number> {
    const devices = await this.devices.removeAllOwned(tx, userId);
    for (const device of devices) await this.log.record({ userId, kind: 'device.removed', device }, tx);
    return devices.length;
  }

  /** At once and not by the queue: whoever has moved the account wants to hear whether its old address knows. */
  private async tell(to: string): Promise<boolean> {
    try {
      await this.mailer.send(emailMovedMail({ to, at: new Date(), publicUrl: this.config.publicUrl }));
      return this.config.get('SMTP_URL') !== undefined;
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      this.logger.warn({ codes: error.codes }, `${error.message}: the old address does not know`);
      return false;
    }
  }
}
