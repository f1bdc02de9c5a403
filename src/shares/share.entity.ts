import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Argon2idParams } from '../platform/crypto/password-kdf';

/**
 * A link to one folder, or to some files (`share-item.entity`). Its key is in the link and, where it has one, in its password; nothing
 * of either is here.
 */
@Entity('shares')
@Check(
  'ck_shares_target',
  '(folder_id IS NULL) = (fk_version IS NULL) AND (folder_id IS NULL) = (file_count IS NOT NULL)',
)
@Check('ck_shares_password', '(password_salt IS NULL) = (password_params IS NULL)')
@Check('ck_shares_opens', 'max_opens IS NULL OR opens <= max_opens')
@Index('ix_shares_owner_id_created_at', ['ownerId', 'createdAt', 'id'])
@Index('ix_shares_folder_id', ['folderId'])
@Index('ix_shares_expires_at', ['expiresAt'])
@ForeignKey('users', ['ownerId'], ['id'], { name: 'fk_shares_owner_id', onDelete: 'CASCADE' })
@ForeignKey('folders', ['folderId'], ['id'], { name: 'fk_shares_folder_id', onDelete: 'CASCADE' })
export class ShareEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_shares' })
  id!: string;

  @Column('uuid')
  ownerId!: string;

  /** Null for a share of files. */
  @Column('uuid', { nullable: true })
  folderId!: string | null;

  /** The version of the folder's key that is wrapped here: with another one, the share is dead. */
  @Column('integer', { nullable: true })
  fkVersion!: number | null;

  /** How many files were shared; null for a folder, whose files come and go. */
  @Column('integer', { nullable: true })
  fileCount!: number | null;

  /** SHA-256 of the 32 bytes in the link. */
  @Column('bytea')
  secretHash!: Buffer;

  /** Null without a password. */
  @Column('bytea', { nullable: true })
  passwordSalt!: Buffer | null;

  /** The cost of its hash. */
  @Column('jsonb', { nullable: true })
  passwordParams!: Argon2idParams | null;

  /** The folder's key under the share key; null for files, and after the share's end. */
  @Column('bytea', { nullable: true })
  fkWrapped!: Buffer | null;

  /** Under the user key, for the owner's list; null without a label. */
  @Column('bytea', { nullable: true })
  labelSealed!: Buffer | null;

  /** Under the share key, also where there is no label: whoever opens it has the right key. Null after the share's end. */
  @Column('bytea', { nullable: true })
  visitorLabelSealed!: Buffer | null;

  @Column('boolean')
  includeOriginals!: boolean;

  /** Null for as often as anybody likes. */
  @Column('integer', { nullable: true })
  maxOpens!: number | null;

  @Column('integer', { default: 0 })
  opens!: number;

  /** In all, whoever gave them. */
  @Column('integer', { default: 0 })
  wrongPasswords!: number;

  /** When there were too many of them. */
  @Column('timestamptz', { nullable: true })
  suspendedAt!: Date | null;

  /** Whole seconds: it is part of what the keys are bound to. */
  @Column({ type: 'timestamptz', precision: 0 })
  expiresAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
