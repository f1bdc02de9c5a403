import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * What has been done; a deletion only ever goes on to the next of them.
 *
 * - `closed`: the first commit. Sessions, devices and shares are dead, the user key and whatever opens something without it are gone.
 * - `shredded`: so are all other keys but those of the files, and the database has been told to forget the old rows.
 * - `emptied`: nothing of the account is in any row but those of its blobs, which are to be removed.
 * - `removed`: no byte is left. Only the mail is to be sent; then this row goes as well.
 */
export type DeletionStage = 'closed' | 'shredded' | 'emptied' | 'removed';

/** Its owner, or whoever runs the vault. */
export type DeletionRequester = 'owner' | 'operator';

/** An account that is being deleted. It has no foreign key: it outlives the account, until its owner has been told. */
@Entity('account_deletions')
@Check('ck_account_deletions_stage', "stage IN ('closed', 'shredded', 'emptied', 'removed')")
@Check('ck_account_deletions_requested_by', "requested_by IN ('owner', 'operator')")
@Check('ck_account_deletions_removed', "(stage = 'removed') = (removed_at IS NOT NULL)")
export class AccountDeletionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_account_deletions' })
  userId!: string;

  @Column('text')
  stage!: DeletionStage;

  @Column('text')
  requestedBy!: DeletionRequester;

  /** Where the last mail goes, under the server secret `mailbox`: the user key does not live to see it. */
  @Column('bytea')
  mailboxSealed!: Buffer;

  /** What there was at the first commit, for the mail. */
  @Column('bigint')
  files!: string;

  /** Plaintext bytes of the originals. */
  @Column('bigint')
  bytes!: string;

  /** Without the root, which nobody has made. */
  @Column('bigint')
  folders!: string;

  /** Links that opened something. */
  @Column('bigint')
  shares!: string;

  /** How often the mail was not taken, and when it may be tried again. */
  @Column('integer', { default: 0 })
  mailFailures!: number;

  @Column('timestamptz', { default: () => 'now()' })
  mailAfter!: Date;

  @Column('timestamptz', { default: () => 'now()' })
  requestedAt!: Date;

  /** When the last byte was gone. */
  @Column('timestamptz', { nullable: true })
  removedAt!: Date | null;
}
