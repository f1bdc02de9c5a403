import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** A user's key, wrapped by the master key `kid`. Deleting this row is crypto-shredding: nothing below it opens again. */
@Entity('user_keys')
@ForeignKey('users', ['userId'], ['id'], { name: 'fk_user_keys_user_id', onDelete: 'CASCADE' })
export class UserKeyEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_user_keys' })
  userId!: string;

  @Column('integer')
  kid!: number;

  @Column('bytea')
  keyWrapped!: Buffer;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;
}
