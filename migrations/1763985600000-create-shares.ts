import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links to a folder or to some files, who has opened them, and who may look at them just now. */
export class CreateShares1763985600000 implements MigrationInterface {
  name = 'CreateShares1763985600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE shares (
        id uuid NOT NULL,
        owner_id uuid NOT NULL,
        folder_id uuid,
        fk_version integer,
        file_count integer,
        secret_hash bytea NOT NULL,
        password_salt bytea,
        password_params jsonb,
        fk_wrapped bytea,
        label_sealed bytea,
        visitor_label_sealed bytea,
        include_originals boolean NOT NULL,
        max_opens integer,
        opens integer NOT NULL DEFAULT 0,
        wrong_passwords integer NOT NULL DEFAULT 0,
        suspended_at timestamptz,
        expires_at timestamptz(0) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_shares PRIMARY KEY (id),
        CONSTRAINT fk_shares_owner_id FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT fk_shares_folder_id FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE,
        CONSTRAINT ck_shares_target CHECK ((folder_id IS NULL) = (fk_version IS NULL) AND (folder_id IS NULL) = (file_count IS NOT NULL)),
        CONSTRAINT ck_shares_password CHECK ((password_salt IS NULL) = (password_params IS NULL)),
        CONSTRAINT ck_shares_opens CHECK (max_opens IS NULL OR opens <= max_opens)
      );
      CREATE INDEX ix_shares_owner_id_created_at ON shares (owner_id, created_at, id);
      CREATE INDEX ix_shares_folder_id ON shares (folder_id);
      CREATE INDEX ix_shares_expires_at ON shares (expires_at);

      CREATE TABLE share_items (
        share_id uuid NOT NULL,
        file_id uuid NOT NULL,
        folder_id uuid NOT NULL,
        fk_version integer NOT NULL,
        blob_version integer NOT NULL,
        dek_wrapped bytea NOT NULL,
        details_sealed bytea NOT NULL,
        CONSTRAINT pk_share_items PRIMARY KEY (share_id, file_id),
        CONSTRAINT fk_share_items_share_id FOREIGN KEY (share_id) REFERENCES shares (id) ON DELETE CASCADE,
        CONSTRAINT fk_share_items_file_id FOREIGN KEY (file_id) REFERENCES files (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_share_items_file_id ON share_items (file_id);

      CREATE TABLE share_openings (
        id uuid NOT NULL,
        share_id uuid NOT NULL,
        network text NOT NULL,
        agent text,
        files_fetched integer NOT NULL DEFAULT 0,
        opened_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_share_openings PRIMARY KEY (id),
        CONSTRAINT fk_share_openings_share_id FOREIGN KEY (share_id) REFERENCES shares (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_share_openings_share_id_opened_at ON share_openings (share_id, opened_at, id);
      CREATE INDEX ix_share_openings_opened_at ON share_openings (opened_at);

      CREATE TABLE share_sessions (
        id uuid NOT NULL,
        share_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        key_sealed bytea NOT NULL,
        expires_at timestamptz(0) NOT NULL,
        CONSTRAINT pk_share_sessions PRIMARY KEY (id),
        CONSTRAINT uq_share_sessions_token_hash UNIQUE (token_hash),
        CONSTRAINT fk_share_sessions_id FOREIGN KEY (id) REFERENCES share_openings (id) ON DELETE CASCADE,
        CONSTRAINT fk_share_sessions_share_id FOREIGN KEY (share_id) REFERENCES shares (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_share_sessions_share_id ON share_sessions (share_id);
      CREATE INDEX ix_share_sessions_expires_at ON share_sessions (expires_at);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE share_sessions;
      DROP TABLE share_openings;
      DROP TABLE share_items;
      DROP TABLE shares;
    `);
  }
}
