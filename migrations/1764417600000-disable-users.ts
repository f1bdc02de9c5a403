import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts that nobody signs in to, because whoever runs the vault says so. */
export class DisableUsers1764417600000 implements MigrationInterface {
  name = 'DisableUsers1764417600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users ADD COLUMN disabled_at timestamptz');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const [{ disabled }] = (await queryRunner.query(
      'SELECT count(*)::int AS disabled FROM users WHERE disabled_at IS NOT NULL',
    )) as [{ disabled: number }];
    if (disabled > 0) {
      throw new Error(`${disabled} account${disabled > 1 ? 's are' : ' is'} disabled, and would be open again.`);
    }
    await queryRunner.query('ALTER TABLE users DROP COLUMN disabled_at');
  }
}
