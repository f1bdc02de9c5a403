import type { Mail } from './mailer';

/** A mail that was posted. */
export interface Post {
  readonly lane: MailLane;
  readonly make: () => Mail | null | Promise<Mail | null>;
  readonly about: Readonly<Record<string, string>>;
  readonly lost: () => void;
  readonly taken: () => void;
  /** Once it is made: a mail that is tried again is the same mail. */
  mail?: Mail;
  failures: number;
  isLost: boolean;
}

/** How many mails of one kind there may be. */
export interface LanePace {
  /** Mails that may wait at the same time. */
  readonly waiting: number;
  /** Mails that are made and sent at the same time. */
  readonly atOnce: number;
}

/** The mails of one kind, in order: those that wait until they are due, those that wait for a sender, and those that are being sent. */
export class MailLane {
  /** Mails that found no room since it was half empty. */
  dropped = 0;
  private readonly timers = new Map<Post, NodeJS.Timeout>();
  private readonly due: Post[] = [];
  private readonly running = new Set<Post>();

  /** @param name what the log calls it */
  constructor(
    readonly name: string,
    private readonly pace: LanePace,
  ) {}

  get isFull(): boolean {
    return this.waiting >= this.pace.waiting;
  }

  get isHalfEmpty(): boolean {
    return this.waiting <= this.pace.waiting / 2;
  }

  /** How many are being sent. */
  get sending(): number {
    return this.running.size;
  }

  get isIdle(): boolean {
    return this.waiting + this.running.size === 0;
  }

  get unfinished(): Post[] {
    return [...this.running, ...this.due, ...this.timers.keys()];
  }

  /** Waits `ms`, then for a sender, and says that it does. A mail that is tried again waits even in a full lane. */
  add(post: Post, ms: number, whenDue: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(post);
      this.due.push(post);
      whenDue();
    }, ms);
    this.timers.set(post, timer);
  }

  /** The next one to send, until it is `done`; undefined when none is due, or as many as may be are being sent. */
  take(): Post | undefined {
    const post = this.running.size < this.pace.atOnce ? this.due.shift() : undefined;
    if (post) this.running.add(post);
    return post;
  }

  done(post: Post): void {
    this.running.delete(post);
  }

  /** Takes out those that wait to be tried again. */
  removeRetries(): Post[] {
    const retries = [...this.timers.keys()].filter(({ failures }) => failures > 0);
    for (const post of retries) this.removeTimer(post);
    return retries;
  }

  /** Takes out all that wait. */
  clear(): void {
    for (const post of this.timers.keys()) this.removeTimer(post);
    this.due.length = 0;
  }

  private get waiting(): number {
    return this.timers.size + this.due.length;
  }

  private removeTimer(post: Post): void {
    clearTimeout(this.timers.get(post));
    this.timers.delete(post);
  }
}
