import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import type { PostgresServer } from './postgres-server';

/** The lock's two keys; a space of its own, since nothing else takes locks in the maintenance database. */
const KEYS = [0x5056, 1];

/** How long a killed predecessor's connection may take to be noticed, or an orderly one to stop its server. */
const PATIENCE_MS = 3_000;
/** A command goes away by itself. */
const PATIENCE_WITH_COMMAND_MS = 30_000;
const RETRY_MS = 100;

/** What a process that holds the lock, or asks for it, is there for. */
export type Role = 'server' | 'command';

/** What each is called in `pg_stat_activity`, with its process id behind. */
const NAMES: Readonly<Record<Role, string>> = { server: 'photovault process', command: 'vault command' };

/** Somebody else holds the lock. */
export class AlreadyRunningError extends EmbeddedPostgresError {}

/**
 * Makes this process the only one on its cluster: a session-level advisory lock, which lasts as long as the returned connection.
 * The kernel closes that when the process dies, however it dies; no lock file can stay behind.
 *
 * @throws AlreadyRunningError where another process holds it; EmbeddedPostgresError where the server cannot be reached.
 */
export async function takeInstanceLock(
  server: PostgresServer,
  { directory, role }: { directory: string; role: Role },
  signal: AbortSignal,
): Promise<Client> {
  const begin = Date.now();
  let patience = PATIENCE_MS;
  for (;;) {
    const client = await server.connect(`${NAMES[role]} ${process.pid}`, signal);
    const late = Date.now() - begin > patience;
    let taken = false;
    let holder: string | undefined;
    try {
      taken = await tryLock(client);
      if (taken) return client;
      if (late) holder = (await holderOf(client)) ?? 'another process';
      if (patience === PATIENCE_MS && holder?.startsWith(NAMES.command)) {
        patience = PATIENCE_WITH_COMMAND_MS;
        holder = undefined;
      }
    } catch (error) {
      // The holder may be stopping the server, and this connection with it.
      if (late) {
        throw new EmbeddedPostgresError(
          `PostgreSQL in ${directory} breaks off connections: ${(error as Error).message}.`,
        );
      }
    } finally {
      if (!taken) await client.end().catch(() => undefined);
    }
    if (holder !== undefined) {
      throw new AlreadyRunningError(
        `Photovault is already running on the database in ${directory} (${holder}). ` +
          'Stop it first, or start this one with another DATA_DIR.',
      );
    }
    await delay(RETRY_MS);
  }
}

/** Whether a server holds the lock of the cluster that a connection leads to. */
export async function isHeldByServer(client: Client): Promise<boolean> {
  return (await holderOf(client))?.startsWith(NAMES.server) ?? false;
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', KEYS);
  return rows[0]?.taken === true;
}

async function holderOf(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ holder: string }>(
    `SELECT a.application_name AS holder FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid = $2 AND l.objsubid = 2 AND l.granted`,
    KEYS,
  );
  return rows[0]?.holder;
}
