import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { Logger } from 'pino';
import { AppConfig } from '../../platform/config/app-config';
import { mailboxContext } from '../../platform/crypto/contexts';
import { openValue } from '../../platform/crypto/sealed-value';
import { JobsService } from '../../platform/jobs/jobs.service';
import { RetentionService } from '../../platform/jobs/retention.service';
import { Semaphore } from '../../platform/jobs/semaphore';
import { LOGGER } from '../../platform/logging/logging.module';
import { MailQueue } from '../../platform/mail/mail-queue.service';
import { BlobSweeper } from '../../vault/blob-sweeper.service';
import { KeyringService } from '../../vault/keyring.service';
import type { DeletionStage } from './account-deletion.entity';
import { AccountDeletionsRepository, type PendingDeletion } from './account-deletions.repository';
import { AccountRowsRepository } from './account-rows.repository';
import { deletionMail } from './deletion-mail';

const ROUND_SECONDS = 30;
/** Deletions that a process works on at the same time: each keeps a connection, and needs another. */
const AT_ONCE = 3;
/** The same for mails, which have turns of their own: a mail server that is away keeps nobody's keys, rows and bytes. */
const MAILS_AT_ONCE = 3;
/** How often, and how long, the end of an upload is waited for that began before the account was closed: longer than any lease. */
const LOOK_MS = 1000;
const LOOKS = 90;
/** How long a mail is tried that no mail server takes. Until then its address is kept, sealed. */
const MAIL_DAYS = 7;

/** Whether the deletion can go on at once; false when it has to wait for the next round. */
type GoesOn = boolean;

/**
 * Takes closed accounts from one stage to the next, to the end. Whatever it does may be done again: a process that dies leaves a row that says
 * where to go on, and the lock of each account, which dies with it. The processes share the work; one is at an account at a time.
 */
