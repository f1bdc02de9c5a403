import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** `pending`: bytes may be flowing, somebody holds a lease; `ready`: a file has it; `deleting`: nobody may ever use it again. */
export type BlobState = 'pending' | 'ready' | 'deleting';

/**
 * An object in the blob store. The row exists before the first byte does and is deleted after the last one is gone.
 * It has no foreign key: it outlives the user, until the bytes are really gone.
 */
@Entity('blobs')
@Check('ck_blobs_state', "state IN ('pending', 'ready', 'deleting')")
@Check(
  'ck_blobs_ready_complete',
  "state <> 'ready' OR (ct_bytes IS NOT NULL AND ct_crc32 IS NOT NULL AND length(header) = 56)",
)
@Index('ix_blobs_lease_expires_at', ['leaseExpiresAt'], { where: "state <> 'ready'" })
@Index('ix_blobs_owner_id', { synchronize: false })
@Index('ix_blobs_owner_id_deleting', ['ownerId', 'id'], { where: "state = 'deleting'" })
export class BlobEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_blobs' })
  id!: string;

  @Column('uuid')
  ownerId!: string;

  /** The file whose key seals it; part of the blob's context. */
  @Column('uuid')
  fileId!: string;

  /** See `BlobKind`. */
  @Column('smallint')
  kind!: number;

  /** 1 = C2SP chunked-encryption @v1, AES-256-GCM. */
  @Column('smallint', { default: 1 })
  format!: number;

  @Column('text')
  state!: BlobState;

  /** Plaintext bytes that an original counts in its owner's quota while it is pending; once it is ready, its true length counts. */
  @Column('bigint', { default: 0 })
  reservedBytes!: string;

  @Column('timestamptz', { nullable: true })
  leaseExpiresAt!: Date | null;

  /** Length and CRC-32 of the ciphertext and its first 56 bytes: `fsck` needs no key, a range needs one read. */
  @Column('bigint', { nullable: true })
  ctBytes!: string | null;

  @Column('bigint', { nullable: true })
  ctCrc32!: string | null;

  @Column('bytea', { nullable: true })
  header!: Buffer | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
