import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisConnection } from '../../redis/redis-connection';
import { type RateState, tooMany } from './rate-limit-headers';

/** Length of every window, in seconds. It begins with a client's first request. */
export const WINDOW_SECONDS = 60;

/** What a policy grants each of its clients in a window. */
export interface RatePolicy {
  /** Part of the API: clients read it in the headers. */
  readonly name: string;
  /** Units. */
  readonly quota: number;
}

/**
 * One policy, counted in this process and, while Redis is there, for all processes together. This process counts in either case, and the
 * stricter of the two decides: so N processes never grant more than N times the quota, whenever and however often Redis comes and goes.
 * The library's own `insuranceLimiter` begins at nothing each time that Redis goes.
 */
export class RateLimiter {
  private readonly here: RateLimiterMemory;
  private readonly everywhere: RateLimiterRedis | null;

  constructor(
    private readonly policy: RatePolicy,
    private readonly redis: RedisConnection,
  ) {
    const options = { points: policy.quota, duration: WINDOW_SECONDS };
    this.here = new RateLimiterMemory(options);
    this.everywhere =
      redis.client &&
      new RateLimiterRedis({
        ...options,
        storeClient: redis.client,
        keyPrefix: `pv:rate:${policy.name}`,
        rejectIfRedisNotReady: true,
        // A client that every process together has refused costs Redis nothing more in this window.
        inMemoryBlockOnConsumed: policy.quota,
      });
  }

  /**
   * Takes units from a client's allowance.
   * @param units more than the quota count as the quota, so that no limit is so low that it shuts a route
   * @throws {AppError} 429 `REQUEST.TOO_MANY` when they are not there
   */
  async take(key: string, units: number): Promise<RateState> {
    const affordable = Math.min(units, this.policy.quota);
    const here = await this.consume(this.here, key, affordable);
    if (!here.granted) throw tooMany(here.state);
    const everywhere = await this.consumeEverywhere(key, affordable);
    if (!everywhere) return here.state;
    if (!everywhere.granted) throw tooMany(everywhere.state);
    return stricter(here.state, everywhere.state);
  }

  /** Drops what this process has counted for a client that turned out to be none. */
  forget(key: string): void {
    void this.here.delete(key);
  }

  private async consumeEverywhere(key: string, units: number): Promise<Consumed | null> {
    if (!this.everywhere || !this.redis.isUp) return null;
    try {
      return await this.consume(this.everywhere, key, units);
    } catch (error) {
      this.redis.failed(error);
      return null;
    }
  }

  private async consume(limiter: RateLimiterMemory | RateLimiterRedis, key: string, units: number): Promise<Consumed> {
    try {
      return { granted: true, state: rateState(this.policy, await limiter.consume(key, units)) };
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      return { granted: false, state: rateState(this.policy, refused) };
    }
  }
}

interface Consumed {
  readonly granted: boolean;
  readonly state: RateState;
}

/** What the headers say of a policy. */
export function rateState({ name, quota }: RatePolicy, { remainingPoints, msBeforeNext }: RateLimiterRes): RateState {
  return {
    policy: name,
    quota,
    window: WINDOW_SECONDS,
    remaining: remainingPoints,
    reset: Math.max(0, Math.ceil(msBeforeNext / 1000)),
  };
}

/** The one that promises less. */
function stricter(one: RateState, other: RateState): RateState {
  if (one.remaining !== other.remaining) return one.remaining < other.remaining ? one : other;
  return one.reset > other.reset ? one : other;
}
