import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How often a password was guessed wrong, and until when nobody may guess at it again. */
@Entity('password_guesses')
@Index('ix_password_guesses_expires_at', ['expiresAt'])
export class PasswordGuessEntity {
  /** The folder or the share that has the password. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_password_guesses' })
  subjectId!: string;

  @Column('integer')
  wrong!: number;

  @Column('timestamptz')
  blockedUntil!: Date;

  /** When it is forgotten, unless somebody guesses wrong again. */
  @Column('timestamptz')
  expiresAt!: Date;
}
