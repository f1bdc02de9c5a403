import { withClient } from '../../src/platform/database/open-database';
import type { TestDatabase } from './database';

/** A schema before PostgreSQL's own, in which time is ours: every rule of the vault reads the database's clock, unqualified. */
const SCHEMA = `
  CREATE SCHEMA simulated;
  CREATE TABLE simulated.shift (by interval NOT NULL);
  INSERT INTO simulated.shift VALUES ('0');
  CREATE FUNCTION simulated.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM simulated.shift)';
  CREATE FUNCTION simulated.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + (SELECT by FROM simulated.shift)';`;

/** Time that passes when a test says so, for everything that the vault decides by the database's clock. */
export class DatabaseClock {
  private constructor(
    private readonly database: TestDatabase,
    /** For `DB_URL`: connections that read this clock. */
    readonly url: string,
  ) {}

  static async install(database: TestDatabase): Promise<DatabaseClock> {
    await withClient(database.url, (client) => client.query(SCHEMA));
    const options = encodeURIComponent('-c search_path=public,simulated,pg_catalog');
    return new DatabaseClock(database, `${database.url}${database.url.includes('?') ? '&' : '?'}options=${options}`);
  }

  /** @param interval in PostgreSQL's words: `1 hour` */
  async advance(interval: string): Promise<void> {
    await this.database.query('UPDATE simulated.shift SET by = by + $1::interval', [interval]);
  }
}
