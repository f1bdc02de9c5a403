import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts that are being deleted: the account without its address, and how far its deletion has come. */
export class DeleteAccounts1764244800000 implements MigrationInterface {
  name = 'DeleteAccounts1764244800000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE users ALTER email_bidx DROP NOT NULL, ALTER email_sealed DROP NOT NULL,
        ADD CONSTRAINT ck_users_closed CHECK ((email_bidx IS NULL) = (email_sealed IS NULL));

      CREATE INDEX ix_blobs_owner_id_deleting ON blobs (owner_id, id) WHERE state = 'deleting';

      CREATE TABLE account_deletions (
        user_id uuid NOT NULL,
        stage text NOT NULL,
        requested_by text NOT NULL,
        mailbox_sealed bytea NOT NULL,
        files bigint NOT NULL,
        bytes bigint NOT NULL,
        folders bigint NOT NULL,
        shares bigint NOT NULL,
        mail_failures integer NOT NULL DEFAULT 0,
        mail_after timestamptz NOT NULL DEFAULT now(),
        requested_at timestamptz NOT NULL DEFAULT now(),
        removed_at timestamptz,
        CONSTRAINT pk_account_deletions PRIMARY KEY (user_id),
        CONSTRAINT ck_account_deletions_stage CHECK (stage IN ('closed', 'shredded', 'emptied', 'removed')),
        CONSTRAINT ck_account_deletions_requested_by CHECK (requested_by IN ('owner', 'operator')),
        CONSTRAINT ck_account_deletions_removed CHECK ((stage = 'removed') = (removed_at IS NOT NULL))
      );
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const [{ open }] = (await queryRunner.query('SELECT count(*)::int AS open FROM account_deletions')) as [
      { open: number },
    ];
    if (open > 0) throw new Error(`${open} deletion${open > 1 ? 's are' : ' is'} not at the end: nobody would go on.`);
    await queryRunner.query(`
      DROP TABLE account_deletions;
      DROP INDEX ix_blobs_owner_id_deleting;
      ALTER TABLE users DROP CONSTRAINT ck_users_closed, ALTER email_bidx SET NOT NULL, ALTER email_sealed SET NOT NULL;
    `);
  }
}
