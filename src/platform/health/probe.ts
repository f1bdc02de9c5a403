import { setTimeout as delay } from 'node:timers/promises';

/** What a probe says of something that hangs. */
export class ProbeTimeout extends Error {
  override readonly name = 'ProbeTimeout';
}

/**
 * Finds out whether one thing is there, in bounded time. Whoever asks while a look is under way shares it: something that hangs is asked
 * once, however often a load balancer comes.
 */
export class Probe {
  private running?: Promise<unknown>;

  /** @param patienceMs how long an answer may take */
  constructor(
    private readonly look: () => Promise<unknown>,
    private readonly patienceMs: number,
  ) {}

  /** @throws whatever the look throws; {@link ProbeTimeout} when it takes too long */
  async check(): Promise<void> {
    this.running ??= this.look().finally(() => (this.running = undefined));
    const over = new AbortController();
    const late = delay(this.patienceMs, undefined, { signal: over.signal }).then(() => {
      throw new ProbeTimeout(`no answer within ${this.patienceMs} ms`);
    });
    try {
      await Promise.race([this.running, late]);
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
  }
}
