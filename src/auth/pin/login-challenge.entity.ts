import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** What a right answer is good for. */
export type ChallengePurpose = 'sign-in' | 'reauthentication' | 'email-change';

/**
 * A PIN that has been asked for. `user_id` is null for a sign-up (the address waits in `mailbox_sealed`) and for a decoy
 * (nothing waits, no PIN fits): an unknown address must look like a known one.
 */
@Entity('login_challenges')
@Unique('uq_login_challenges_id_hash', ['idHash'])
@Index('ix_login_challenges_expires_at', ['expiresAt'])
@Index('ix_login_challenges_requester_hash', ['requesterHash'])
@Index('ix_login_challenges_user_id', ['userId'])
@Index('ix_login_challenges_trusted_device_id', ['trustedDeviceId'])
@Index('ix_login_challenges_session_id', ['sessionId'])
@Check('ck_login_challenges_purpose', "purpose IN ('sign-in', 'reauthentication', 'email-change')")
@ForeignKey('users', ['userId'], ['id'], { name: 'fk_login_challenges_user_id', onDelete: 'CASCADE' })
@ForeignKey('trusted_devices', ['trustedDeviceId'], ['id'], {
  name: 'fk_login_challenges_trusted_device_id',
  onDelete: 'CASCADE',
})
@ForeignKey('sessions', ['sessionId'], ['id'], { name: 'fk_login_challenges_session_id', onDelete: 'CASCADE' })
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

  @Column('text')
  purpose!: ChallengePurpose;

  /** Whose challenge it is, as far as that can be told: of each requester one lives. */
  @Column('bytea')
  requesterHash!: Buffer;

  /** Guesses at the longer code; `attempts` counts those at the PIN. */
  @Column('smallint', { default: 0 })
  codeAttempts!: number;

  /** The trusted device that asked, which has a budget of its own. */
  @Column('uuid', { nullable: true })
  trustedDeviceId!: string | null;

  /** The session that asked: a re-authentication or a change of address. */
  @Column('uuid', { nullable: true })
  sessionId!: string | null;
}
