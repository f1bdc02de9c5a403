import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One bucket: when each of its units was spent. A plain counter would never decay. */
@Entity('budgets')
@Index('ix_budgets_expires_at', ['expiresAt'])
export class BudgetEntity {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'pk_budgets' })
  key!: Buffer;

  /** The oldest first. */
  @Column('timestamptz', { array: true })
  spentAt!: Date[];

  /** When the youngest unit no longer counts. */
  @Column('timestamptz')
  expiresAt!: Date;
}
