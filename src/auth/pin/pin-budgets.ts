import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Budget, BudgetsRepository, type BudgetWindow } from '../../platform/budgets/budgets.repository';
import { AppConfig } from '../../platform/config/app-config';
import { uuid } from '../../platform/crypto/byte-fields';
import { subjectMac } from '../../platform/crypto/pin';
import { tooMany } from '../../platform/http/rate-limit/rate-limit-headers';
import { UsersService } from '../../users/users.service';
import { KeyringService } from '../../vault/keyring.service';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Sign-ups in an hour, unless one network alone may make more. */
const SIGN_UPS = 1000;
/** How old the number of accounts may be that the breaker is reckoned with, in ms. */
const COUNT_MS = 60_000;

/** A budget that may be told of: its name appears in `RateLimit` headers. */
export interface PinBudget extends Budget {
  readonly policy: string;
}

/**
 * Everything about PINs that is counted (security design, section 3). Accounts are counted by the blind index of their address, so that an
 * address without an account is counted, and refused, exactly like one with.
 */
@Injectable()
export class PinBudgets {
  private accounts = { count: 0, readAt: -Infinity };

  constructor(
    private readonly config: AppConfig,
    private readonly budgets: BudgetsRepository,
    private readonly keyring: KeyringService,
    private readonly users: UsersService,
  ) {}

  /** PINs that a network asks for. */
  requestsOfNetwork(network: string): PinBudget {
    return this.of(
      'pin-requests',
      [Buffer.from(network)],
      [
        { limit: this.config.get('PIN_REQUESTS_PER_IP_HOUR'), seconds: HOUR },
        { limit: this.config.get('PIN_REQUESTS_PER_IP_DAY'), seconds: DAY },
      ],
    );
  }

  /** PINs that a network tries. */
  verifiesOfNetwork(network: string): PinBudget {
    return this.of(
      'pin-verifies',
      [Buffer.from(network)],
      [{ limit: this.config.get('PIN_VERIFIES_PER_IP'), seconds: 10 * MINUTE }],
    );
  }

  /** The time between two PINs for one requester; null when there need not be any. */
  resend(requesterHash: Buffer): PinBudget | null {
    const seconds = this.config.get('PIN_RESEND_SECONDS');
    return seconds === 0 ? null : this.of('pin-resend', [requesterHash], [{ limit: 1, seconds }]);
  }

  /** PINs mailed for an account because somebody untrusted asked: beyond it the account is in step-up. */
  requestsForAccount(emailBidx: Buffer): PinBudget {
    return this.of('account-requests', [emailBidx], this.requestWindows());
  }

  /** Sign-ups of the whole vault, each of which may be a mail to somebody who never asked for one. */
  signUps(): PinBudget {
    const limit =
      this.config.get('SIGN_UPS_PER_HOUR') ?? Math.max(SIGN_UPS, this.config.get('PIN_REQUESTS_PER_IP_HOUR'));
    return this.of('sign-ups', [], [{ limit, seconds: HOUR }]);
  }

  /** PINs that a trusted device asks for. */
  requestsOfDevice(deviceId: string): PinBudget {
    return this.of(
      'device-requests',
      [uuid(deviceId)],
      [{ limit: this.config.get('DEVICE_REQUESTS_PER_HOUR'), seconds: HOUR }],
    );
  }

  /** New addresses that a person may have a PIN mailed to. */
  emailChangesOf(userId: string): PinBudget {
    return this.of('email-changes', [uuid(userId)], this.requestWindows());
  }

  /** Mails that people who want to move to an address may cause there, whoever they are. */
  emailChangesTo(emailBidx: Buffer): PinBudget {
    return this.of('email-changes-to', [emailBidx], this.requestWindows());
  }

  /** Wrong PINs at an account, from wherever they come but from its trusted devices. */
  wrongAtAccount(emailBidx: Buffer): PinBudget {
    return this.of('account-wrong', [emailBidx], [this.wrongWindow(this.config.get('PIN_WRONG_LIMIT'))]);
  }

  /** Mails that warn an owner of wrong PINs. */
  wrongAlerts(emailBidx: Buffer): PinBudget {
    return this.of('wrong-alerts', [emailBidx], [{ limit: 1, seconds: DAY }]);
  }

  /** Wrong PINs of a trusted device. */
  wrongOfDevice(deviceId: string): PinBudget {
    return this.of('device-wrong', [uuid(deviceId)], [this.wrongWindow(this.config.get('DEVICE_WRONG_LIMIT'))]);
  }

  /** Wrong PINs at all accounts together. @param tx never another connection: all of the pool's may be waiting here */
  async breaker(tx: EntityManager): Promise<PinBudget> {
    if (performance.now() - this.accounts.readAt > COUNT_MS) {
      this.accounts = { count: await this.users.count(tx), readAt: performance.now() };
    }
    const share = Math.floor((this.accounts.count * this.config.get('PIN_BREAKER_PERCENT')) / 100);
    const floor = this.config.get('PIN_BREAKER_WRONG') ?? this.config.get('PIN_WRONG_LIMIT');
    return this.of('breaker', [], [{ limit: Math.max(floor, share), seconds: DAY }]);
  }

  /**
   * Spends a unit or refuses.
   * @throws {AppError} `REQUEST.TOO_MANY`
   */
  async demand(tx: EntityManager, budget: PinBudget, detail: string): Promise<void> {
    if ((await this.budgets.spend(tx, budget)) !== null) return;
    const reset = await this.budgets.secondsUntilFree(tx, budget);
    // Of several windows the one that is full is told, which is the longer one when both are.
    const full = budget.windows.find(({ seconds }) => reset <= seconds) ?? budget.windows.at(-1);
    const [quota, window] = [full?.limit ?? 0, full?.seconds ?? 0];
    throw tooMany({ policy: budget.policy, quota, window, remaining: 0, reset }, detail);
  }

  private requestWindows(): BudgetWindow[] {
    const perHour = this.config.get('PIN_REQUESTS_PER_ACCOUNT_HOUR');
    return [
      { limit: perHour, seconds: HOUR },
      { limit: this.config.get('PIN_REQUESTS_PER_ACCOUNT_DAY') ?? 2 * perHour, seconds: DAY },
    ];
  }

  private wrongWindow(limit: number): BudgetWindow {
    return { limit, seconds: this.config.get('PIN_WRONG_WINDOW_DAYS') * DAY };
  }

  private of(policy: string, subject: Buffer[], windows: readonly BudgetWindow[]): PinBudget {
    return { policy, windows, key: subjectMac(this.keyring.secret('pin-pepper'), policy, ...subject) };
  }
}
