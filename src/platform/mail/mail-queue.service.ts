import { randomInt } from 'node:crypto';
import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { MailError } from './mail-error';
import { type LanePace, MailLane, type Post } from './mail-lane';
import type { Mailer } from './mailer';

/** How the queue takes its time. */
export interface MailPace {
  /** A mail is begun after a random time between these, in milliseconds. */
  readonly delayMs: readonly [least: number, most: number];
  /** When a mail is tried again that was not taken for now, in milliseconds after each failure. */
  readonly retryMs: readonly number[];
  /** Mails to accounts; `atOnce` is for all mails together. */
  readonly owners: LanePace;
  /** Mails to addresses without an account. What they have less at once is kept free for owners. */
  readonly strangers: LanePace;
  /** How long a stop waits for mails, in milliseconds. */
  readonly stopMs: number;
}

/** The pace of a server. */
export const MAIL_PACE: MailPace = {
  delayMs: [20, 200],
  retryMs: [2_000, 10_000, 30_000],
  owners: { waiting: 1000, atOnce: 4 },
  strangers: { waiting: 200, atOnce: 3 },
  stopMs: 5_000,
};

/** Whose a mail is, and what its loss means. */
export interface PostOptions {
  /**
   * Runs once, when the mail was given up, dropped or left behind by a stop, for what must not wait for it in vain. While the database
   * is still there, unless the mail was posted when the stop had begun. Must not throw.
   */
  readonly lost?: () => void;
  /** Runs once, when the next hop has taken the mail, unless it counts as lost by then. Must not throw. */
  readonly taken?: () => void;
  /** To an address without an account: anybody can cause as many of these as they like. */
  readonly stranger?: boolean;
}

/**
 * Sends mails after the answer, and tries again while the mail server is away. In memory: what a stop or a crash takes, somebody asks
 * for again. The log learns what became of a mail, never what it said or to whom. Mails to strangers wait in a lane of their own: however
 * many there are, they neither push out nor hold up what an owner waits for.
 */
export class MailQueue implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly owners: MailLane;
  private readonly strangers: MailLane;
  private readonly lanes: readonly MailLane[];
  private serverAway = false;
  private stopping = false;
  private outOfTime = false;
  private unsent = 0;
  private whenIdle?: () => void;

  constructor(
    private readonly mailer: Mailer,
    private readonly logger: Logger,
    private readonly pace: MailPace = MAIL_PACE,
  ) {
    this.owners = new MailLane('owners', pace.owners);
    this.strangers = new MailLane('strangers', pace.strangers);
    this.lanes = [this.owners, this.strangers];
  }

  /**
   * @param make the mail, or null for none; called later, so that neither opening an address nor writing a mail takes time that an answer
   * would show
   * @param about what the log may say of it: never an address, a PIN or a code
   */
  post(make: Post['make'], about: Post['about'], options: PostOptions = {}): void {
    const { lost = () => undefined, taken = () => undefined, stranger } = options;
    const lane = stranger ? this.strangers : this.owners;
    const { name } = lane;
    if (lane.isFull) {
      if (lane.dropped++ === 0) {
        this.logger.error({ ...about, lane: name }, 'too many mails are waiting: new ones are dropped');
      }
      lost();
      return;
    }
    // Not when one of them has gone: a flood would be two lines for each mail that is sent.
    if (lane.dropped > 0 && lane.isHalfEmpty) {
      this.logger.error({ dropped: lane.dropped, lane: name }, 'mails were dropped; there is room again');
      lane.dropped = 0;
    }
    const [least, most] = this.pace.delayMs;
    this.later({ lane, make, about, lost, taken, failures: 0, isLost: false }, randomInt(least, most + 1));
  }

  /** Mails get a little time while everything that they need is still there; none is tried again. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const lane of this.lanes) this.leave(lane.removeRetries());
    await this.finish();
  }

  /** The same for the mails of requests that have ended in between. */
  async onApplicationShutdown(): Promise<void> {
    await this.finish();
    if (this.unsent > 0) this.logger.error({ mails: this.unsent }, 'stopped before all mails were sent');
    this.mailer.close();
  }

  private later(post: Post, ms: number): void {
    post.lane.add(post, ms, () => this.next());
  }

  private next(): void {
    for (let post = this.take(); post; post = this.take()) {
      const { lane } = post;
      void this.send(post).finally(() => {
        lane.done(post);
        this.next();
      });
    }
    if (this.isIdle) this.whenIdle?.();
  }

  private take(): Post | undefined {
    const isFree = this.owners.sending + this.strangers.sending < this.pace.owners.atOnce;
    return isFree ? (this.owners.take() ?? this.strangers.take()) : undefined;
  }

  /** Never rejects. */
  private async send(post: Post): Promise<void> {
    try {
      const mail = (post.mail ??= (await post.make()) ?? undefined);
      if (!mail) return;
      await this.mailer.send(mail);
      if (this.serverAway) this.logger.info('mails are taken again');
      this.serverAway = false;
      if (!post.isLost) post.taken();
    } catch (error) {
      this.failed(post, error);
    }
  }

  private failed(post: Post, error: unknown): void {
    if (post.isLost) return;
    const wait = this.pace.retryMs[post.failures++];
    if (error instanceof MailError && !error.permanent && wait !== undefined && !this.stopping) {
      // One line for an outage, not one for each mail in it.
      if (!this.serverAway) this.logger.warn({ codes: error.codes }, 'a mail was not taken for now; trying again');
      this.serverAway = true;
      this.later(post, wait);
      return;
    }
    const why = error instanceof MailError ? { codes: error.codes } : { err: error };
    this.logger.error({ ...post.about, ...why }, 'a mail could not be sent; who waits for a PIN may ask for a new one');
    this.lose(post);
  }

  private lose(post: Post): void {
    post.isLost = true;
    post.lost();
  }

  /** What a stop leaves behind. One that is being sent may still arrive, but nobody waits to see. */
  private leave(posts: Post[]): void {
    for (const post of posts) {
      if (post.isLost) continue;
      this.unsent++;
      this.lose(post);
    }
  }

  /** Waits until nothing is left to do or the time is up, which the second step of a stop does not wait for again. */
  private async finish(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.outOfTime && !this.isIdle) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
        timer = setTimeout(resolve, this.pace.stopMs);
      });
    }
    clearTimeout(timer);
    this.outOfTime = !this.isIdle;
    for (const lane of this.lanes) {
      this.leave(lane.unfinished);
      lane.clear();
    }
  }

  private get isIdle(): boolean {
    return this.lanes.every((lane) => lane.isIdle);
  }
}
