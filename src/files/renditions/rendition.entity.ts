import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/**
 * A thumbnail or a preview of a file, or that there is none. It says nothing in clear that the file's own row does not say.
 * Its foreign keys do not cascade: a file that goes takes them along through `RenditionsRepository.doomOfFiles`, or it stays.
 */
@Entity('renditions')
@Unique('uq_renditions_blob_id', ['blobId'])
@Check('ck_renditions_kind', 'kind IN (1, 2)')
@ForeignKey('files', ['fileId'], ['id'], { name: 'fk_renditions_file_id' })
@ForeignKey('blobs', ['blobId'], ['id'], { name: 'fk_renditions_blob_id' })
export class RenditionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_renditions' })
  fileId!: string;

  /** See `BlobKind`. */
  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'pk_renditions' })
  kind!: number;

  /** Null where the original cannot be shown; tried again a day after `createdAt`. */
  @Column('uuid', { nullable: true })
  blobId!: string | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
