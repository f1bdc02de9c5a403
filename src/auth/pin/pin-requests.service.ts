import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { BudgetsRepository } from '../../platform/budgets/budgets.repository';
import { AppConfig } from '../../platform/config/app-config';
import { normalizeEmail } from '../../platform/crypto/blind-index';
import { uuid } from '../../platform/crypto/byte-fields';
import { newPin, newStepUpCode } from '../../platform/crypto/pin';
import { hashToken, parseToken } from '../../platform/crypto/tokens';
import { isForeignKeyViolation } from '../../platform/database/prepared-statements';
import { clientNetwork } from '../../platform/http/client-network';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { MailQueue } from '../../platform/mail/mail-queue.service';
import { UsersService } from '../../users/users.service';
import { TrustedDevicesRepository } from '../devices/trusted-devices.repository';
import { hashDeviceId, hashSessionDevice } from './challenge-hashes';
import { type Challenge, NewChallenges } from './new-challenges';
import { PinBudgets } from './pin-budgets';
import { addressInUseMail, pinMail, type PinMailFacts } from './pin-mail';
import { PinTransactions } from './pin-transactions';
import { type StepUp, StepUpService } from './step-up/step-up.service';

/** Who asks for a PIN, and from where. */
export interface PinRequest {
  readonly email: string;
  readonly deviceId: string;
  readonly deviceName?: string;
  readonly ip: string;
}

/** What the mail is about; null = a decoy: no PIN fits, no mail is sent. */
type Occasion = PinMailFacts['occasion'] | null;

/** What the vault knows of an address; for the requester all three look the same. */
type Address = 'known' | 'unknown' | 'disabled';

const TOO_SOON = 'A PIN was asked for a moment ago; it may still be on its way.';
const TOO_MANY = 'Too many PINs were asked for.';

/**
 * PINs, asked for. Known, unknown, disabled and closed to registration take the same statements and get the same answer; mails are sent after it.
 */
@Injectable()
export class PinRequestsService {
  constructor(
    private readonly config: AppConfig,
    private readonly transactions: PinTransactions,
    private readonly newChallenges: NewChallenges,
    private readonly devices: TrustedDevicesRepository,
    private readonly pinBudgets: PinBudgets,
    private readonly budgets: BudgetsRepository,
    private readonly stepUps: StepUpService,
    private readonly users: UsersService,
    private readonly mails: MailQueue,
  ) {}

  /**
   * A PIN that makes the account when it comes back; for a known address one that signs in, and the mail says so.
   * @throws {AppError} `REQUEST.TOO_MANY`, `REQUEST.INVALID`
   */
  async requestSignUp(request: PinRequest): Promise<Challenge> {
    const isOpen = this.config.get('REGISTRATION') === 'open';
    return this.requestFor(request, async (address, tx) => {
      // Asked for known addresses as well: a statement more would tell which is which.
      const mayMail = (await this.budgets.spend(tx, this.pinBudgets.signUps())) !== null;
      if (address === 'known') return 'known';
      return address === 'unknown' && isOpen && mayMail ? 'sign-up' : null;
    });
  }

  /**
   * A PIN for an existing account; for an unknown address, and for that of a disabled account, a decoy that looks the same from outside.
   * @throws {AppError} `REQUEST.TOO_MANY`, `REQUEST.INVALID`
   */
  async requestSignIn(request: PinRequest & { deviceToken?: string }): Promise<Challenge> {
    return this.requestFor(request, (address) => Promise.resolve(address === 'known' ? 'sign-in' : null));
  }

