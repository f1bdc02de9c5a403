import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { BudgetsRepository } from '../../platform/budgets/budgets.repository';
import { AppConfig } from '../../platform/config/app-config';
import { mailboxContext } from '../../platform/crypto/contexts';
import { parseStepUpCode, pinMac } from '../../platform/crypto/pin';
import { openValue } from '../../platform/crypto/sealed-value';
import { clientNetwork } from '../../platform/http/client-network';
import { SecurityLog } from '../../users/events/security-log.service';
import { UsersService } from '../../users/users.service';
import { KeyringService } from '../../vault/keyring.service';
import { AuthErrors } from '../auth.errors';
import { TrustedDevicesRepository } from '../devices/trusted-devices.repository';
import { hashChallengeId, hashDeviceId, hashSessionDevice } from './challenge-hashes';
import { ChallengesRepository } from './challenges.repository';
import type { ChallengePurpose, LoginChallengeEntity } from './login-challenge.entity';
import { PinBudgets } from './pin-budgets';
import { PinMetrics, type Reporter } from './pin-metrics';
import { PinTransactions } from './pin-transactions';
import { type StepUp, StepUpService } from './step-up/step-up.service';

/** A PIN, or the code in its place, as it came back. */
export interface PinGuess {
  readonly challengeId: string;
  readonly pin: string;
  readonly ip: string;
  readonly purpose: ChallengePurpose;
  /** Of a sign-in: the label of the device. */
  readonly deviceId?: string;
  /** Of somebody who is signed in: the session. */
  readonly sessionId?: string;
}

/** Whom a right PIN has proved. */
export interface Proven {
  /** Null when nobody has signed up with the address. */
  readonly userId: string | null;
  /** The address that was proved, where it is not the account's: of a sign-up or of a change. */
  readonly email: string | null;
  /** The trusted device that had asked. */
  readonly trustedDeviceId: string | null;
}

/** What became of a guess. What is returned is committed with all that was counted; what is thrown gives everything back. */
interface Outcome {
  readonly right: boolean;
  /** False when the guess did not even get as far as being wrong. */
  readonly compared: boolean;
  /** What is to be done after the commit. */
  readonly afterwards?: () => void;
}

const CHALLENGE_ID = /^[A-Za-z0-9_-]{43}$/;
/** The wrong PIN, of those that count, from which on an owner is warned. */
const ALERT_AT = 3;
/** An id that nobody has. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const REFUSED: Outcome = { right: false, compared: false };

/**
 * PINs, tried. Every guess is reserved in its budgets before anything is compared, so that however many arrive together, exactly the
 * budget is compared. Locks are taken in one order: breaker, account or device, challenge, user, step-up code.
 */
@Injectable()
export class PinGuessesService {
  constructor(
    private readonly config: AppConfig,
    private readonly transactions: PinTransactions,
    private readonly challenges: ChallengesRepository,
    private readonly devices: TrustedDevicesRepository,
    private readonly pinBudgets: PinBudgets,
    private readonly budgets: BudgetsRepository,
    private readonly stepUps: StepUpService,
    private readonly users: UsersService,
    private readonly keyring: KeyringService,
    private readonly log: SecurityLog,
    private readonly metrics: PinMetrics,
  ) {}

  /**
   * Trades a PIN in, once, in one transaction.
   * @param proven runs in the transaction when the guess was right; the PIN is not used up if it fails
   * @param wrong runs in the transaction when the guess was compared and wrong
   * @throws {AppError} `AUTH.PIN_REFUSED`, whatever the reason; `REQUEST.TOO_MANY` when the network has tried too often
   */
  async redeem<T>(
    guess: PinGuess,
    proven: (tx: EntityManager, who: Proven) => Promise<T>,
    wrong: (tx: EntityManager) => Promise<void> = () => Promise.resolve(),
  ): Promise<T> {
    return this.metrics.ofGuess((report) => this.trade(guess, proven, wrong, report));
  }