@Injectable()
export class DeletionMachine
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly stop = new AbortController();
  private readonly stopped = new Promise<void>((resolve) => {
    this.stop.signal.addEventListener('abort', () => resolve());
  });
  /** Whose deletion each is. */
  private readonly running = new Map<Promise<void>, string>();
  /** Rows whose mail was taken and that are just being removed. */
  private readonly ending = new Set<Promise<void>>();
  private readonly turns = new Semaphore(AT_ONCE);
  private readonly mailTurns = new Semaphore(MAILS_AT_ONCE);

  private readonly steps: Record<Exclude<DeletionStage, 'removed'>, (deletion: PendingDeletion) => Promise<GoesOn>> = {
    closed: (deletion) => this.destroyKeys(deletion),
    shredded: (deletion) => this.deleteRows(deletion),
    emptied: (deletion) => this.removeBytes(deletion),
  };

  constructor(
    private readonly config: AppConfig,
    private readonly jobs: JobsService,
    private readonly retention: RetentionService,
    private readonly deletions: AccountDeletionsRepository,
    private readonly rows: AccountRowsRepository,
    private readonly sweeper: BlobSweeper,
    private readonly keyring: KeyringService,
    private readonly mails: MailQueue,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const purge = (days: number) => this.deletions.deleteUnmailed(days);
    this.retention.register({ what: 'mails about deleted accounts', days: MAIL_DAYS, purge });
  }

  onApplicationBootstrap(): void {
    this.jobs.every('account-deletions', ROUND_SECONDS, () => this.round());
  }

  /** Before anybody is waited for. */
  onModuleDestroy(): void {
    this.stop.abort();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.running.keys());
  }

  /** Before the database is closed; no mail is on its way any more. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.ending);
  }

  /** Goes on with an account at once, after the answer; when a stop has begun, the next start does. */
  begin(userId: string): void {
    if (this.isStopping) return;
    const run = this.runInTurn(userId).finally(() => this.running.delete(run));
    this.running.set(run, userId);
  }

  /** Goes on with an account until nothing is left to do but a mail that is not taken. @returns whether it was taken */
  async finish(userId: string): Promise<boolean> {
    for (; !this.isStopping; await this.pause()) {
      await this.run(userId);
      await this.tell(userId);
      const deletion = await this.deletions.find(userId);
      if (!deletion) return true;
      if (!deletion.isMailDue) return false;
    }
    return false;
  }

  /** Waits for none of them: one that takes long must not keep the next round from those that a dead process leaves. */
  private async round(): Promise<void> {
    const due = await this.deletions.findDue();
    const busy = new Set(this.running.values());
    for (const userId of due) if (!busy.has(userId)) this.begin(userId);
  }

  /** One that fails must not keep the others; the next round tries again. */
  private async runInTurn(userId: string): Promise<void> {
    try {
      await this.turns.run(() => this.run(userId));
      await this.mailTurns.run(() => this.tell(userId));
    } catch (error) {
      this.logger.error({ err: error, userId }, 'an account could not be deleted to the end just now');
    }
  }

  /** As far as it goes now, but for the mail; not at all while another process is at it. */
  private async run(userId: string): Promise<void> {
    if (this.isStopping) return;
    await this.jobs.alone(`account-deletion ${userId}`, async () => {
      for (let goesOn = true; goesOn && !this.isStopping;) {
        const deletion = await this.deletions.find(userId);
        goesOn = deletion !== null && deletion.stage !== 'removed' && (await this.steps[deletion.stage](deletion));
      }
    });
  }

  /** The last step, when it is time for it. */
  private async tell(userId: string): Promise<void> {
    if (this.isStopping) return;
    await this.jobs.alone(`account-deletion ${userId}`, async () => {
      const deletion = await this.deletions.find(userId);
      if (deletion?.stage === 'removed' && deletion.isMailDue) await this.tellOwner(deletion);
    });
  }

  private async destroyKeys({ userId }: PendingDeletion): Promise<GoesOn> {
    await this.rows.deleteShares(userId);
    await this.rows.vacuumKeys().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'old keys could not be vacuumed away');
    });
    return this.advance(userId, 'closed', 'shredded');
  }

  private async deleteRows({ userId }: PendingDeletion): Promise<GoesOn> {
    if (!(await this.rows.deleteFiles(userId, () => this.isStopping))) return false;
    await this.rows.deleteAccount(userId);
    return this.advance(userId, 'shredded', 'emptied');
  }

  /** An upload that was under way becomes no file, but its bytes are there until it notices. */
  private async removeBytes({ userId }: PendingDeletion): Promise<GoesOn> {
    for (let looks = 0; looks < LOOKS && !this.isStopping; looks++) {
      // What cannot be removed now is for the next round: nobody else has to wait for it.
      if (!(await this.sweeper.sweep(userId, () => this.isStopping))) return false;
      if (!(await this.sweeper.hasWorkFor(userId))) return this.advance(userId, 'emptied', 'removed');
      await this.pause();
    }
    return false;
  }

  /** The row stays until a mail server has the mail: it may come twice, but is never forgotten. */
  private async tellOwner(deletion: PendingDeletion): Promise<void> {
    const { userId } = deletion;
    const told = this.mail(deletion).then(async (isTaken) => {
      if (isTaken) await this.deletions.delete(userId);
      // What a stop leaves behind was not refused.
      else if (!this.isStopping) await this.deletions.noteMailFailure(userId);
      if (isTaken) this.logger.info({ userId, ...deletion.counts }, 'an account was deleted, and its owner told');
    });
    const end = told
      .catch((error: unknown) =>
        this.logger.error({ err: error, userId }, 'the mail about a deleted account may come again'),
      )
      .finally(() => this.ending.delete(end));
    this.ending.add(end);
    await Promise.race([end, this.stopped]);
  }

  private async mail(deletion: PendingDeletion): Promise<boolean> {
    const { userId, requestedBy, requestedAt, removedAt, counts, mailboxSealed } = deletion;
    return new Promise((resolve) => {
      this.mails.post(
        () => {
          const to = openValue(this.keyring.secret('mailbox'), mailboxContext(userId), mailboxSealed).toString();
          const { publicUrl } = this.config;
          const backupDays = this.config.get('BACKUP_RETENTION_DAYS');
          const ended = removedAt ?? new Date();
          return deletionMail({ to, requestedBy, requestedAt, removedAt: ended, counts, backupDays, publicUrl });
        },
        { mail: 'account deleted' },
        { taken: () => resolve(true), lost: () => resolve(false) },
      );
    });
  }

  private async advance(userId: string, from: DeletionStage, to: DeletionStage): Promise<GoesOn> {
    await this.deletions.advance(userId, from, to);
    this.logger.info({ userId, stage: to }, 'the deletion of an account goes on');
    return true;
  }

  private get isStopping(): boolean {
    return this.stop.signal.aborted;
  }

  /** Shorter when a stop is asked for. */
  private async pause(): Promise<void> {
    await delay(LOOK_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }
}
