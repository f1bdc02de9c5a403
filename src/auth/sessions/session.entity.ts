import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A signed-in device. Only the hash of its token is kept. */
@Entity('sessions')
@Unique('uq_sessions_token_hash', ['tokenHash'])
@Index('ix_sessions_user_id', ['userId'])
@Index('ix_sessions_trusted_device_id', ['trustedDeviceId'])
@ForeignKey('users', ['userId'], ['id'], { name: 'fk_sessions_user_id', onDelete: 'CASCADE' })
@ForeignKey('trusted_devices', ['trustedDeviceId'], ['id'], {
  name: 'fk_sessions_trusted_device_id',
  onDelete: 'SET NULL',
})
export class SessionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_sessions' })
  id!: string;

  @Column('uuid')
  userId!: string;

  @Column('bytea')
  tokenHash!: Buffer;

  @Column('text')
  deviceId!: string;

  @Column('text', { nullable: true })
  deviceName!: string | null;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { nullable: true })
  userAgent!: string | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { default: () => 'now()' })
  lastSeenAt!: Date;

  @Column('timestamptz')
  idleExpiresAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  /** The remembered device that it was opened from, or that it made. */
  @Column('uuid', { nullable: true })
  trustedDeviceId!: string | null;

  /** How far each use moves the idle end. */
  @Column('integer')
  idleSeconds!: number;

  /** When its holder last gave a right PIN. */
  @Column('timestamptz', { default: () => 'now()' })
  provedAt!: Date;

  /** Wrong PINs of re-authentications since the last right one. */
  @Column('smallint', { default: 0 })
  wrongProofs!: number;
}
