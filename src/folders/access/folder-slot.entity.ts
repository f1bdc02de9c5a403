import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { SlotType } from '../../platform/crypto/contexts';

/**
 * One way into a locked folder (as LUKS has it): the folder's key, wrapped by a key that is made of a password or of the recovery code. The
 * server keeps neither, nor anything that they could be compared with.
 */
@Entity('folder_slots')
@Unique('uq_folder_slots_folder_id_type', ['folderId', 'type'])
@Check('ck_folder_slots_type', 'type IN (1, 2)')
@Check(
  'ck_folder_slots_hashed',
  '(type = 1) = (salt IS NOT NULL AND memory_kib IS NOT NULL AND passes IS NOT NULL AND parallelism IS NOT NULL)',
)
@ForeignKey('folders', ['folderId'], ['id'], { name: 'fk_folder_slots_folder_id', onDelete: 'CASCADE' })
export class FolderSlotEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_folder_slots' })
  id!: string;

  @Column('uuid')
  folderId!: string;

  @Column('smallint')
  type!: SlotType;

  /** Version of the folder key that it holds. */
  @Column('integer')
  fkVersion!: number;

  @Column('bytea')
  keyWrapped!: Buffer;

  /** How the password was hashed: argon2id's salt and cost. Null for the recovery code, which needs no hash. */
  @Column('bytea', { nullable: true })
  salt!: Buffer | null;

  @Column('integer', { nullable: true })
  memoryKib!: number | null;

  @Column('integer', { nullable: true })
  passes!: number | null;

  @Column('integer', { nullable: true })
  parallelism!: number | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
