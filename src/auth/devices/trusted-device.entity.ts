import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A device that has proved itself with a PIN and was remembered. Only the hash of its token is kept. */
@Entity('trusted_devices')
@Unique('uq_trusted_devices_token_hash', ['tokenHash'])
@Index('ix_trusted_devices_user_id', ['userId'])
@Index('ix_trusted_devices_expires_at', ['expiresAt'])
@ForeignKey('users', ['userId'], ['id'], { name: 'fk_trusted_devices_user_id', onDelete: 'CASCADE' })
export class TrustedDeviceEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_trusted_devices' })
  id!: string;

  @Column('uuid')
  userId!: string;

  @Column('bytea')
  tokenHash!: Buffer;

  @Column('text')
  deviceId!: string;

  @Column('text', { nullable: true })
  deviceName!: string | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { default: () => 'now()' })
  lastUsedAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;
}
