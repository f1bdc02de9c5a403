import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../../../platform/config/app-config';
import { newStepUpCode, stepUpMac, subjectMac } from '../../../platform/crypto/pin';
import { LOGGER } from '../../../platform/logging/logging.module';
import { MailQueue } from '../../../platform/mail/mail-queue.service';
import { SecurityLog } from '../../../users/events/security-log.service';
import { KeyringService } from '../../../vault/keyring.service';
import { stepUpMail, type StepUpMailFacts } from '../pin-mail';
import { StepUpCodesRepository } from './step-up-codes.repository';

/** Whose PIN no longer counts, and what is known of the request that made it so, or met it. */
export interface StepUp {
  readonly emailBidx: Buffer;
  /** Null for an address without an account. */
  readonly userId: string | null;
  readonly reason: StepUpMailFacts['reason'];
  readonly device: string;
  readonly ip: string;
  /** Where the code goes, asked after the answer; null for a decoy. */
  readonly address: (() => Promise<string>) | null;
}

/**
 * Step-up: instead of being locked out, an account whose budget is spent is asked for a code that cannot be guessed. Whoever meets an
 * account in step-up sees to it that a code is in its owner's mailbox.
 */
@Injectable()
export class StepUpService {
  constructor(
    private readonly config: AppConfig,
    private readonly keyring: KeyringService,
    private readonly codes: StepUpCodesRepository,
    private readonly mails: MailQueue,
    private readonly log: SecurityLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Makes a code unless there is one that is still good.
   * @returns what to do after the commit: mails the code
   */
  async begin(tx: EntityManager, stepUp: StepUp): Promise<() => void> {
    const { emailBidx, userId, reason, device, ip, address } = stepUp;
    const code = newStepUpCode();
    const codeMac = this.mac(emailBidx, code);
    const ttlSeconds = this.config.get('STEP_UP_TTL_SECONDS');
    const key = this.keyOf({ emailBidx, isDecoy: address === null });
    const until = await this.codes.insertUnlessGood(tx, { emailBidx: key, codeMac }, ttlSeconds);
    if (until === null) return () => undefined;
    return () => {
      this.mails.post(
        async () => {
          if (address === null) return null;
          const { publicUrl } = this.config;
          const to = await address();
          return stepUpMail({ to, code, until, ttlSeconds, reason, device, ip, at: new Date(), publicUrl });
        },
        { mail: 'step-up' },
        { lost: () => this.forget(key, codeMac), stranger: userId === null },
      );
      if (userId !== null) this.log.note({ userId, kind: 'pin.step_up', ip, device });
    };
  }

  /**
   * Uses the code of an address up.
   * @returns whether it was right and still good; never for a decoy
   */
  async redeem(tx: EntityManager, of: { emailBidx: Buffer; isDecoy: boolean }, code: string): Promise<boolean> {
    const right = await this.codes.redeem(tx, this.keyOf(of), this.mac(of.emailBidx, code));
    return right && !of.isDecoy;
  }

  /** A decoy's code goes nowhere: in the place of a real one it would keep that from being mailed, or be taken for it. */
  private keyOf({ emailBidx, isDecoy }: { emailBidx: Buffer; isDecoy: boolean }): Buffer {
    return isDecoy ? subjectMac(this.keyring.secret('pin-pepper'), 'decoy', emailBidx) : emailBidx;
  }

  private mac(emailBidx: Buffer, code: string): Buffer {
    return stepUpMac(this.keyring.secret('pin-pepper'), emailBidx, code);
  }

  /** A code that never arrived must not keep the next one from being mailed. */
  private forget(key: Buffer, codeMac: Buffer): void {
    this.codes.forget(key, codeMac).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'a code that could not be mailed stands in the way of the next one');
    });
  }
}
