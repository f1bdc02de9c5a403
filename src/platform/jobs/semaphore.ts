/** Lets a few pieces of work run at a time; the others wait, in the order in which they came. */
export class Semaphore {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param atOnce how many may run at the same time */
  constructor(atOnce: number) {
    this.free = atOnce;
  }

  /** How many wait for their turn. */
  get queued(): number {
    return this.waiting.length;
  }

  /** @returns what `work` returns, once it has had its turn */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((turn) => this.waiting.push(turn));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
