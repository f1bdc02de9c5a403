import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { LoginChallengeEntity } from './login-challenge.entity';

type NewChallenge = Pick<
  LoginChallengeEntity,
  'id' | 'idHash' | 'userId' | 'emailBidx' | 'mailboxSealed' | 'deviceHash' | 'pinMac' | 'maxAttempts'
>;

/** Challenges; time is always the database's. */
@Injectable()
export class ChallengesRepository {
  constructor(@InjectRepository(LoginChallengeEntity) private readonly rows: Repository<LoginChallengeEntity>) {}

  async insert(challenge: NewChallenge, ttlSeconds: number): Promise<void> {
    await this.rows.insert({
      ...challenge,
      expiresAt: () => `clock_timestamp() + make_interval(secs => ${Number(ttlSeconds)})`,
    });
  }

  /** What the PIN of a challenge is bound to; says nothing about whether it is still good. */
  async findByIdHash(tx: EntityManager, idHash: Buffer): Promise<LoginChallengeEntity | null> {
    return tx.findOneBy(LoginChallengeEntity, { idHash });
  }

  /**
   * Counts a guess and, when it is right, uses the challenge up: one statement, because a SELECT before an UPDATE lets parallel
   * right guesses all pass.
   * @returns null when the challenge is unknown, used, out of guesses or expired (nothing was compared); else whether it was right
   */
  async consume(tx: EntityManager, idHash: Buffer, pinMac: Buffer, deviceHash: Buffer): Promise<boolean | null> {
    const [rows] = await tx.query<[{ ok: boolean }[], number]>(
      `UPDATE login_challenges
          SET attempts = attempts + 1,
              consumed_at = CASE WHEN pin_mac = $2 AND device_hash = $3 THEN clock_timestamp() END
        WHERE id_hash = $1 AND consumed_at IS NULL AND attempts < max_attempts AND expires_at > clock_timestamp()
        RETURNING (consumed_at IS NOT NULL) AS ok`,
      [idHash, pinMac, deviceHash],
    );
    return rows[0]?.ok ?? null;
  }

  /** Challenges are kept for a day, for whoever looks into a complaint. */
  async deleteExpired(keepDays: number): Promise<void> {
    await this.rows.query(
      'DELETE FROM login_challenges WHERE expires_at < clock_timestamp() - make_interval(days => $1)',
      [keepDays],
    );
  }
}
