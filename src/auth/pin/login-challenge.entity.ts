import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * A PIN that has been asked for. `user_id` is null for a sign-up (the address waits in `mailbox_sealed`) and for a decoy
 * (nothing waits, no PIN fits): an unknown address must look like a known one.
 */
@Entity('login_challenges')
@Unique('uq_login_challenges_id_hash', ['idHash'])
@Index('ix_login_challenges_expires_at', ['expiresAt'])
@ForeignKey('users', ['userId'], ['id'], { name: 'fk_login_challenges_user_id', onDelete: 'CASCADE' })
export class LoginChallengeEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_login_challenges' })
  id!: string;

  /** SHA-256 of the challenge id, which only the requester knows. */
  @Column('bytea')
  idHash!: Buffer;

  @Column('uuid', { nullable: true })
  userId!: string | null;

  @Column('bytea')
  emailBidx!: Buffer;

  @Column('bytea', { nullable: true })
  mailboxSealed!: Buffer | null;

  @Column('bytea')
  deviceHash!: Buffer;

  @Column('bytea')
  pinMac!: Buffer;

  @Column('smallint', { default: 0 })
  attempts!: number;

  @Column('smallint')
  maxAttempts!: number;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  consumedAt!: Date | null;
}
