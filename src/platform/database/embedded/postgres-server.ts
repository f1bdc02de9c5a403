import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { Outcome } from './bounded-process';
import { CLEAN_ENVIRONMENT, run } from './bounded-process';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import type { PostgresBinaries } from './postgres-binaries';
import type { ServiceUser } from './service-user';
import { SOCKET_PORT, connectionUrl } from './socket-directory';

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 60_000;
/** Longer than an ordinary vault takes to recover from a crash. */
const READY_TIMEOUT_MS = 120_000;
/** A killed server counts as alive until its parent has noticed, which takes some seconds. */
const LOCK_FILE_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_SECONDS = 30;

/**
 * What holds on every start, whatever postgresql.conf says: no network, and no log line that could quote a value. An error's own
 * text may quote one ("invalid input syntax for type uuid: …"), and goes to the client that caused it; so the server's log
 * keeps only what concerns the server (LOG, FATAL, PANIC). Everything else, durability above all, is PostgreSQL's default.
 */
const SETTINGS = [
  'listen_addresses=',
  `port=${SOCKET_PORT}`,
  'logging_collector=off',
  'log_destination=stderr',
  'log_min_messages=log',
  'log_min_error_statement=panic',
  'log_statement=none',
  'log_min_duration_statement=-1',
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
  'log_checkpoints=off',
];

export interface ServerPlace {
  readonly directory: string;
  readonly socketDirectory: string;
  readonly logFile: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServiceUser;
}

/** A postmaster that we started. */
interface Launch {
  readonly logOffset: number;
  ended: boolean;
}

/** The one PostgreSQL server of a cluster: found running or started, and stopped. */
export class PostgresServer {
  /** Whether the latest connection went to a server that somebody else had started. */
  adopted = false;

  constructor(private readonly place: ServerPlace) {}

  /**
   * A connection to the maintenance database; starts the server where none answers. PostgreSQL's own lock file decides between
   * two starts at once: the loser's postmaster ends, and the loser finds the winner's. The lock file of a killed server is
   * PostgreSQL's to judge, too; we only try again while it says no.
   *
   * @param applicationName as pg_stat_activity shows it, at most 63 bytes.
   * @throws EmbeddedPostgresError where no server can be reached within a bounded time; the signal's reason when aborted.
   */
  async connect(applicationName: string, signal: AbortSignal): Promise<Client> {
    const begin = Date.now();
    let launch: Launch | undefined;
    for (;;) {
      signal.throwIfAborted();
      const answer = await this.tryToConnect(applicationName);
      if (answer instanceof Client) {
        this.adopted = launch === undefined || launch.ended;
        return answer;
      }
      const waited = Date.now() - begin;
      if (isNobodyThere(answer) && launch?.ended !== false) {
        if (launch) await this.explainEnd(launch, waited);
        launch = await this.launch();
      } else if (waited > READY_TIMEOUT_MS) {
        throw this.notReady(answer);
      }
      await delay(launch?.ended === false ? 25 : 250);
    }
  }

  /** The same where a server answers; null where none does, or not yet, or no longer. */
  async connectIfRunning(applicationName: string): Promise<Client | null> {
    const answer = await this.tryToConnect(applicationName);
    return answer instanceof Client ? answer : null;
  }

  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  stop(): Promise<Outcome> {
    const { user, binaries, directory } = this.place;
    const args = ['stop', '-D', directory, '-m', 'fast', '-t', String(STOP_TIMEOUT_SECONDS), '-s'];
    return run(user.command(binaries.pgCtl, args), (STOP_TIMEOUT_SECONDS + 5) * 1000);
  }

  private async tryToConnect(applicationName: string): Promise<Client | Error> {
    const client = new Client({
      connectionString: connectionUrl(this.place.socketDirectory, 'postgres'),
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    // A connection that breaks between two queries says so by an event, and an unheard 'error' would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      // 57P01..57P03: the server is stopping, has crashed, or is not ready yet.
      if (error instanceof DatabaseError && !error.code?.startsWith('57P0')) {
        throw new EmbeddedPostgresError(
          `The database in ${this.place.directory} refuses the connection: ${error.message}. It may not have been made by Photovault.`,
        );
      }
      return error as Error;
    }
  }

  private async launch(): Promise<Launch> {
    const { user, binaries, directory, socketDirectory, logFile } = this.place;
    // The server works in its own directory, so that '.' stays true however long the path is.
    const socket = socketDirectory === directory ? '.' : `"${socketDirectory.replaceAll('"', '""')}"`;
    const settings = [...SETTINGS, `unix_socket_directories=${socket}`].flatMap((setting) => ['-c', setting]);
    const { file, args, uid, gid } = user.command(binaries.postgres, ['-D', directory, ...settings]);

    const log = await open(logFile, 'a', 0o600);
    try {
      await log.chown(user.uid, user.gid);
      const launch: Launch = { logOffset: (await log.stat()).size, ended: false };
      // Detached: a session of its own, so that Ctrl+C in a terminal reaches us only, and we stop it when we are done with it.
      const child = spawn(file, args, {
        cwd: '/',
        detached: true,
        env: CLEAN_ENVIRONMENT,
        gid,
        stdio: ['ignore', log.fd, log.fd],
        uid,
      });
      const end = (): void => void (launch.ended = true);
      child.once('exit', end).once('error', end).unref();
      return launch;
    } finally {
      await log.close();
    }
  }

  /** Returns where it is worth another try: a server that is about to serve, to end, or to be buried holds the lock file. */
  private async explainEnd(launch: Launch, waited: number): Promise<void> {
    const { directory, logFile } = this.place;
    const said = (await readFile(logFile)).subarray(launch.logOffset).toString().trim();
    if (!/lock file "|shared memory block/.test(said)) {
      throw new EmbeddedPostgresError(`PostgreSQL did not start in ${directory}. Its log ${logFile} says: ${said}`);
    }
    if (waited > LOCK_FILE_TIMEOUT_MS) {
      const lockFile = join(directory, 'postmaster.pid');
      throw new EmbeddedPostgresError(
        `PostgreSQL does not start in ${directory}, because its lock file names a process that does not answer as a database. ` +
          `Once you are sure that no PostgreSQL runs there, delete ${lockFile} and start again. The log says: ${said}`,
      );
    }
  }

  private notReady(reason: Error): EmbeddedPostgresError {
    const { directory, logFile } = this.place;
    return new EmbeddedPostgresError(
      `PostgreSQL runs in ${directory} but let nobody in for ${READY_TIMEOUT_MS / 1000} seconds (${reason.message}). If its log ` +
        `${logFile} shows that it is recovering from a crash, leave it running and start Photovault again later.`,
    );
  }
}

function isNobodyThere(error: Error): boolean {
  return ['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '');
}
