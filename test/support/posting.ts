import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../src/platform/logging/logger';
import { MAIL_PACE, MailQueue, type MailPace, type PostOptions } from '../../src/platform/mail/mail-queue.service';
import type { Mail } from '../../src/platform/mail/mailer';
import { SmtpMailer } from '../../src/platform/mail/smtp.mailer';
import { LogLines } from './log-lines';
import { MailServer } from './mail-server';

/** The usual pace, with waits that a test can sit out. */
export const PACE: MailPace = { ...MAIL_PACE, delayMs: [1, 5], retryMs: [50, 100, 2000] };

export const PIN = '0427';

export function mailFor(to: string): Mail {
  return { to, subject: 'Your PIN', text: `    ${PIN}`, html: `<p>${PIN}</p>`, logLine: `PIN ${PIN} for ${to}` };
}

/** What a test stops at its end. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** A queue in front of a real mail server. */
export class Posting {
  readonly log = new LogLines();
  readonly queue: MailQueue;

  private constructor(
    readonly server: MailServer,
    pace: Partial<MailPace> | null = {},
  ) {
    const mailer = new SmtpMailer(server.url, 'vault@example.com', 'https://photos.example.com');
    this.queue = new MailQueue(
      mailer,
      createLogger('trace', this.log),
      pace === null ? undefined : { ...PACE, ...pace },
    );
  }

  /** @param pace what differs from the usual pace; null for that of a server. Both end when `opened` is stopped, last one first. */
  static async open(opened: Stoppable[], pace?: Partial<MailPace> | null): Promise<Posting> {
    const server = await MailServer.start();
    const posting = new Posting(server, pace);
    opened.push(server, posting);
    return posting;
  }

  post(to: string, about: Record<string, string> = {}, options?: PostOptions): void {
    this.queue.post(() => mailFor(to), about, options);
  }

  /** Posts mails to `stranger<i>@example.com`. @returns the numbers of those that are lost, as they are */
  postToStrangers(count: number): number[] {
    const lost: number[] = [];
    for (let i = 0; i < count; i++) {
      this.post(`stranger${i}@example.com`, { challenge: `c-${i}` }, { lost: () => lost.push(i), stranger: true });
    }
    return lost;
  }

  /** From now on the server takes `ms` for each mail. */
  slowDown(ms: number): void {
    Object.defineProperty(this.server, 'dawdles', { get: () => delay(ms, undefined, { ref: false }) });
  }

  /** How often a mail for somebody has arrived. */
  arrivals(to: string): number {
    return this.server.mails.filter(({ envelope }) => envelope.to.includes(to)).length;
  }

  /** What the log says, without times. */
  get said(): Record<string, unknown>[] {
    return this.log.lines.map((line) => ({ ...(JSON.parse(line) as Record<string, unknown>), time: undefined }));
  }

  /** As an application that is asked to stop. */
  async stop(): Promise<void> {
    await this.queue.beforeApplicationShutdown();
    await this.queue.onApplicationShutdown();
  }
}
