import { setTimeout as sleep } from 'node:timers/promises';
import type { Challenge } from '../../src/auth/pin/new-challenges';
import { PinRequestsService } from '../../src/auth/pin/pin-requests.service';
import { type IssuedSession, SignInService } from '../../src/auth/sessions/sign-in.service';
import { AppError } from '../../src/platform/errors/app-error';
import type { TestApp } from './test-app';

/** In a test's application mails leave within ten milliseconds; the rest is for a busy machine. */
const MAIL_MS = 100;

/** What somebody does who asks for PINs and tries them. */
export interface Attempt {
  readonly email: string;
  readonly deviceId?: string;
  readonly deviceToken?: string;
  /** Another one each time unless given. */
  readonly ip?: string;
}

/** The services behind the sign-in routes, for what would take too long, or needs too many addresses, over HTTP. */
export class SignIns {
  private readonly requests: PinRequestsService;
  private readonly signIns: SignInService;
  private addresses = 0;

  constructor(private readonly vault: TestApp) {
    this.requests = vault.app.get(PinRequestsService, { strict: false });
    this.signIns = vault.app.get(SignInService, { strict: false });
  }

  /** An address that nobody has asked from yet (RFC 2544's range and on). */
  newIp(): string {
    const n = ++this.addresses;
    return `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
  }

  /** @returns the challenge's id */
  async ask({ email, deviceId = 'laptop', deviceToken, ip = this.newIp() }: Attempt): Promise<string> {
    return (await this.challenge({ email, deviceId, deviceToken, ip })).challengeId;
  }

  async challenge(attempt: Attempt): Promise<Challenge> {
    const { email, deviceId = 'laptop', deviceToken, ip = this.newIp() } = attempt;
    return this.requests.requestSignIn({ email, deviceId, deviceToken, ip });
  }

  /** Signs in with whatever `secret` finds in the mail, or gives back the code of the refusal. */
  async enter(
    challengeId: string,
    pin: string,
    { deviceId = 'laptop', ip = this.newIp(), remember = false } = {},
  ): Promise<IssuedSession | string> {
    try {
      return await this.signIns.signIn({ challengeId, pin, deviceId, ip, remember });
    } catch (error) {
      if (error instanceof AppError) return error.definition.code;
      throw error;
    }
  }

  /** A new account, and what its first sign-in gave. */
  async signUp(email: string, options: { deviceId?: string; remember?: boolean } = {}): Promise<IssuedSession> {
    const { deviceId = 'laptop' } = options;
    const { challengeId } = await this.requests.requestSignUp({ email, deviceId, ip: this.newIp() });
    const issued = await this.enter(challengeId, await this.vault.logs.pinFor(email), options);
    if (typeof issued === 'string') throw new Error(`sign-up answered ${issued}`);
    return issued;
  }

  /** Waits for whatever is on its way. */
  async settled(): Promise<void> {
    await sleep(MAIL_MS);
  }

  /** The newest PIN or code in a mailbox, after whatever was on its way has arrived. */
  async mailed(email: string): Promise<string> {
    await this.settled();
    return this.vault.logs.pinFor(email);
  }

  /** A whole sign-in with what is mailed. @returns the session, or the code of the refusal */
  async signIn(attempt: Attempt & { remember?: boolean }): Promise<IssuedSession | string> {
    const challengeId = await this.ask(attempt);
    return this.enter(challengeId, await this.mailed(attempt.email), attempt);
  }
}

/** A PIN of the same length that is not this one. */
export function wrongPin(pin: string, by = 1): string {
  return String((Number(pin) + by) % 10 ** pin.length).padStart(pin.length, '0');
}
