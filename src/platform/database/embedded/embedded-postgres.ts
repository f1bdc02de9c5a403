import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { AlreadyRunningError, takeInstanceLock } from './instance-lock';
import { findPostgresBinaries } from './postgres-binaries';
import { prepareCluster } from './postgres-cluster';
import { PostgresServer } from './postgres-server';
import { chooseServiceUser } from './service-user';
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
}

/**
 * Starts PostgreSQL on this directory, or takes over the one that serves it, and makes this process its only user. If the server
 * dies it is started again. No signal handlers: the caller decides when to stop.
 *
 * @throws EmbeddedPostgresError with a sentence for the person who started the program.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new EmbeddedPostgresError(
      `The database in ${options.directory} cannot be used: ${message}. The directory above it has to be there for this user ` +
        'to write in, and it must itself be neither a link nor a mount point.',
      { cause: error },
    );
  }
}

async function start({ directory: given, log }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await findPostgresBinaries();
  await mkdir(dirname(given), { recursive: true, mode: 0o700 });
  // One directory, one name: two ways to it must lead to the same socket.
  const directory = join(await realpath(dirname(given)), basename(given));
  const user = await chooseServiceUser(directory, binaries.postgres);
  await prepareCluster(directory, binaries, user, log);
  const socketDirectory = await openSocketDirectory(directory, user);
  const logFile = `${directory}.log`;

  const server = new PostgresServer({ directory, socketDirectory, logFile, binaries, user });
  const supervisor = new Supervisor(server, directory, log);
  await supervisor.begin();
  log(server.adopted ? `Took over the PostgreSQL that serves ${directory}.` : `Started PostgreSQL in ${directory}.`);
  return {
    url: connectionUrl(socketDirectory, DATABASE),
    adopted: server.adopted,
    stop: () => supervisor.stop(),
  };
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
    private readonly directory: string,
    private readonly log: (line: string) => void,
  ) {}

  async begin(): Promise<void> {
    const holder = await takeInstanceLock(this.server, this.directory, this.stopping.signal);
    try {
      const { rowCount } = await holder.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await holder.query(`CREATE DATABASE ${DATABASE}`);
    } catch (error) {
      await this.stop();
      throw new EmbeddedPostgresError(
        `The database in ${this.directory} could not be created: ${(error as Error).message}.`,
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
      if (!outcome.ok) this.log(`PostgreSQL in ${this.directory} did not stop in good order: ${outcome.output}`);
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
    this.log(`The connection to PostgreSQL in ${this.directory} was lost; connecting again.`);
    const { signal } = this.stopping;
    let said = '';
    while (!signal.aborted) {
      try {
        this.hold(await takeInstanceLock(this.server, this.directory, signal));
        this.log(`PostgreSQL in ${this.directory} answers again.`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.evicted = error instanceof AlreadyRunningError;
        const { message } = error as Error;
        if (message !== said) this.log(this.evicted ? `THIS PROCESS HAS LOST ITS DATABASE. ${message}` : message);
        said = message;
        await delay(RETAKE_MS, undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
  }
}