  /**
   * A PIN for somebody who is signed in and wants to do what needs a fresh one.
   * @throws {AppError} `REQUEST.TOO_MANY`
   */
  async requestReauthentication({ userId, sessionId }: Principal, { ip }: { ip: string }): Promise<Challenge> {
    const email = await this.users.emailOf(userId);
    const emailBidx = this.users.emailIndex(email);
    return this.commit(async (tx) => {
      await this.pinBudgets.demand(tx, this.pinBudgets.requestsOfNetwork(clientNetwork(ip)), TOO_MANY);
      const reason = await this.stepUpReason(tx, emailBidx);
      const pin = newPin(this.config.get('PIN_DIGITS'));
      const made = await this.newChallenges.write(tx, {
        purpose: 'reauthentication',
        userId,
        emailBidx,
        deviceHash: hashSessionDevice(sessionId),
        requesterHash: this.newChallenges.requesterHash('reauthentication', emailBidx, sessionId),
        trustedDeviceId: null,
        sessionId,
        mailbox: null,
        secret: reason === null ? pin : null,
      });
      const about = { email, device: 'a device that is signed in', ip };
      const afterwards =
        reason === null
          ? () => this.mailPin(about, pin, 'reauthentication', made.id)
          : await this.stepUps.begin(tx, this.stepUp(about, emailBidx, userId, reason, 'reauthentication'));
      return { challenge: made.challenge, afterwards };
    });
  }

  /**
   * A PIN for the new address of somebody who is signed in. Guesses at it count for that address, which is what they are about: many people
   * together have no more of them than one stranger. In step-up a longer code takes its place, one of the challenge's own: that of
   * the account would prove the old address.
   * @throws {AppError} `REQUEST.TOO_MANY`, `REQUEST.INVALID`
   */
  async requestEmailChange(
    { userId, sessionId }: Principal,
    { email: given, ip }: { email: string; ip: string },
  ): Promise<Challenge> {
    const email = normalized(given);
    const emailBidx = this.users.emailIndex(email);
    const requesterHash = this.newChallenges.requesterHash('email-change', uuid(userId), sessionId);
    return this.commit(async (tx) => {
      await this.pinBudgets.demand(tx, this.pinBudgets.requestsOfNetwork(clientNetwork(ip)), TOO_MANY);
      await this.pinBudgets.demand(tx, this.pinBudgets.emailChangesOf(userId), TOO_MANY);
      await this.pinBudgets.demand(tx, this.pinBudgets.emailChangesTo(emailBidx), TOO_MANY);
      const taken = (await this.users.findIdByEmailIndex(emailBidx, tx)) !== null;
      const spent = await this.isSpent(tx, emailBidx);
      const secret = spent ? newStepUpCode() : newPin(this.config.get('PIN_DIGITS'));
      const made = await this.newChallenges.write(tx, {
        purpose: 'email-change',
        userId,
        emailBidx,
        deviceHash: hashSessionDevice(sessionId),
        requesterHash,
        trustedDeviceId: null,
        sessionId,
        mailbox: email,
        secret: taken ? null : secret,
      });
      const about = { email, device: 'a device that is signed in', ip };
      const afterwards = taken
        ? () =>
            this.mails.post(() => addressInUseMail({ to: email, at: new Date(), publicUrl: this.config.publicUrl }), {
              challenge: made.id,
            })
        : () => this.mailPin(about, secret, 'email-change', made.id);
      return { challenge: made.challenge, afterwards };
    });
  }

  private async requestFor(
    request: PinRequest & { deviceToken?: string },
    occasionFor: (address: Address, tx: EntityManager) => Promise<Occasion>,
  ): Promise<Challenge> {
    const email = normalized(request.email);
    const emailBidx = this.users.emailIndex(email);
    const network = clientNetwork(request.ip);
    return this.commit(async (tx) => {
      const account = await this.users.findAccountByEmailIndex(tx, emailBidx);
      // A disabled account is nobody's: not its owner's, nor whoever's who signs up with its address.
      const userId = account === null || account.isDisabled ? null : account.id;
      const trustedDeviceId = await this.trustedDevice(tx, userId, request);
      // A trusted device counts for itself: strangers who share its network cannot use that up.
      const asker =
        trustedDeviceId === null
          ? this.pinBudgets.requestsOfNetwork(network)
          : this.pinBudgets.requestsOfDevice(trustedDeviceId);
      await this.pinBudgets.demand(tx, asker, TOO_MANY);
      const deviceHash = hashDeviceId(request.deviceId);
      // A label is no secret: somebody else who knows it, on another network, must neither end the owner's PIN nor make them wait.
      const requesterHash = this.newChallenges.requesterHash(
        'sign-in',
        emailBidx,
        deviceHash,
        trustedDeviceId ?? network,
      );
      const resend = this.pinBudgets.resend(requesterHash);
      if (resend) await this.pinBudgets.demand(tx, resend, TOO_SOON);

      const occasion = await occasionFor(account?.isDisabled ? 'disabled' : account ? 'known' : 'unknown', tx);
      const reason = trustedDeviceId === null ? await this.stepUpReason(tx, emailBidx) : null;
      const pin = newPin(this.config.get('PIN_DIGITS'));
      const made = await this.newChallenges.write(tx, {
        purpose: 'sign-in',
        userId,
        emailBidx,
        deviceHash,
        requesterHash,
        trustedDeviceId,
        sessionId: null,
        mailbox: occasion === 'sign-up' ? email : null,
        secret: occasion === null || reason !== null ? null : pin,
      });
      const about = { email, device: request.deviceName ?? request.deviceId, ip: request.ip };
      const afterwards =
        reason === null
          ? () => this.mailPin(about, pin, occasion, made.id)
          : await this.stepUps.begin(tx, this.stepUp(about, emailBidx, userId, reason, occasion));
      return { challenge: made.challenge, afterwards };
    });
  }

