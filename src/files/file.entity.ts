import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * A stored file: its key, wrapped by its folder's key, and what is known of it, sealed. Name and content can be looked up through
 * blind indexes only.
 */
@Entity('files')
@Unique('uq_files_blob_id', ['blobId'])
@Index('uq_files_folder_id_name_bidx', ['folderId', 'nameBidx'], { unique: true, where: 'trashed_at IS NULL' })
@Index('uq_files_content_bidx_folder_id', ['contentBidx', 'folderId'], { unique: true, where: 'trashed_at IS NULL' })
@Index('ix_files_owner_id_created_at', ['ownerId', 'createdAt', 'id'], { where: 'trashed_at IS NULL' })
@Index('ix_files_owner_id_taken_at', { synchronize: false })
@Index('ix_files_owner_id_folder_id_created_at', ['ownerId', 'folderId', 'createdAt', 'id'], {
  where: 'trashed_at IS NULL',
})
@Index('ix_files_owner_id_folder_id_taken_at', { synchronize: false })
@Index('ix_files_owner_id_folder_id_trashed', ['ownerId', 'folderId', 'createdAt', 'id'], {
  where: 'trashed_at IS NOT NULL',
})
@Index('ix_files_owner_id_trashed_at', ['ownerId', 'trashedAt', 'id'], { where: 'trashed_at IS NOT NULL' })
@Index('ix_files_folder_id_trashed_at', ['folderId', 'trashedAt', 'id'], { where: 'trashed_at IS NOT NULL' })
@Index('ix_files_trashed_at', ['trashedAt'], { where: 'trashed_at IS NOT NULL' })
@Index('ix_files_content_bidx_folder_id_trashed', ['contentBidx', 'folderId'], { where: 'trashed_at IS NOT NULL' })
@Index('ix_files_owner_id_folder_id', ['ownerId', 'folderId'])
@ForeignKey('folders', ['ownerId', 'folderId'], ['ownerId', 'id'], { name: 'fk_files_owner_id_folder_id' })
@ForeignKey('blobs', ['blobId'], ['id'], { name: 'fk_files_blob_id' })
export class FileEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_files' })
  id!: string;

  @Column('uuid')
  ownerId!: string;

  @Column('uuid')
  folderId!: string;

  /** The original's object. */
  @Column('uuid')
  blobId!: string;

  /** Version of the file key; part of its wrap's context. */
  @Column('integer', { default: 1 })
  blobVersion!: number;

  /** Version of the folder key that wraps the file key and seals the metadata. */
  @Column('integer')
  fkVersion!: number;

  @Column('bytea')
  dekWrapped!: Buffer;

  /** See `FileMetadata`. */
  @Column('bytea')
  metaSealed!: Buffer;

  /** Advances by compare-and-set with every change of the metadata; part of their context. */
  @Column('integer', { default: 1 })
  metaVersion!: number;

  @Column('bytea')
  nameBidx!: Buffer;

  @Column('bytea')
  contentBidx!: Buffer;

  /** In clear for sorting in an open folder; null in a locked one. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  takenAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  trashedAt!: Date | null;
}