  private async trade<T>(
    guess: PinGuess,
    proven: (tx: EntityManager, who: Proven) => Promise<T>,
    wrong: (tx: EntityManager) => Promise<void>,
    report: Reporter,
  ): Promise<T> {
    const idHash = hashChallengeId(guess.challengeId);
    // Strangers who share its network cannot keep a trusted device waiting: its guesses are few as it is.
    if (!(await this.challenges.isOfTrustedDevice(idHash))) {
      const verifies = this.pinBudgets.verifiesOfNetwork(clientNetwork(guess.ip));
      await this.pinBudgets.demand(this.transactions.manager, verifies, 'Too many PINs were tried.');
    }
    if (!CHALLENGE_ID.test(guess.challengeId)) throw AuthErrors.pinRefused();
    let result: { readonly value: T; readonly requesterHash: Buffer } | undefined;
    const { compared, afterwards } = await this.transactions.run(async (tx) => {
      const challenge = await this.challenges.findPending(tx, idHash);
      if (challenge?.purpose !== guess.purpose) return REFUSED;
      if (challenge.sessionId !== (guess.sessionId ?? null)) return REFUSED;
      const outcome = await this.compare(tx, challenge, guess);
      const { requesterHash } = challenge;
      if (outcome.right) {
        await this.demandSameAddress(tx, challenge);
        result = { value: await proven(tx, this.whoIs(challenge)), requesterHash };
      }
      if (!outcome.right && outcome.compared) await wrong(tx);
      return outcome;
    });
    report(result ? 'right' : compared ? 'wrong' : 'not_compared');
    afterwards?.();
    // Thrown out here, so that a wrong guess is committed and counts.
    if (!result) throw AuthErrors.pinRefused();
    // Whoever has signed in may ask again at once. Not in the transaction: requests lock this bucket before challenges.
    const resend = this.pinBudgets.resend(result.requesterHash);
    if (resend) await this.budgets.clear(this.transactions.manager, resend);
    return result.value;
  }

  private async compare(tx: EntityManager, challenge: LoginChallengeEntity, guess: PinGuess): Promise<Outcome> {
    const deviceHash =
      guess.sessionId === undefined ? hashDeviceId(guess.deviceId ?? '') : hashSessionDevice(guess.sessionId);
    const code = parseStepUpCode(guess.pin);
    if (code !== null) return this.compareCode(tx, challenge, deviceHash, code);
    return challenge.trustedDeviceId === null
      ? this.compareUntrusted(tx, challenge, deviceHash, guess)
      : this.compareTrusted(tx, challenge, deviceHash, guess, challenge.trustedDeviceId);
  }

  /** The longer code needs no budget: 40 bits are not guessed. It is the account's, or a challenge's own. */
  private async compareCode(
    tx: EntityManager,
    challenge: LoginChallengeEntity,
    deviceHash: Buffer,
    code: string,
  ): Promise<Outcome> {
    const { idHash, userId, purpose } = challenge;
    const counted = await this.challenges.countCodeGuess(tx, {
      idHash,
      codeMac: pinMac(this.keyring.secret('pin-pepper'), idHash, userId, code),
      deviceHash,
      limit: this.config.get('STEP_UP_GUESSES_PER_CHALLENGE'),
    });
    if (counted === null) return REFUSED;
    // The account's code lies in its old mailbox, so it proves nothing about a new one.
    const right =
      counted.sameDevice && (purpose === 'email-change' ? counted.ownCode : await this.redeemCode(tx, challenge, code));
    if (right) await this.challenges.consumeByCode(tx, idHash);
    return { right, compared: true };
  }

  private async redeemCode(
    tx: EntityManager,
    { userId, emailBidx, mailboxSealed }: LoginChallengeEntity,
    code: string,
  ): Promise<boolean> {
    await this.users.lock(tx, userId ?? NOBODY);
    return this.stepUps.redeem(tx, { emailBidx, isDecoy: userId === null && mailboxSealed === null }, code);
  }

  private async compareTrusted(
    tx: EntityManager,
    challenge: LoginChallengeEntity,
    deviceHash: Buffer,
    guess: PinGuess,
    trustedDeviceId: string,
  ): Promise<Outcome> {
    const budget = this.pinBudgets.wrongOfDevice(trustedDeviceId);
    const wrongs = await this.budgets.spend(tx, budget);
    const right = wrongs !== null && (await this.comparePin(tx, challenge, deviceHash, guess.pin));
    if (right) {
      await this.budgets.refund(tx, budget);
      return { right, compared: true };
    }
    if (wrongs !== null && wrongs < limitOf(budget)) {
      return { right, compared: true, afterwards: () => this.noteWrong(challenge, guess, wrongs) };
    }
    await this.devices.remove(tx, trustedDeviceId);
    return { right, compared: wrongs !== null, afterwards: () => this.noteUntrusted(challenge, guess) };
  }

