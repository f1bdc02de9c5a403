import { hash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { AppConfig } from '../../config/app-config';
import { RedisConnection } from '../../redis/redis-connection';
import { ACCESS, type AccessLabel } from '../access.decorator';
import { clientNetwork } from '../client-network';
import type { AuthenticatedRequest } from '../principal';
import { sessionCredentials } from '../session-credentials';
import { rateLimitHeaders, type RateState } from './rate-limit-headers';
import { RateLimiter } from './rate-limiter';
import { type NetworkPolicy, RATE_POLICY } from './rate-policy.decorator';
import { RATE_WEIGHT } from './rate-weight.decorator';
import { type GuessOutcome, TokenGuesses } from './token-guesses';

/** Before its route's own guard has seen it, a request has no session. */
type IncomingRequest = Partial<Pick<AuthenticatedRequest, 'user'>> & Omit<AuthenticatedRequest, 'user'>;

/**
 * Global, and before the guard that looks sessions up: who has used up an allowance costs no database. A request is counted for the session
 * that it shows, else for its client's network. Visitors of shares have one allowance for each network, whatever they show: it costs nothing
 * to be one of them.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly sessions: RateLimiter;
  private readonly networks: Readonly<Record<NetworkPolicy, RateLimiter>>;
  private readonly guesses: TokenGuesses;

  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
    redis: RedisConnection,
  ) {
    const [quota, publicQuota] = [config.get('RATE_LIMIT_PER_MINUTE'), config.publicRatePerMinute];
    this.sessions = new RateLimiter({ name: 'session', quota }, redis);
    this.networks = {
      public: new RateLimiter({ name: 'public', quota: publicQuota }, redis),
      share: new RateLimiter({ name: 'share', quota: config.get('RATE_LIMIT_SHARE_PER_MINUTE') }, redis),
    };
    this.guesses = new TokenGuesses({ name: 'unauthenticated', quota: publicQuota });
  }

  /** @throws {AppError} 429 `REQUEST.TOO_MANY` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const units = this.labelOf<number>(context, RATE_WEIGHT) ?? 1;
    if (units === 0) return true;
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<IncomingRequest>(), http.getResponse<Response>()];
    const label = this.labelOf<AccessLabel>(context, ACCESS);
    const policy = this.labelOf<NetworkPolicy>(context, RATE_POLICY) ?? (label === 'share' ? 'share' : 'public');
    const isOwners = label !== 'public' && label !== 'share';
    const credentials = isOwners ? sessionCredentials(request, this.config.isPublicUrlSecure) : null;
    const state = credentials
      ? await this.takeFromSession(credentials.token, units, request, response)
      : await this.networks[policy].take(clientNetwork(request.ip), units);
    response.set(rateLimitHeaders(state));
    return true;
  }

  private async takeFromSession(
    token: string,
    units: number,
    request: IncomingRequest,
    response: Response,
  ): Promise<RateState> {
    // Redis must not learn tokens, and no memory needs to.
    const key = hash('sha256', token, 'base64url');
    const settle = await this.guesses.begin(clientNetwork(request.ip), key);
    response.once('close', () => {
      const outcome = outcomeOf(request, response);
      settle(outcome);
      if (outcome === 'refused') this.sessions.forget(key);
    });
    return this.sessions.take(key, units);
  }

  private labelOf<T>(context: ExecutionContext, name: string): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(name, [context.getHandler(), context.getClass()]);
  }
}

/** A 401 of a request with a session is about something else than the session, such as a PIN. */
function outcomeOf(request: IncomingRequest, response: Response): GuessOutcome {
  if (request.user) return 'proved';
  if (!response.writableFinished) return 'abandoned';
  return response.statusCode === 401 ? 'refused' : 'undecided';
}
