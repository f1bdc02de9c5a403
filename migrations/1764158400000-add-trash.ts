import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Folders can be in the trash like files, and what is there is found by its date and by its bytes. */
export class AddTrash1764158400000 implements MigrationInterface {
  name = 'AddTrash1764158400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE folders ADD COLUMN trashed_at timestamptz(3), ADD COLUMN purged_at timestamptz,
        ADD CONSTRAINT ck_folders_trashed CHECK ((trashed_at IS NULL OR NOT is_root) AND (purged_at IS NULL OR trashed_at IS NOT NULL));
      DROP INDEX uq_folders_owner_id_name_bidx;
      CREATE UNIQUE INDEX uq_folders_owner_id_name_bidx ON folders (owner_id, name_bidx) WHERE trashed_at IS NULL;
      CREATE INDEX ix_folders_trashed_at ON folders (trashed_at) WHERE trashed_at IS NOT NULL;

      CREATE INDEX ix_files_owner_id_trashed_at ON files (owner_id, trashed_at, id) WHERE trashed_at IS NOT NULL;
      CREATE INDEX ix_files_folder_id_trashed_at ON files (folder_id, trashed_at, id) WHERE trashed_at IS NOT NULL;
      CREATE INDEX ix_files_trashed_at ON files (trashed_at) WHERE trashed_at IS NOT NULL;
      CREATE INDEX ix_files_content_bidx_folder_id_trashed ON files (content_bidx, folder_id) WHERE trashed_at IS NOT NULL;
      -- Whoever deletes a folder asks whether it has files of either kind, and no partial index can answer that.
      CREATE INDEX ix_files_folder_id ON files (folder_id);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const [{ trashed }] = (await queryRunner.query(
      'SELECT count(*)::int AS trashed FROM folders WHERE trashed_at IS NOT NULL',
    )) as [{ trashed: number }];
    if (trashed > 0) {
      throw new Error(`${trashed} folder${trashed > 1 ? 's are' : ' is'} in the trash: purge or restore them before.`);
    }
    await queryRunner.query(`
      DROP INDEX ix_files_folder_id;
      DROP INDEX ix_files_content_bidx_folder_id_trashed;
      DROP INDEX ix_files_trashed_at;
      DROP INDEX ix_files_folder_id_trashed_at;
      DROP INDEX ix_files_owner_id_trashed_at;
      DROP INDEX ix_folders_trashed_at;
      DROP INDEX uq_folders_owner_id_name_bidx;
      CREATE UNIQUE INDEX uq_folders_owner_id_name_bidx ON folders (owner_id, name_bidx);
      ALTER TABLE folders DROP CONSTRAINT ck_folders_trashed, DROP COLUMN purged_at, DROP COLUMN trashed_at;
    `);
  }
}