  /** Runs `work` in a transaction, and what it leaves to do after the commit. */
  private async commit(
    work: (tx: EntityManager) => Promise<{ challenge: Challenge; afterwards: () => void }>,
  ): Promise<Challenge> {
    const { challenge, afterwards } = await this.transactions
      .run(work)
      // The trusted device was removed in between: once more, as anybody.
      .catch((error: unknown) =>
        isForeignKeyViolation(error) ? this.transactions.run(work) : Promise.reject(error as Error),
      );
    afterwards();
    return challenge;
  }

  private async trustedDevice(
    tx: EntityManager,
    userId: string | null,
    { deviceToken, deviceId }: { deviceToken?: string; deviceId: string },
  ): Promise<string | null> {
    const raw = deviceToken === undefined ? null : parseToken('pvd', deviceToken);
    return raw === null ? null : this.devices.findLiveId(tx, userId, { tokenHash: hashToken(raw), deviceId });
  }

  /** Why an untrusted request gets the longer code; null when it gets a PIN. Spends a unit of the account's requests. */
  private async stepUpReason(tx: EntityManager, emailBidx: Buffer): Promise<StepUp['reason'] | null> {
    const mayAsk = await this.budgets.spend(tx, this.pinBudgets.requestsForAccount(emailBidx));
    if (await this.budgets.isSpent(tx, this.pinBudgets.wrongAtAccount(emailBidx))) return 'wrong-pins';
    if (await this.budgets.isSpent(tx, await this.pinBudgets.breaker(tx))) return 'many-accounts';
    return mayAsk === null ? 'many-requests' : null;
  }

  private async isSpent(tx: EntityManager, emailBidx: Buffer): Promise<boolean> {
    return (
      (await this.budgets.isSpent(tx, this.pinBudgets.wrongAtAccount(emailBidx))) ||
      (await this.budgets.isSpent(tx, await this.pinBudgets.breaker(tx)))
    );
  }

  private stepUp(
    { email, device, ip }: { email: string; device: string; ip: string },
    emailBidx: Buffer,
    userId: string | null,
    reason: StepUp['reason'],
    occasion: Occasion,
  ): StepUp {
    return { emailBidx, userId, reason, device, ip, address: occasion === null ? null : () => Promise.resolve(email) };
  }

  private mailPin(
    { email, device, ip }: { email: string; device: string; ip: string },
    pin: string,
    occasion: Occasion,
    challenge: string,
  ): void {
    const { publicUrl } = this.config;
    const ttlSeconds = this.config.get('PIN_TTL_SECONDS');
    this.mails.post(
      () =>
        occasion === null
          ? null
          : pinMail({ to: email, pin, ttlSeconds, occasion, device, ip, at: new Date(), publicUrl }),
      { challenge },
      { stranger: occasion === null || occasion === 'sign-up' },
    );
  }
}

/** @throws {AppError} `REQUEST.INVALID` for what looks like an address but has no possible domain */
function normalized(address: string): string {
  try {
    return normalizeEmail(address);
  } catch (error) {
    throw RequestErrors.invalid({ errors: [{ path: 'email', message: 'email must be an email' }], cause: error });
  }
}