  private async compareUntrusted(
    tx: EntityManager,
    challenge: LoginChallengeEntity,
    deviceHash: Buffer,
    guess: PinGuess,
  ): Promise<Outcome> {
    const breaker = await this.pinBudgets.breaker(tx);
    const everybodys = await this.budgets.spend(tx, breaker);
    if (everybodys === null) return this.meetStepUp(tx, challenge, guess, 'many-accounts');
    const account = this.pinBudgets.wrongAtAccount(challenge.emailBidx);
    const wrongs = await this.budgets.spend(tx, account);
    if (wrongs === null) {
      await this.budgets.refund(tx, breaker);
      return this.meetStepUp(tx, challenge, guess, 'wrong-pins');
    }
    if (await this.comparePin(tx, challenge, deviceHash, guess.pin)) {
      await this.budgets.refund(tx, account);
      await this.budgets.refund(tx, breaker);
      return { right: true, compared: true };
    }
    const reason = wrongs >= limitOf(account) ? 'wrong-pins' : everybodys >= limitOf(breaker) ? 'many-accounts' : null;
    const mailCode = reason && (await this.meetStepUp(tx, challenge, guess, reason)).afterwards;
    return {
      right: false,
      compared: true,
      afterwards: () => {
        this.noteWrong(challenge, guess, wrongs);
        mailCode?.();
      },
    };
  }

  /** @throws {AppError} `AUTH.PIN_REFUSED` when nothing could be compared, which gives back what was reserved */
  private async comparePin(
    tx: EntityManager,
    { idHash, userId }: LoginChallengeEntity,
    deviceHash: Buffer,
    pin: string,
  ): Promise<boolean> {
    const mac = pinMac(this.keyring.secret('pin-pepper'), idHash, userId, pin);
    const right = await this.challenges.consumeByPin(tx, idHash, mac, deviceHash);
    if (right === null) throw AuthErrors.pinRefused();
    return right;
  }

  /** Nothing is compared any more: the code is what is asked for, and must be in the mailbox. */
  private async meetStepUp(
    tx: EntityManager,
    challenge: LoginChallengeEntity,
    { deviceId, ip }: PinGuess,
    reason: StepUp['reason'],
  ): Promise<Outcome> {
    // A new mailbox is proved by a code of the challenge's own, which has to be asked for.
    if (challenge.purpose === 'email-change') return REFUSED;
    const afterwards = await this.stepUps.begin(tx, {
      emailBidx: challenge.emailBidx,
      userId: challenge.userId,
      reason,
      device: deviceId ?? 'a device that is signed in',
      ip,
      address: this.addressOf(challenge),
    });
    return { ...REFUSED, afterwards };
  }

  /**
   * A challenge that was asked for while the account's address changed has its PIN in the old mailbox, which opens nothing any more. That of
   * a change has it in the new one, and locks other challenges before the user.
   * @throws {AppError} `AUTH.PIN_REFUSED`
   */
  private async demandSameAddress(tx: EntityManager, challenge: LoginChallengeEntity): Promise<void> {
    const { userId, emailBidx, purpose } = challenge;
    if (userId === null || purpose === 'email-change') return;
    const current = await this.users.lock(tx, userId);
    if (!current?.equals(emailBidx)) throw AuthErrors.pinRefused();
  }

  private whoIs(challenge: LoginChallengeEntity): Proven {
    const { userId, trustedDeviceId } = challenge;
    return { userId, trustedDeviceId, email: this.mailboxOf(challenge) };
  }

  private addressOf(challenge: LoginChallengeEntity): StepUp['address'] {
    const { userId } = challenge;
    if (userId !== null) return () => this.users.emailOf(userId);
    const mailbox = this.mailboxOf(challenge);
    return mailbox === null ? null : () => Promise.resolve(mailbox);
  }

  private mailboxOf({ id, mailboxSealed }: LoginChallengeEntity): string | null {
    if (mailboxSealed === null) return null;
    return openValue(this.keyring.secret('mailbox'), mailboxContext(id), mailboxSealed).toString();
  }

  private noteWrong({ userId, emailBidx }: LoginChallengeEntity, { ip, deviceId }: PinGuess, wrongs: number): void {
    if (userId === null) return;
    const event = { userId, kind: 'pin.wrong', ip, device: deviceId } as const;
    if (wrongs < ALERT_AT) return this.log.note(event);
    // Not only of the third: whoever guesses slowly enough would never be told of again. Nor of each: mails that come too often are not read.
    this.log.alert(event, async () => {
      return (await this.budgets.spend(this.transactions.manager, this.pinBudgets.wrongAlerts(emailBidx))) === null;
    });
  }

  private noteUntrusted({ userId }: LoginChallengeEntity, { ip, deviceId }: PinGuess): void {
    if (userId !== null) this.log.alert({ userId, kind: 'device.removed', ip, device: deviceId });
  }
}

function limitOf({ windows }: { readonly windows: readonly { readonly limit: number }[] }): number {
  return windows[0]?.limit ?? 0;
}
