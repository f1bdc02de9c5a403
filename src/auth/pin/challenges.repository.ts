import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { LoginChallengeEntity } from './login-challenge.entity';

type NewChallenge = Omit<LoginChallengeEntity, 'attempts' | 'codeAttempts' | 'createdAt' | 'expiresAt' | 'consumedAt'>;

/** Nobody has used it and its time is not over; how many guesses it still takes is another question. */
const PENDING = 'consumed_at IS NULL AND expires_at > clock_timestamp()';

/** Challenges; time is always the database's. */
@Injectable()
export class ChallengesRepository {
  constructor(@InjectRepository(LoginChallengeEntity) private readonly rows: Repository<LoginChallengeEntity>) {}

  /** Writes a challenge down in the place of the one that its requester had. */
  async replace(tx: EntityManager, challenge: NewChallenge, ttlSeconds: number): Promise<void> {
    await tx.query('DELETE FROM login_challenges WHERE requester_hash = $1 AND consumed_at IS NULL', [
      challenge.requesterHash,
    ]);
    await tx.insert(LoginChallengeEntity, {
      ...challenge,
      expiresAt: () => `clock_timestamp() + make_interval(secs => ${Number(ttlSeconds)})`,
    });
  }

  /** A challenge that has not been used and is not over; it may be out of guesses. */
  async findPending(tx: EntityManager, idHash: Buffer): Promise<LoginChallengeEntity | null> {
    return tx
      .createQueryBuilder(LoginChallengeEntity, 'challenge')
      .where('challenge.idHash = :idHash', { idHash })
      .andWhere(PENDING)
      .getOne();
  }

  /** Whether a trusted device has asked, which has a budget of its own. */
  async isOfTrustedDevice(idHash: Buffer): Promise<boolean> {
    return this.rows
      .createQueryBuilder('challenge')
      .where('challenge.idHash = :idHash AND challenge.trustedDeviceId IS NOT NULL', { idHash })
      .andWhere(PENDING)
      .getExists();
  }

  /**
   * Counts a guess at the PIN and, when it is right, uses the challenge up: one statement, because a SELECT before an UPDATE lets parallel
   * right guesses all pass.
   * @returns null when the challenge is unknown, used, out of guesses or expired (nothing was compared); else whether it was right
   */
  async consumeByPin(tx: EntityManager, idHash: Buffer, pinMac: Buffer, deviceHash: Buffer): Promise<boolean | null> {
    const [rows] = await tx.query<[{ ok: boolean }[], number]>(
      `UPDATE login_challenges
          SET attempts = attempts + 1,
              consumed_at = CASE WHEN pin_mac = $2 AND device_hash = $3 THEN clock_timestamp() END
        WHERE id_hash = $1 AND attempts < max_attempts AND ${PENDING}
        RETURNING (consumed_at IS NOT NULL) AS ok`,
      [idHash, pinMac, deviceHash],
    );
    return rows[0]?.ok ?? null;
  }

  /**
   * Counts a guess at the longer code. `codeMac` is compared when the challenge has a code of its own; else the caller compares it with the
   * account's, while this statement's lock keeps every other guess at the challenge waiting.
   * @returns null when nothing may be compared; else whether the challenge's own code was given, by the device that asked
   */
  async countCodeGuess(
    tx: EntityManager,
    guess: { idHash: Buffer; codeMac: Buffer; deviceHash: Buffer; limit: number },
  ): Promise<{ sameDevice: boolean; ownCode: boolean } | null> {
    const [rows] = await tx.query<[{ sameDevice: boolean; ownCode: boolean }[], number]>(
      `UPDATE login_challenges SET code_attempts = code_attempts + 1
        WHERE id_hash = $1 AND code_attempts < $4 AND ${PENDING}
        RETURNING device_hash = $3 AS "sameDevice", pin_mac = $2 AS "ownCode"`,
      [guess.idHash, guess.codeMac, guess.deviceHash, guess.limit],
    );
    return rows[0] ?? null;
  }

  /** Uses a challenge up that {@link countCodeGuess} has locked. */
  async consumeByCode(tx: EntityManager, idHash: Buffer): Promise<void> {
    await tx.query('UPDATE login_challenges SET consumed_at = clock_timestamp() WHERE id_hash = $1', [idHash]);
  }

  /** Ends everything that an account has asked for: a PIN in a mailbox that is no longer its own must open nothing. */
  async deletePendingOf(tx: EntityManager, userId: string): Promise<void> {
    await tx.query('DELETE FROM login_challenges WHERE user_id = $1 AND consumed_at IS NULL', [userId]);
  }

  /** Challenges are kept for a while after their end, for whoever looks into a complaint. @returns how many went */
  async deleteExpired(keepDays: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM login_challenges WHERE id IN
         (SELECT id FROM login_challenges WHERE expires_at < clock_timestamp() - make_interval(days => $1)
             FOR UPDATE SKIP LOCKED)`,
      [keepDays],
    );
    return count;
  }
}
