import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../platform/config/app-config';
import type { Principal } from '../../platform/http/principal';
import { noSession } from '../../platform/http/http.errors';
import { MailQueue } from '../../platform/mail/mail-queue.service';
import { SecurityLog } from '../../users/events/security-log.service';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import { ChallengesRepository } from '../pin/challenges.repository';
import { PinGuessesService } from '../pin/pin-guesses.service';
import type { Challenge } from '../pin/new-challenges';
import { PinRequestsService } from '../pin/pin-requests.service';
import { StepUpCodesRepository } from '../pin/step-up/step-up-codes.repository';
import { SessionsRepository } from '../sessions/sessions.repository';
import { emailChangedMail } from './email-change-mail';

/** A PIN from the new mailbox, and where it came from. */
export interface EmailConfirmation {
  readonly challengeId: string;
  readonly pin: string;
  readonly ip: string;
}

/** An account moves to another address, which has to be proved; the old one is told. */
@Injectable()
export class EmailChangeService {
  constructor(
    private readonly config: AppConfig,
    private readonly requests: PinRequestsService,
    private readonly guesses: PinGuessesService,
    private readonly challenges: ChallengesRepository,
    private readonly codes: StepUpCodesRepository,
    private readonly sessions: SessionsRepository,
    private readonly users: UsersService,
    private readonly log: SecurityLog,
    private readonly mails: MailQueue,
  ) {}

  /**
   * The answer is the same for an address that another account has.
   * @throws {AppError} `REQUEST.INVALID`, `REQUEST.TOO_MANY`
   */
  async request(principal: Principal, to: { email: string; ip: string }): Promise<Challenge> {
    return this.requests.requestEmailChange(principal, to);
  }

  /** @throws {AppError} `AUTH.PIN_REFUSED`; `USER.EMAIL_TAKEN` when somebody else has proved the address meanwhile; `AUTH.SESSION_REQUIRED` when the session has ended meanwhile; `REQUEST.TOO_MANY` */
  async confirm(principal: Principal, confirmation: EmailConfirmation): Promise<void> {
    const { userId, sessionId } = principal;
    const { ip } = confirmation;
    const old = await this.users.emailOf(userId);
    const device = await this.guesses.redeem(
      { ...confirmation, purpose: 'email-change', sessionId },
      async (tx, { email }) => {
        if (email === null) throw AuthErrors.pinRefused();
        // Locks are taken as everywhere: challenges, account, step-up code.
        await this.challenges.deletePendingOf(tx, userId);
        const current = await this.users.lock(tx, userId);
        // Whoever throws an intruder out in this moment is either too late or just in time, and nothing in between.
        const label = await this.sessions.deviceOf(tx, sessionId);
        if (label === null || current === null) throw noSession();
        await this.users.changeEmail(tx, userId, email);
        // What is in the old mailbox opens nothing any more.
        await this.codes.delete(tx, current);
        await this.log.record({ userId, kind: 'email.changed', ip, device: label }, tx);
        return label;
      },
    );
    const { publicUrl } = this.config;
    this.mails.post(() => emailChangedMail({ to: old, device, ip, at: new Date(), publicUrl }), {
      mail: 'email changed',
    });
  }
}
