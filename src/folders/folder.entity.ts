import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A folder and its wrapped key. Every user has one root, made on first use, which is always open. */
@Entity('folders')
@Check('ck_folders_root_open', 'NOT is_root OR fk_wrapped IS NOT NULL')
@Check('ck_folders_named', 'is_root = (name_sealed IS NULL) AND is_root = (name_bidx IS NULL)')
@Check('ck_folders_trashed', '(trashed_at IS NULL OR NOT is_root) AND (purged_at IS NULL OR trashed_at IS NOT NULL)')
@Unique('uq_folders_owner_id_id', ['ownerId', 'id'])
@Index('uq_folders_owner_id_name_bidx', ['ownerId', 'nameBidx'], { unique: true, where: 'trashed_at IS NULL' })
@Index('ix_folders_trashed_at', ['trashedAt'], { where: 'trashed_at IS NOT NULL' })
@Index('uq_folders_owner_id_root', ['ownerId'], { unique: true, where: 'is_root' })
@ForeignKey('users', ['ownerId'], ['id'], { name: 'fk_folders_owner_id', onDelete: 'CASCADE' })
export class FolderEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_folders' })
  id!: string;

  @Column('uuid')
  ownerId!: string;

  @Column('boolean', { default: false })
  isRoot!: boolean;

  @Column('bytea', { nullable: true })
  nameBidx!: Buffer | null;

  @Column('bytea', { nullable: true })
  nameSealed!: Buffer | null;

  /** Version of the folder key; part of every context below it. */
  @Column('integer', { default: 1 })
  fkVersion!: number;

  /** The folder key under the user key; null while the folder is locked. */
  @Column('bytea', { nullable: true })
  fkWrapped!: Buffer | null;

  /** Moves with everything that must be noticed by whoever still holds this folder's key. */
  @Column('integer', { default: 1 })
  epoch!: number;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;

  /** Files that went to the trash with it have the same moment. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  trashedAt!: Date | null;

  /** Nobody sees it any more, and its files go in batches. */
  @Column('timestamptz', { nullable: true })
  purgedAt!: Date | null;
}
