import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, IsNull, MoreThan, Not, Repository } from 'typeorm';
import { UserEntity } from './user.entity';

/** An account, as whoever asks for a PIN meets it. */
export interface Account {
  readonly id: string;
  readonly isDisabled: boolean;
}

@Injectable()
export class UsersRepository {
  constructor(@InjectRepository(UserEntity) private readonly rows: Repository<UserEntity>) {}

  async findById(id: string): Promise<UserEntity | null> {
    return this.rows.findOneBy({ id });
  }

  /** In the order of their ids, which is that of their making; without those that are being deleted. @param after the last id of the batch before */
  async findBatch(limit: number, after?: string): Promise<UserEntity[]> {
    const where = { emailBidx: Not(IsNull()), ...(after && { id: MoreThan(after) }) };
    return this.rows.find({ where, order: { id: 'ASC' }, take: limit });
  }

  async findIdByEmailIndex(emailBidx: Buffer, tx: EntityManager = this.rows.manager): Promise<string | null> {
    const row = await tx.findOne(UserEntity, { select: { id: true }, where: { emailBidx } });
    return row?.id ?? null;
  }

  /** The account of an address and whether it is disabled, in one statement whoever's it is. */
  async findAccountByEmailIndex(tx: EntityManager, emailBidx: Buffer): Promise<Account | null> {
    const rows = await tx.query<Account[]>(
      'SELECT id, disabled_at IS NOT NULL AS "isDisabled" FROM users WHERE email_bidx = $1',
      [emailBidx],
    );
    return rows[0] ?? null;
  }

  async isDisabled(tx: EntityManager, id: string): Promise<boolean> {
    return tx.existsBy(UserEntity, { id, disabledAt: Not(IsNull()) });
  }

  /** @returns false when it was so already */
  async setDisabled(tx: EntityManager, id: string, disabled: boolean): Promise<boolean> {
    const [, count] = await tx.query<[unknown, number]>(
      `UPDATE users SET disabled_at = CASE WHEN $2::boolean THEN clock_timestamp() END
        WHERE id = $1 AND (disabled_at IS NOT NULL) <> $2`,
      [id, disabled],
    );
    return count === 1;
  }

  async getIdByEmailIndex(tx: EntityManager, emailBidx: Buffer): Promise<string> {
    return (await tx.findOneOrFail(UserEntity, { select: { id: true }, where: { emailBidx } })).id;
  }

  async count(tx: EntityManager): Promise<number> {
    return tx.count(UserEntity);
  }

  /** @returns false when the address has an account already */
  async insertUnlessThere(
    tx: EntityManager,
    user: Pick<UserEntity, 'id' | 'emailBidx' | 'emailSealed'>,
  ): Promise<boolean> {
    const result = await tx
      .createQueryBuilder()
      .insert()
      .into(UserEntity)
      .values({ ...user, createdAt: () => 'clock_timestamp()' })
      .orIgnore()
      .returning('id')
      .execute();
    return (result.raw as unknown[]).length === 1;
  }

  /** Leaves rows that refer to the account free to be written. @returns the index of its address, or null when there is no such account any more */
  async lock(tx: EntityManager, id: string): Promise<Buffer | null> {
    const rows = await tx.query<{ emailBidx: Buffer }[]>(
      'SELECT email_bidx AS "emailBidx" FROM users WHERE id = $1 FOR NO KEY UPDATE',
      [id],
    );
    return rows[0]?.emailBidx ?? null;
  }

  /** @param quotaBytes null for the default, 0 for none */
  async updateQuota(id: string, quotaBytes: number | null): Promise<void> {
    await this.rows.update({ id }, { quotaBytes: quotaBytes === null ? null : String(quotaBytes) });
  }

  /** @throws a violation of `uq_users_email_bidx` */
  async updateEmail(
    tx: EntityManager,
    { id, emailBidx, emailSealed }: Pick<UserEntity, 'id' | 'emailBidx' | 'emailSealed'>,
  ): Promise<void> {
    await tx.update(UserEntity, { id }, { emailBidx, emailSealed });
  }
}
