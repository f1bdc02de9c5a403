import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { normalizeEmail } from '../../platform/crypto/blind-index';
import { mailboxContext } from '../../platform/crypto/contexts';
import { newPin, pinMac } from '../../platform/crypto/pin';
import { openValue, sealValue } from '../../platform/crypto/sealed-value';
import { RequestErrors } from '../../platform/http/http.errors';
import { JobsService } from '../../platform/jobs/jobs.service';
import { LOGGER } from '../../platform/logging/logging.module';
import { Mailer } from '../../platform/mail/mailer';
import { UsersService } from '../../users/users.service';
import { KeyringService } from '../../vault/keyring.service';
import { ChallengesRepository } from './challenges.repository';
import { pinMail, type PinMailFacts } from './pin-mail';

/** Who asks for a PIN, and from where. */
export interface PinRequest {
  readonly email: string;
  readonly deviceId: string;
  readonly deviceName?: string;
  readonly ip: string;
}

/** What the requester gets: never the PIN. */
export interface Challenge {
  readonly challengeId: string;
  readonly expiresIn: number;
}

/** Whom a right PIN has proved: an account, or an address that has none yet. */
export type Proven = { readonly userId: string } | { readonly email: string };

const KEEP_DAYS = 1;
const CHALLENGE_ID = /^[A-Za-z0-9_-]{43}$/;

/** PINs: asked for, mailed, and traded in once. */
@Injectable()
export class PinService implements OnApplicationBootstrap {
  constructor(
    private readonly config: AppConfig,
    private readonly challenges: ChallengesRepository,
    private readonly users: UsersService,
    private readonly keyring: KeyringService,
    private readonly mailer: Mailer,
    private readonly jobs: JobsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('challenge-retention', 3600, () => this.challenges.deleteExpired(KEEP_DAYS));
  }

  /** A PIN that makes the account when it comes back; for a known address one that signs in, and the mail says so. */
  async requestSignUp(request: PinRequest): Promise<Challenge> {
    return this.challenge(request, (known) => (known ? 'known' : 'sign-up'));
  }

  /** A PIN for an existing account; for an unknown address a decoy that looks the same from outside. */
  async requestSignIn(request: PinRequest): Promise<Challenge> {
    return this.challenge(request, (known) => (known ? 'sign-in' : null));
  }

  /**
   * Trades a PIN in, once.
   * @returns whom it proves, or null: unknown, expired, used up, out of guesses, wrong, another device's
   */
  async consume(
    tx: EntityManager,
    answer: { challengeId: string; deviceId: string; pin: string },
  ): Promise<Proven | null> {
    if (!CHALLENGE_ID.test(answer.challengeId)) return null;
    const idHash = hashChallengeId(answer.challengeId);
    const challenge = await this.challenges.findByIdHash(tx, idHash);
    if (!challenge) return null;
    const mac = pinMac(this.keyring.secret('pin-pepper'), idHash, challenge.userId, answer.pin);
    if (!(await this.challenges.consume(tx, idHash, mac, hashDeviceId(answer.deviceId)))) return null;
    if (challenge.userId) return { userId: challenge.userId };
    if (!challenge.mailboxSealed) return null;
    const email = openValue(this.keyring.secret('mailbox'), mailboxContext(challenge.id), challenge.mailboxSealed);
    return { email: email.toString() };
  }

  /** @param occasionFor what the mail is about, given whether the address has an account; null = a decoy, no mail */
  private async challenge(
    request: PinRequest,
    occasionFor: (known: boolean) => PinMailFacts['occasion'] | null,
  ): Promise<Challenge> {
    const email = normalized(request.email);
    const emailBidx = this.users.emailIndex(email);
    const userId = await this.users.findIdByEmailIndex(emailBidx);
    const occasion = occasionFor(userId !== null);

    const id = uuidv7();
    const challengeId = randomBytes(32).toString('base64url');
    const idHash = hashChallengeId(challengeId);
    const pin = newPin(this.config.get('PIN_DIGITS'));
    const ttlSeconds = this.config.get('PIN_TTL_SECONDS');
    await this.challenges.insert(
      {
        id,
        idHash,
        userId,
        emailBidx,
        mailboxSealed:
          occasion === 'sign-up'
            ? sealValue(this.keyring.secret('mailbox'), mailboxContext(id), Buffer.from(email))
            : null,
        deviceHash: hashDeviceId(request.deviceId),
        // No PIN has this MAC: a decoy can be guessed at for ever.
        pinMac: occasion === null ? randomBytes(32) : pinMac(this.keyring.secret('pin-pepper'), idHash, userId, pin),
        maxAttempts: this.config.get('PIN_GUESSES_PER_CHALLENGE'),
      },
      ttlSeconds,
    );
    if (occasion !== null) this.mail({ request, email, pin, ttlSeconds, occasion, challenge: id });
    return { challengeId, expiresIn: ttlSeconds };
  }

  /** Off the response's path: how long a mail takes must not tell whether an address is known. */
  private mail(about: {
    request: PinRequest;
    email: string;
    pin: string;
    ttlSeconds: number;
    occasion: PinMailFacts['occasion'];
    challenge: string;
  }): void {
    const { request, email, pin, ttlSeconds, occasion } = about;
    const mail = pinMail({
      to: email,
      pin,
      ttlSeconds,
      occasion,
      device: request.deviceName ?? request.deviceId,
      ip: request.ip,
      at: new Date(),
      publicUrl: this.config.publicUrl,
    });
    setImmediate(() => {
      this.mailer.send(mail).catch((error: unknown) => {
        this.logger.error({ err: error, challenge: about.challenge }, 'a PIN could not be mailed; ask for a new one');
      });
    });
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

function hashChallengeId(challengeId: string): Buffer {
  return createHash('sha256').update(Buffer.from(challengeId, 'base64url')).digest();
}

function hashDeviceId(deviceId: string): Buffer {
  return createHash('sha256').update(deviceId).digest();
}
