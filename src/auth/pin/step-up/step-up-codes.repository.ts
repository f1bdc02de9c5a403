import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { StepUpCodeEntity } from './step-up-code.entity';

/** The one code of each address that is in step-up. */
@Injectable()
export class StepUpCodesRepository {
  constructor(@InjectRepository(StepUpCodeEntity) private readonly rows: Repository<StepUpCodeEntity>) {}

  /** @returns when the new code ends, or null when an earlier one is still good and stays */
  async insertUnlessGood(
    tx: EntityManager,
    { emailBidx, codeMac }: Pick<StepUpCodeEntity, 'emailBidx' | 'codeMac'>,
    ttlSeconds: number,
  ): Promise<Date | null> {
    const rows = await tx.query<{ expiresAt: Date }[]>(
      `INSERT INTO step_up_codes AS c (email_bidx, code_mac, expires_at)
       VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
       ON CONFLICT (email_bidx) DO UPDATE SET code_mac = EXCLUDED.code_mac, expires_at = EXCLUDED.expires_at
        WHERE c.expires_at <= clock_timestamp()
       RETURNING expires_at AS "expiresAt"`,
      [emailBidx, codeMac, ttlSeconds],
    );
    return rows[0]?.expiresAt ?? null;
  }

  /** Uses a code up. @returns whether it was right and still good */
  async redeem(tx: EntityManager, emailBidx: Buffer, codeMac: Buffer): Promise<boolean> {
    const [, count] = await tx.query<[unknown, number]>(
      'DELETE FROM step_up_codes WHERE email_bidx = $1 AND code_mac = $2 AND expires_at > clock_timestamp()',
      [emailBidx, codeMac],
    );
    return count === 1;
  }

  async delete(tx: EntityManager, emailBidx: Buffer): Promise<void> {
    await tx.delete(StepUpCodeEntity, { emailBidx });
  }

  /** Removes a code that nobody will have, and no later one. */
  async forget(emailBidx: Buffer, codeMac: Buffer): Promise<void> {
    await this.rows.delete({ emailBidx, codeMac });
  }

  /** @returns how many went */
  async deleteExpired(): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM step_up_codes WHERE email_bidx IN
         (SELECT email_bidx FROM step_up_codes WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)`,
    );
    return count;
  }
}
