import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A file's folder is its owner's, also by the schema. So the question that every deletion of a folder asks is about both, and its index is of
 * no use to a statement that looks for one file of a folder: with old statistics the planner liked one over `folder_id` alone best for
 * everything, uploads first of all, and walked through whole folders.
 */
export class BindFilesToTheirOwnersFolders1764504000000 implements MigrationInterface {
  name = 'BindFilesToTheirOwnersFolders1764504000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE folders ADD CONSTRAINT uq_folders_owner_id_id UNIQUE (owner_id, id);
      CREATE INDEX ix_files_owner_id_folder_id ON files (owner_id, folder_id);
      ALTER TABLE files DROP CONSTRAINT fk_files_folder_id;
      ALTER TABLE files ADD CONSTRAINT fk_files_owner_id_folder_id FOREIGN KEY (owner_id, folder_id) REFERENCES folders (owner_id, id);
      DROP INDEX ix_files_folder_id;
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX ix_files_folder_id ON files (folder_id);
      ALTER TABLE files DROP CONSTRAINT fk_files_owner_id_folder_id;
      ALTER TABLE files ADD CONSTRAINT fk_files_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id);
      DROP INDEX ix_files_owner_id_folder_id;
      ALTER TABLE folders DROP CONSTRAINT uq_folders_owner_id_id;
    `);
  }
}
