import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** An account. The address is readable only with the user's key, and found only through its blind index. */
@Entity('users')
@Check('ck_users_quota_bytes', 'quota_bytes >= 0')
@Check('ck_users_closed', '(email_bidx IS NULL) = (email_sealed IS NULL)')
@Unique('uq_users_email_bidx', ['emailBidx'])
export class UserEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_users' })
  id!: string;

  /** Null once the account is being deleted: nobody finds it any more, and its address is free. */
  @Column('bytea', { nullable: true })
  emailBidx!: Buffer | null;

  @Column('bytea', { nullable: true })
  emailSealed!: Buffer | null;

  /** Null for the default, 0 for none. The vault reads it too, to reserve room for uploads. */
  @Column('bigint', { nullable: true })
  quotaBytes!: string | null;

  /** Since when nobody signs in to it; null for an account as any other. Shares and uploads join it. */
  @Column('timestamptz', { nullable: true })
  disabledAt!: Date | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
