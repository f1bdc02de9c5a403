import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A visitor who looks at a share. Has the id of its opening. */
@Entity('share_sessions')
@Unique('uq_share_sessions_token_hash', ['tokenHash'])
@Index('ix_share_sessions_share_id', ['shareId'])
@Index('ix_share_sessions_expires_at', ['expiresAt'])
@ForeignKey('share_openings', ['id'], ['id'], { name: 'fk_share_sessions_id', onDelete: 'CASCADE' })
@ForeignKey('shares', ['shareId'], ['id'], { name: 'fk_share_sessions_share_id', onDelete: 'CASCADE' })
export class ShareSessionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_share_sessions' })
  id!: string;

  @Column('uuid')
  shareId!: string;

  @Column('bytea')
  tokenHash!: Buffer;

  /** The share key under a key that only the visitor's token gives. */
  @Column('bytea')
  keySealed!: Buffer;

  /** Never after the share's; whole seconds, because the sealed key is bound to it. */
  @Column({ type: 'timestamptz', precision: 0 })
  expiresAt!: Date;
}
