import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The 40-bit code that takes the PIN's place: one for all pending challenges of an address, made for unknown addresses as well. */
@Entity('step_up_codes')
@Index('ix_step_up_codes_expires_at', ['expiresAt'])
export class StepUpCodeEntity {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'pk_step_up_codes' })
  emailBidx!: Buffer;

  @Column('bytea')
  codeMac!: Buffer;

  @Column('timestamptz')
  expiresAt!: Date;
}
