import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What makes four digits safe: budgets, the longer code, trusted devices, re-authentication; and the security log. */
export class GuardSignIn1763726400000 implements MigrationInterface {
  name = 'GuardSignIn1763726400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE budgets (
        key bytea NOT NULL,
        spent_at timestamptz[] NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_budgets PRIMARY KEY (key)
      );
      CREATE INDEX ix_budgets_expires_at ON budgets (expires_at);

      CREATE TABLE step_up_codes (
        email_bidx bytea NOT NULL,
        code_mac bytea NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_step_up_codes PRIMARY KEY (email_bidx)
      );
      CREATE INDEX ix_step_up_codes_expires_at ON step_up_codes (expires_at);

      CREATE TABLE trusted_devices (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        device_id text NOT NULL,
        device_name text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_trusted_devices PRIMARY KEY (id),
        CONSTRAINT uq_trusted_devices_token_hash UNIQUE (token_hash),
        CONSTRAINT fk_trusted_devices_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_trusted_devices_user_id ON trusted_devices (user_id);
      CREATE INDEX ix_trusted_devices_expires_at ON trusted_devices (expires_at);

      ALTER TABLE sessions ADD trusted_device_id uuid;
      ALTER TABLE sessions ADD CONSTRAINT fk_sessions_trusted_device_id
        FOREIGN KEY (trusted_device_id) REFERENCES trusted_devices (id) ON DELETE SET NULL;
      CREATE INDEX ix_sessions_trusted_device_id ON sessions (trusted_device_id);
      ALTER TABLE sessions ADD idle_seconds integer;
      UPDATE sessions SET idle_seconds = greatest(1, round(extract(epoch FROM idle_expires_at - last_seen_at)));
      ALTER TABLE sessions ALTER idle_seconds SET NOT NULL;
      ALTER TABLE sessions ADD proved_at timestamptz NOT NULL DEFAULT now();
      UPDATE sessions SET proved_at = created_at;
      ALTER TABLE sessions ADD wrong_proofs smallint NOT NULL DEFAULT 0;

      -- A PIN that is on its way while this runs has to be asked for again: nobody has written down who asked for it.
      DELETE FROM login_challenges;
      ALTER TABLE login_challenges ADD purpose text NOT NULL;
      ALTER TABLE login_challenges ADD CONSTRAINT ck_login_challenges_purpose
        CHECK (purpose IN ('sign-in', 'reauthentication', 'email-change'));
      ALTER TABLE login_challenges ADD requester_hash bytea NOT NULL;
      ALTER TABLE login_challenges ADD code_attempts smallint NOT NULL DEFAULT 0;
      ALTER TABLE login_challenges ADD trusted_device_id uuid;
      ALTER TABLE login_challenges ADD session_id uuid;
      ALTER TABLE login_challenges ADD CONSTRAINT fk_login_challenges_trusted_device_id
        FOREIGN KEY (trusted_device_id) REFERENCES trusted_devices (id) ON DELETE CASCADE;
      ALTER TABLE login_challenges ADD CONSTRAINT fk_login_challenges_session_id
        FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE;
      CREATE INDEX ix_login_challenges_requester_hash ON login_challenges (requester_hash);
      CREATE INDEX ix_login_challenges_user_id ON login_challenges (user_id);
      CREATE INDEX ix_login_challenges_trusted_device_id ON login_challenges (trusted_device_id);
      CREATE INDEX ix_login_challenges_session_id ON login_challenges (session_id);

      CREATE TABLE security_events (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        kind text NOT NULL,
        ip text,
        device text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_security_events PRIMARY KEY (id),
        CONSTRAINT fk_security_events_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_security_events_user_id_created_at ON security_events (user_id, created_at, id);
      CREATE INDEX ix_security_events_created_at ON security_events (created_at);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE security_events;
      DELETE FROM login_challenges;
      ALTER TABLE login_challenges
        DROP purpose, DROP requester_hash, DROP code_attempts, DROP trusted_device_id, DROP session_id;
      DROP INDEX ix_login_challenges_user_id;
      ALTER TABLE sessions DROP trusted_device_id, DROP idle_seconds, DROP proved_at, DROP wrong_proofs;
      DROP TABLE trusted_devices;
      DROP TABLE step_up_codes;
      DROP TABLE budgets;
    `);
  }
}
