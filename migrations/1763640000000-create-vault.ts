import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first schema: who exists, how they sign in, and what they store. */
export class CreateVault1763640000000 implements MigrationInterface {
  name = 'CreateVault1763640000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE server_secrets (
        purpose text NOT NULL,
        version integer NOT NULL,
        kid integer NOT NULL,
        secret_wrapped bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_server_secrets PRIMARY KEY (purpose, version)
      );

      CREATE TABLE users (
        id uuid NOT NULL,
        email_bidx bytea NOT NULL,
        email_sealed bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_users PRIMARY KEY (id),
        CONSTRAINT uq_users_email_bidx UNIQUE (email_bidx)
      );

      CREATE TABLE user_keys (
        user_id uuid NOT NULL,
        kid integer NOT NULL,
        key_wrapped bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_user_keys PRIMARY KEY (user_id),
        CONSTRAINT fk_user_keys_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );

      CREATE TABLE login_challenges (
        id uuid NOT NULL,
        id_hash bytea NOT NULL,
        user_id uuid,
        email_bidx bytea NOT NULL,
        mailbox_sealed bytea,
        device_hash bytea NOT NULL,
        pin_mac bytea NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        max_attempts smallint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        consumed_at timestamptz,
        CONSTRAINT pk_login_challenges PRIMARY KEY (id),
        CONSTRAINT uq_login_challenges_id_hash UNIQUE (id_hash),
        CONSTRAINT fk_login_challenges_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_login_challenges_expires_at ON login_challenges (expires_at);

      CREATE TABLE sessions (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        device_id text NOT NULL,
        device_name text,
        ip text,
        user_agent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        idle_expires_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT pk_sessions PRIMARY KEY (id),
        CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash),
        CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_sessions_user_id ON sessions (user_id);

      CREATE TABLE folders (
        id uuid NOT NULL,
        owner_id uuid NOT NULL,
        is_root boolean NOT NULL DEFAULT false,
        name_bidx bytea,
        name_sealed bytea,
        fk_version integer NOT NULL DEFAULT 1,
        fk_wrapped bytea,
        epoch integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_folders PRIMARY KEY (id),
        CONSTRAINT ck_folders_root_open CHECK (NOT is_root OR fk_wrapped IS NOT NULL),
        CONSTRAINT fk_folders_owner_id FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE UNIQUE INDEX uq_folders_owner_id_root ON folders (owner_id) WHERE is_root;

      CREATE TABLE blobs (
        id uuid NOT NULL,
        owner_id uuid NOT NULL,
        file_id uuid NOT NULL,
        kind smallint NOT NULL,
        format smallint NOT NULL DEFAULT 1,
        state text NOT NULL,
        lease_expires_at timestamptz,
        ct_bytes bigint,
        ct_crc32 bigint,
        header bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_blobs PRIMARY KEY (id),
        CONSTRAINT ck_blobs_state CHECK (state IN ('pending', 'ready', 'deleting')),
        CONSTRAINT ck_blobs_ready_complete CHECK (
          state <> 'ready' OR (ct_bytes IS NOT NULL AND ct_crc32 IS NOT NULL AND length(header) = 56)
        )
      );
      CREATE INDEX ix_blobs_lease_expires_at ON blobs (lease_expires_at) WHERE state <> 'ready';
      CREATE INDEX ix_blobs_owner_id ON blobs (owner_id) WHERE state = 'ready';

      CREATE TABLE files (
        id uuid NOT NULL,
        owner_id uuid NOT NULL,
        folder_id uuid NOT NULL,
        blob_id uuid NOT NULL,
        blob_version integer NOT NULL DEFAULT 1,
        fk_version integer NOT NULL,
        dek_wrapped bytea NOT NULL,
        meta_sealed bytea NOT NULL,
        meta_version integer NOT NULL DEFAULT 1,
        name_bidx bytea NOT NULL,
        content_bidx bytea NOT NULL,
        taken_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        trashed_at timestamptz(3),
        CONSTRAINT pk_files PRIMARY KEY (id),
        CONSTRAINT uq_files_blob_id UNIQUE (blob_id),
        CONSTRAINT fk_files_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE,
        CONSTRAINT fk_files_blob_id FOREIGN KEY (blob_id) REFERENCES blobs (id)
      );
      CREATE UNIQUE INDEX uq_files_folder_id_name_bidx ON files (folder_id, name_bidx) WHERE trashed_at IS NULL;
      CREATE UNIQUE INDEX uq_files_content_bidx_folder_id ON files (content_bidx, folder_id) WHERE trashed_at IS NULL;
      CREATE INDEX ix_files_owner_id_created_at ON files (owner_id, created_at, id) WHERE trashed_at IS NULL;
      CREATE INDEX ix_files_owner_id_taken_at ON files (owner_id, COALESCE(taken_at, created_at), id) WHERE trashed_at IS NULL;
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE files;
      DROP TABLE blobs;
      DROP TABLE folders;
      DROP TABLE sessions;
      DROP TABLE login_challenges;
      DROP TABLE user_keys;
      DROP TABLE users;
      DROP TABLE server_secrets;
    `);
  }
}
