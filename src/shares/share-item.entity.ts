import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A file of a share of files, as it was when it was shared: moved or under another key, it is not shared any more. */
@Entity('share_items')
@Index('ix_share_items_file_id', ['fileId'])
@ForeignKey('shares', ['shareId'], ['id'], { name: 'fk_share_items_share_id', onDelete: 'CASCADE' })
@ForeignKey('files', ['fileId'], ['id'], { name: 'fk_share_items_file_id', onDelete: 'CASCADE' })
export class ShareItemEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_share_items' })
  shareId!: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_share_items' })
  fileId!: string;

  @Column('uuid')
  folderId!: string;

  @Column('integer')
  fkVersion!: number;

  @Column('integer')
  blobVersion!: number;

  /** The file's key under the share key. */
  @Column('bytea')
  dekWrapped!: Buffer;

  /** See `SharedDetails`; under the share key. */
  @Column('bytea')
  detailsSealed!: Buffer;
}
