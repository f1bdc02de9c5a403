import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * A locked folder that a session has unlocked: its key, sealed under the session's token. The database has the token's hash only, so that
 * nobody but the holder of the token can open it, on any process.
 */
@Entity('unlock_grants')
@Unique('uq_unlock_grants_session_id_folder_id', ['sessionId', 'folderId'])
@Index('ix_unlock_grants_folder_id', ['folderId'])
@Index('ix_unlock_grants_expires_at', ['expiresAt'])
@ForeignKey('sessions', ['sessionId'], ['id'], { name: 'fk_unlock_grants_session_id', onDelete: 'CASCADE' })
@ForeignKey('folders', ['folderId'], ['id'], { name: 'fk_unlock_grants_folder_id', onDelete: 'CASCADE' })
export class UnlockGrantEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_unlock_grants' })
  id!: string;

  @Column('uuid')
  sessionId!: string;

  @Column('uuid')
  folderId!: string;

  @Column('integer')
  fkVersion!: number;

  @Column('bytea')
  sealedFk!: Buffer;

  @Column('timestamptz')
  lastUsedAt!: Date;

  @Column('timestamptz')
  idleExpiresAt!: Date;

  /** To the second: it is part of what the key is sealed with, so that nobody can prolong it. */
  @Column({ type: 'timestamptz', precision: 0 })
  expiresAt!: Date;
}
