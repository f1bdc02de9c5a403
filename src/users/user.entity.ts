import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** An account. The address is readable only with the user's key, and found only through its blind index. */
@Entity('users')
@Unique('uq_users_email_bidx', ['emailBidx'])
export class UserEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_users' })
  id!: string;

  @Column('bytea')
  emailBidx!: Buffer;

  @Column('bytea')
  emailSealed!: Buffer;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
