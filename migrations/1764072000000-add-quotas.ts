import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much a person may store, and how much of it each running upload has taken beforehand. */
export class AddQuotas1764072000000 implements MigrationInterface {
  name = 'AddQuotas1764072000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE users ADD COLUMN quota_bytes bigint,
        ADD CONSTRAINT ck_users_quota_bytes CHECK (quota_bytes >= 0);
      ALTER TABLE blobs ADD COLUMN reserved_bytes bigint NOT NULL DEFAULT 0;

      DROP INDEX ix_blobs_owner_id;
      CREATE INDEX ix_blobs_owner_id ON blobs (owner_id) INCLUDE (kind, state, ct_bytes, reserved_bytes) WHERE state <> 'deleting';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP INDEX ix_blobs_owner_id;
      CREATE INDEX ix_blobs_owner_id ON blobs (owner_id) WHERE state = 'ready';

      ALTER TABLE blobs DROP COLUMN reserved_bytes;
      ALTER TABLE users DROP COLUMN quota_bytes;
    `);
  }
}
