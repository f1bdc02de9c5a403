import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { isForeignKeyViolation } from '../../platform/database/prepared-statements';
import type { Position } from '../../platform/http/cursor';
import type { Principal } from '../../platform/http/principal';
import { RetentionService } from '../../platform/jobs/retention.service';
import { LOGGER } from '../../platform/logging/logging.module';
import { MailQueue } from '../../platform/mail/mail-queue.service';
import { UsersService } from '../users.service';
import { alertMail } from './alert-mail';
import type { SecurityEventEntity } from './security-event.entity';
import { SecurityEventsRepository } from './security-events.repository';

/** What the security log knows; part of the API. Later rooms add theirs. */
export const SECURITY_EVENTS = [
  'account.created',
  'account.disabled',
  'account.enabled',
  'account.exported',
  'session.started',
  'session.ended',
  'session.reauthenticated',
  'device.new',
  'device.trusted',
  'device.removed',
  'pin.wrong',
  'pin.step_up',
  'email.changed',
  'folder.locked',
  'folder.unlocked',
  'folder.wrong_password',
  'folder.password_changed',
  'folder.recovered',
  'folder.lock_removed',
  'folder.purged',
  'share.opened',
  'share.wrong_password',
  'share.suspended',
] as const;

export type SecurityEventKind = (typeof SECURITY_EVENTS)[number];

/** Something that the owner of an account may want to know. */
export interface SecurityEvent {
  readonly userId: string;
  readonly kind: SecurityEventKind;
  readonly ip?: string | null;
  /** The name or the label of the device that did it. */
  readonly device?: string | null;
}

export interface SecurityEventPage {
  readonly events: SecurityEventEntity[];
  readonly next: Position | null;
}

/** How long what is noted waits, in milliseconds: at least, and less than. */
const DELAY_MS: [number, number] = [20, 200];
/** Characters; labels of devices are no longer, user agents are. */
const DEVICE_LENGTH = 128;

/** The security log of each account: other rooms write, its owner reads. */
@Injectable()
export class SecurityLog implements OnModuleInit, OnApplicationShutdown {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly config: AppConfig,
    private readonly events: SecurityEventsRepository,
    private readonly users: UsersService,
    private readonly mails: MailQueue,
    private readonly retention: RetentionService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.retention.register({
      what: 'security events',
      days: this.config.get('RETENTION_EVENT_DAYS'),
      purge: (days) => this.events.deleteOlderThan(days),
    });
    this.retention.register({
      what: 'addresses of security events',
      days: this.config.get('RETENTION_IP_DAYS'),
      purge: (days) => this.events.forgetAddressesOlderThan(days),
    });
  }

  /** Writes an event down; inside `tx` when it must stand or fall with something else. */
  async record(event: SecurityEvent, tx?: EntityManager): Promise<void> {
    await this.insert(event, tx);
  }

  /** The same, after the answer and without one: whatever goes wrong is logged. */
  note(event: SecurityEvent): void {
    this.afterwards(event, async () => void (await this.insert(event)));
  }

  /**
   * Writes an event down and mails its owner, after the answer; whatever goes wrong is logged.
   * @param isQuiet whether the owner has been told often enough: then it is only written down
   */
  alert(event: SecurityEvent, isQuiet: () => Promise<boolean> = () => Promise.resolve(false)): void {
    this.afterwards(event, async () => {
      const { id, at } = await this.insert(event);
      if ((await isQuiet()) || !(await this.users.isOpen(event.userId))) return;
      const { userId, kind, ip = null, device = null } = event;
      // Opened before the mail waits for its turn: at a stop, the database may be closed by then.
      const address = this.users.emailOf(userId);
      await Promise.allSettled([address]);
      const { publicUrl } = this.config;
      this.mails.post(async () => alertMail({ to: await address, kind, at, ip, device, publicUrl }), { event: id });
    });
  }

  /** The newest first. */
  async list(principal: Principal, page: { limit: number; after?: Position }): Promise<SecurityEventPage> {
    const rows = await this.events.findPage(principal.userId, page.limit + 1, page.after);
    const events = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? events.at(-1) : undefined;
    return { events, next: last ? { at: last.createdAt, id: last.id } : null };
  }

  /** Before the database is closed. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.running);
  }

  private async insert(
    { userId, kind, ip = null, device = null }: SecurityEvent,
    tx?: EntityManager,
  ): Promise<{ id: string; at: Date }> {
    const id = uuidv7();
    const short = device && [...device].slice(0, DEVICE_LENGTH).join('');
    return { id, at: await this.events.insert({ id, userId, kind, ip, device: short }, tx) };
  }

  private afterwards({ kind, userId }: SecurityEvent, work: () => Promise<void>): void {
    // At random, so that the work does not slow down the next request of whoever wants to know whether there was any.
    const run = sleep(randomInt(...DELAY_MS))
      .then(work)
      .catch((error: unknown) => {
        // Of an account that was deleted meanwhile nothing is kept, and nobody is to be told.
        if (isForeignKeyViolation(error)) return;
        this.logger.error({ err: error, kind, userId }, 'a security event was lost');
      })
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }
}
