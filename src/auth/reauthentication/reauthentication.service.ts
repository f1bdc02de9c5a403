import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../../platform/config/app-config';
import { noSession } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { SecurityLog } from '../../users/events/security-log.service';
import { PinGuessesService } from '../pin/pin-guesses.service';
import type { Challenge } from '../pin/new-challenges';
import { PinRequestsService } from '../pin/pin-requests.service';
import { SessionsRepository } from '../sessions/sessions.repository';

/** A PIN, and where it came from. */
export interface Proof {
  readonly challengeId: string;
  readonly pin: string;
  readonly ip: string;
}

/** A fresh PIN for somebody who is signed in: whoever finds a session open may look, but not take the account away. */
@Injectable()
export class ReauthenticationService {
  constructor(
    private readonly config: AppConfig,
    private readonly requests: PinRequestsService,
    private readonly guesses: PinGuessesService,
    private readonly sessions: SessionsRepository,
    private readonly log: SecurityLog,
  ) {}

  /** @throws {AppError} `REQUEST.TOO_MANY` */
  async request(principal: Principal, from: { ip: string }): Promise<Challenge> {
    return this.requests.requestReauthentication(principal, from);
  }

  /**
   * Makes the session fresh. Wrong PINs are counted, and the last of `REAUTHENTICATION_WRONG_LIMIT` ends the session.
   * @throws {AppError} `AUTH.PIN_REFUSED`; `AUTH.SESSION_REQUIRED` when the session has ended meanwhile; `REQUEST.TOO_MANY`
   */
  async prove(principal: Principal, proof: Proof): Promise<void> {
    const { userId, sessionId } = principal;
    await this.guesses.redeem(
      { ...proof, purpose: 'reauthentication', sessionId },
      async (tx) => {
        const device = await this.sessions.prove(tx, sessionId);
        if (device === null) throw noSession();
        await this.log.record({ userId, kind: 'session.reauthenticated', ip: proof.ip, device }, tx);
      },
      (tx) => this.countWrong(tx, principal, proof.ip),
    );
  }

  private async countWrong(tx: EntityManager, { userId, sessionId }: Principal, ip: string): Promise<void> {
    const limit = this.config.get('REAUTHENTICATION_WRONG_LIMIT');
    const device = await this.sessions.countWrongProof(tx, sessionId, limit);
    if (device !== null) await this.log.record({ userId, kind: 'session.ended', ip, device }, tx);
  }
}
