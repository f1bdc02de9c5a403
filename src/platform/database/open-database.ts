import { Client } from 'pg';
import { DatabaseError } from './database-error';
import {
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
  visitEmbeddedPostgres,
} from './embedded/embedded-postgres';
import { AlreadyRunningError } from './embedded/instance-lock';

/** A PostgreSQL that answers, wherever it runs. */
export interface OpenedDatabase {
  readonly url: string;
  /** Stops the embedded server; nothing to do for one that we did not start. */
  close(): Promise<void>;
}

const OLDEST = 150_000;

/**
 * The database that `DB_URL` names, or the embedded one in `directory`, which a command may share with a running server.
 * @throws {DatabaseError} with a sentence for a person: not reachable, too old, or already in use
 */
export async function openDatabase(
  options: EmbeddedPostgresOptions & { url: string | undefined },
): Promise<OpenedDatabase> {
  if (options.url === undefined) return options.role === 'command' ? openForCommand(options) : start(options);
  await withClient(options.url, async (client) => {
    const { rows } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    const version = rows[0]?.version ?? 0;
    if (version < OLDEST) {
      throw new DatabaseError(`PostgreSQL ${Math.floor(version / 10_000)} is too old: the vault needs 15 or newer.`);
    }
  });
  return { url: options.url, close: () => Promise.resolve() };
}

async function start(options: EmbeddedPostgresOptions): Promise<OpenedDatabase> {
  const embedded = await startEmbeddedPostgres(options);
  return { url: embedded.url, close: () => embedded.stop() };
}

async function openForCommand(options: EmbeddedPostgresOptions): Promise<OpenedDatabase> {
  const visit = async (): Promise<OpenedDatabase | null> => {
    const url = await visitEmbeddedPostgres(options.directory);
    return url === null ? null : { url, close: () => Promise.resolve() };
  };
  const visited = await visit();
  if (visited) return visited;
  try {
    return await start(options);
  } catch (error) {
    // A server has begun in between, and is now as good as one that was there.
    const late = error instanceof AlreadyRunningError ? await visit() : null;
    if (late) return late;
    throw error;
  }
}

/** A connection of its own for work that must not go through the pool; closed in any case. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  let client: Client;
  try {
    // Already here it reads the certificates that the URL names.
    client = new Client({ connectionString: url, connectionTimeoutMillis: 5000, application_name: 'photovault' });
    // A connection that breaks while it is idle would end the process; the next statement says so in any case.
    client.on('error', () => undefined);
    await client.connect();
  } catch (error) {
    throw new DatabaseError(`The database of DB_URL cannot be reached: ${(error as Error).message}`, { cause: error });
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
