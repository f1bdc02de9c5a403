import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { tooMany } from './rate-limit-headers';
import { rateState, type RatePolicy, WINDOW_SECONDS } from './rate-limiter';

/** Sessions that are remembered as real; their keys are small. */
const KNOWN_SESSIONS = 10_000;

/**
 * How a request with a token ended: it proved a session, it was refused, its client left before anybody knew, or it failed on other
 * grounds.
 */
export type GuessOutcome = 'proved' | 'refused' | 'abandoned' | 'undecided';

/**
 * Lets no network try made-up tokens without end: each would have an allowance of its own, and cost a look into the database. A token is
 * paid for by its network before that look, and what was spent on a real one is given back. Tokens that were real the last time do not
 * depend on what others of their network do. Counts in memory, in each process for itself.
 */
export class TokenGuesses {
  private readonly spent: RateLimiterMemory;
  /** In the order of their last use. */
  private readonly known = new Set<string>();

  constructor(private readonly policy: RatePolicy) {
    this.spent = new RateLimiterMemory({ points: policy.quota, duration: WINDOW_SECONDS });
  }

  /**
   * @param key of the token
   * @returns to be told the outcome
   * @throws {AppError} 429 `REQUEST.TOO_MANY` when the network has used up what it may try
   */
  async begin(network: string, key: string): Promise<(outcome: GuessOutcome) => void> {
    if (this.known.has(key)) {
      return (outcome) => {
        if (outcome === 'proved') this.remember(key);
        if (outcome !== 'refused') return;
        this.known.delete(key);
        void this.spent.penalty(network);
      };
    }
    const refundableUntil = Date.now() + (await this.spend(network));
    return (outcome) => {
      if (outcome === 'proved') this.remember(key);
      const isReal = outcome === 'proved' || outcome === 'undecided';
      if (isReal && Date.now() < refundableUntil) void this.spent.reward(network);
    };
  }

  /** @returns milliseconds until the network's allowance is full again */
  private async spend(network: string): Promise<number> {
    try {
      return (await this.spent.consume(network)).msBeforeNext;
    } catch (refused) {
      throw refused instanceof RateLimiterRes ? tooMany(rateState(this.policy, refused)) : refused;
    }
  }

  private remember(key: string): void {
    this.known.delete(key);
    this.known.add(key);
    if (this.known.size > KNOWN_SESSIONS) this.known.delete(this.known.values().next().value as string);
  }
}
