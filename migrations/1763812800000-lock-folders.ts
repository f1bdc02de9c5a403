import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Folders with names and locks: slots that open a locked one, grants of those who did, and guesses at passwords. */
export class LockFolders1763812800000 implements MigrationInterface {
  name = 'LockFolders1763812800000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE folders ADD CONSTRAINT ck_folders_named
        CHECK (is_root = (name_sealed IS NULL) AND is_root = (name_bidx IS NULL));
      CREATE UNIQUE INDEX uq_folders_owner_id_name_bidx ON folders (owner_id, name_bidx);

      CREATE TABLE folder_slots (
        id uuid NOT NULL,
        folder_id uuid NOT NULL,
        type smallint NOT NULL,
        fk_version integer NOT NULL,
        key_wrapped bytea NOT NULL,
        salt bytea,
        memory_kib integer,
        passes integer,
        parallelism integer,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_folder_slots PRIMARY KEY (id),
        CONSTRAINT uq_folder_slots_folder_id_type UNIQUE (folder_id, type),
        CONSTRAINT ck_folder_slots_type CHECK (type IN (1, 2)),
        CONSTRAINT ck_folder_slots_hashed CHECK (
          (type = 1) = (salt IS NOT NULL AND memory_kib IS NOT NULL AND passes IS NOT NULL AND parallelism IS NOT NULL)
        ),
        CONSTRAINT fk_folder_slots_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE
      );

      CREATE TABLE unlock_grants (
        id uuid NOT NULL,
        session_id uuid NOT NULL,
        folder_id uuid NOT NULL,
        fk_version integer NOT NULL,
        sealed_fk bytea NOT NULL,
        last_used_at timestamptz NOT NULL,
        idle_expires_at timestamptz NOT NULL,
        expires_at timestamptz(0) NOT NULL,
        CONSTRAINT pk_unlock_grants PRIMARY KEY (id),
        CONSTRAINT uq_unlock_grants_session_id_folder_id UNIQUE (session_id, folder_id),
        CONSTRAINT fk_unlock_grants_session_id FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
        CONSTRAINT fk_unlock_grants_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_unlock_grants_folder_id ON unlock_grants (folder_id);
      CREATE INDEX ix_unlock_grants_expires_at ON unlock_grants (expires_at);

      CREATE TABLE password_guesses (
        subject_id uuid NOT NULL,
        wrong integer NOT NULL,
        blocked_until timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_password_guesses PRIMARY KEY (subject_id)
      );
      CREATE INDEX ix_password_guesses_expires_at ON password_guesses (expires_at);

      -- A folder with files in it is deleted by nobody: a cascade would take files whose upload has just been answered.
      ALTER TABLE files DROP CONSTRAINT fk_files_folder_id;
      ALTER TABLE files ADD CONSTRAINT fk_files_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id);
      CREATE INDEX ix_files_owner_id_folder_id_created_at ON files (owner_id, folder_id, created_at, id) WHERE trashed_at IS NULL;
      CREATE INDEX ix_files_owner_id_folder_id_taken_at ON files (owner_id, folder_id, COALESCE(taken_at, created_at), id) WHERE trashed_at IS NULL;
      CREATE INDEX ix_files_owner_id_folder_id_trashed ON files (owner_id, folder_id, created_at, id) WHERE trashed_at IS NOT NULL;
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const [{ locked }] = (await queryRunner.query(
      'SELECT count(*)::int AS locked FROM folders WHERE fk_wrapped IS NULL',
    )) as [{ locked: number }];
    if (locked > 0) {
      throw new Error(
        `${locked} folder${locked > 1 ? 's are' : ' is'} locked: without its slots nobody could open it.`,
      );
    }
    await queryRunner.query(`
      DROP INDEX ix_files_owner_id_folder_id_trashed;
      DROP INDEX ix_files_owner_id_folder_id_taken_at;
      DROP INDEX ix_files_owner_id_folder_id_created_at;
      ALTER TABLE files DROP CONSTRAINT fk_files_folder_id;
      ALTER TABLE files ADD CONSTRAINT fk_files_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE;
      DROP TABLE password_guesses;
      DROP TABLE unlock_grants;
      DROP TABLE folder_slots;
      DROP INDEX uq_folders_owner_id_name_bidx;
      ALTER TABLE folders DROP CONSTRAINT ck_folders_named;
    `);
  }
}
