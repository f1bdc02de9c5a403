import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Something that a person wants to know of their account's safety. */
@Entity('security_events')
@Index('ix_security_events_user_id_created_at', ['userId', 'createdAt', 'id'])
@Index('ix_security_events_created_at', ['createdAt'])
@ForeignKey('users', ['userId'], ['id'], { name: 'fk_security_events_user_id', onDelete: 'CASCADE' })
export class SecurityEventEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_security_events' })
  id!: string;

  @Column('uuid')
  userId!: string;

  @Column('text')
  kind!: string;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { nullable: true })
  device!: string | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
