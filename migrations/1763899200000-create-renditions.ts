import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Thumbnails and previews. */
export class CreateRenditions1763899200000 implements MigrationInterface {
  name = 'CreateRenditions1763899200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE renditions (
        file_id uuid NOT NULL,
        kind smallint NOT NULL,
        blob_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_renditions PRIMARY KEY (file_id, kind),
        CONSTRAINT uq_renditions_blob_id UNIQUE (blob_id),
        CONSTRAINT ck_renditions_kind CHECK (kind IN (1, 2)),
        CONSTRAINT fk_renditions_file_id FOREIGN KEY (file_id) REFERENCES files (id),
        CONSTRAINT fk_renditions_blob_id FOREIGN KEY (blob_id) REFERENCES blobs (id)
      );
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      UPDATE blobs SET state = 'deleting' WHERE id IN (SELECT blob_id FROM renditions);
      DROP TABLE renditions;
    `);
  }
}
