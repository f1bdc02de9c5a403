import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Somebody has opened a share: a line of the ledger that its owner reads. */
@Entity('share_openings')
@Index('ix_share_openings_share_id_opened_at', ['shareId', 'openedAt', 'id'])
@Index('ix_share_openings_opened_at', ['openedAt'])
@ForeignKey('shares', ['shareId'], ['id'], { name: 'fk_share_openings_share_id', onDelete: 'CASCADE' })
export class ShareOpeningEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_share_openings' })
  id!: string;

  @Column('uuid')
  shareId!: string;

  /** About from where, as `coarseIp` says it: no address of a visitor is kept here. */
  @Column('text')
  network!: string;

  @Column('text', { nullable: true })
  agent!: string | null;

  /** Downloads that came to their end. */
  @Column('integer', { default: 0 })
  filesFetched!: number;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  openedAt!: Date;
}
