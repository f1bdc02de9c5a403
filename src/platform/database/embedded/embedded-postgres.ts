import { existsSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { AlreadyRunningError, isHeldByServer, type Role, takeInstanceLock } from './instance-lock';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries';
import { prepareCluster } from './postgres-cluster';
import { PostgresServer } from './postgres-server';
import { chooseServiceUser, type ServiceUser } from './service-user';
import { connectionUrl, openSocketDirectory } from './socket-directory';

const DATABASE = 'photovault';
const RETAKE_MS = 5_000;

export interface EmbeddedPostgres {
  /** Connection string for `pg`: a unix socket, no password. */
  readonly url: string;
  /** Whether the server was already running: one that a killed process left behind. */
  readonly adopted: boolean;
  /** Stops the server, within about half a minute. Call it after the last pool is closed; a second call waits for the first. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The cluster's directory, absolute; made on the first start. The server's log is `<directory>.log`. */
  readonly directory: string;
  readonly log: (line: string) => void;
  /** A command is brief: whoever wants the database after it waits for its end. */
  readonly role?: Role;
}

/**
 * Starts PostgreSQL on this directory, or takes over the one that serves it, and makes this process its only user. If the server
 * dies it is started again. No signal handlers: the caller decides when to stop.
 *
 * @throws EmbeddedPostgresError with a sentence for the person who started the program.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return explained(options.directory, () => start(options));
}

/**
 * The database that a running vault has open, for a visitor who neither starts nor stops anything; it may end at any moment.
 *
 * @returns its connection string, or null where no vault is at work on this directory
 * @throws EmbeddedPostgresError where the directory is another user's
 */
export async function visitEmbeddedPostgres(directory: string): Promise<string | null> {
  return explained(directory, () => visit(directory));
}

async function explained<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new EmbeddedPostgresError(
      `The database in ${directory} cannot be used: ${message}. The directory above it has to be there for this user ` +
        'to write in, and it must itself be neither a link nor a mount point.',
      { cause: error },
    );
  }
}

async function visit(given: string): Promise<string | null> {
  const { directory, binaries, user } = await locate(given);
  if (!existsSync(join(directory, 'PG_VERSION'))) return null;
  const socketDirectory = await openSocketDirectory(directory, user);
  const server = new PostgresServer({ directory, socketDirectory, logFile: `${directory}.log`, binaries, user });
  const client = await server.connectIfRunning(`vault visitor ${process.pid}`);
  if (!client) return null;
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    return rowCount === 1 && (await isHeldByServer(client)) ? connectionUrl(socketDirectory, DATABASE) : null;
  } finally {
    await client.end();
  }
}

async function start({ directory: given, log, role = 'server' }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { directory, binaries, user } = await locate(given);
  await prepareCluster(directory, binaries, user, log);
  const socketDirectory = await openSocketDirectory(directory, user);
  const logFile = `${directory}.log`;

  const server = new PostgresServer({ directory, socketDirectory, logFile, binaries, user });
  const supervisor = new Supervisor(server, { directory, role, log });
  await supervisor.begin();
  log(server.adopted ? `Took over the PostgreSQL that serves ${directory}.` : `Started PostgreSQL in ${directory}.`);
  return {
    url: connectionUrl(socketDirectory, DATABASE),
    adopted: server.adopted,
    stop: () => supervisor.stop(),
  };
}

async function locate(given: string): Promise<{ directory: string; binaries: PostgresBinaries; user: ServiceUser }> {
  const binaries = await findPostgresBinaries();
  await mkdir(dirname(given), { recursive: true, mode: 0o700 });
  // One directory, one name: two ways to it must lead to the same socket.
  const directory = join(await realpath(dirname(given)), basename(given));
  return { directory, binaries, user: await chooseServiceUser(directory, binaries.postgres) };
}

/** Holds the instance lock while the program runs, takes it again when the server was restarted, and stops the server. */
class Supervisor {
  private readonly stopping = new AbortController();
  private stopped?: Promise<void>;
  private retaken: Promise<void> = Promise.resolve();
  private holder?: Client;
  /** Another process holds the lock, so the server is no longer ours to stop. */
  private evicted = false;

  constructor(
    private readonly server: PostgresServer,
    private readonly options: Required<EmbeddedPostgresOptions>,
  ) {}

  async begin(): Promise<void> {
    const holder = await takeInstanceLock(this.server, this.options, this.stopping.signal);
    try {
      const { rowCount } = await holder.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await holder.query(`CREATE DATABASE ${DATABASE}`);
    } catch (error) {
      await this.stop();
      throw new EmbeddedPostgresError(
        `The database in ${this.options.directory} could not be created: ${(error as Error).message}.`,
      );
    }
    this.hold(holder);
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.stopServer());
  }

  /** The lock is kept until the server is down: let go before, it could pass to a process whose server we then stop. */
  private async stopServer(): Promise<void> {
    this.stopping.abort();
    await this.retaken;
    if (!this.evicted) {
      const outcome = await this.server.stop();
      if (!outcome.ok)
        this.options.log(`PostgreSQL in ${this.options.directory} did not stop in good order: ${outcome.output}`);
    }
    await this.holder?.end().catch(() => undefined);
  }

  private hold(holder: Client): void {
    this.holder = holder;
    this.evicted = false;
    holder.once('end', () => {
      if (!this.stopping.signal.aborted) this.retaken = this.retake();
    });
    // The lock lasts as long as the process; it is no reason for the process to last. (@types/pg does not know unref.)
    (holder as Client & { unref(): void }).unref();
  }

  private async retake(): Promise<void> {
    this.options.log(`The connection to PostgreSQL in ${this.options.directory} was lost; connecting again.`);
    const { signal } = this.stopping;
    let said = '';
    while (!signal.aborted) {
      try {
        this.hold(await takeInstanceLock(this.server, this.options, signal));
        this.options.log(`PostgreSQL in ${this.options.directory} answers again.`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.evicted = error instanceof AlreadyRunningError;
        const { message } = error as Error;
        if (message !== said)
          this.options.log(this.evicted ? `THIS PROCESS HAS LOST ITS DATABASE. ${message}` : message);
        said = message;
        await delay(RETAKE_MS, undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
  }
}
