import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { UserEntity } from './user.entity';

@Injectable()
export class UsersRepository {
  constructor(@InjectRepository(UserEntity) private readonly rows: Repository<UserEntity>) {}

  async findById(id: string): Promise<UserEntity | null> {
    return this.rows.findOneBy({ id });
  }

  async findIdByEmailIndex(emailBidx: Buffer, tx: EntityManager = this.rows.manager): Promise<string | null> {
    const row = await tx.findOne(UserEntity, { select: { id: true }, where: { emailBidx } });
    return row?.id ?? null;
  }

  async getIdByEmailIndex(tx: EntityManager, emailBidx: Buffer): Promise<string> {
    return (await tx.findOneOrFail(UserEntity, { select: { id: true }, where: { emailBidx } })).id;
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
      .values(user)
      .orIgnore()
      .returning('id')
      .execute();
    return (result.raw as unknown[]).length === 1;
  }
}
