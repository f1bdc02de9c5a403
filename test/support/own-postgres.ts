import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/platform/database/embedded/bounded-process';
import { findPostgresBinaries } from '../../src/platform/database/embedded/postgres-binaries';
import { prepareCluster } from '../../src/platform/database/embedded/postgres-cluster';
import { chooseServiceUser, type ServiceUser } from '../../src/platform/database/embedded/service-user';
import { connectionUrl } from '../../src/platform/database/embedded/socket-directory';
import { withClient } from '../../src/platform/database/open-database';

export type StopMode = 'fast' | 'immediate';

const DEBIAN = '/usr/lib/postgresql';

/** Directory with the programs of the newest PostgreSQL that Debian's packages have installed here, which have a `pg_dump`; or null. */
export function debianPostgres(): string | null {
  const majors = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const found = majors
    .sort((a, b) => Number(b) - Number(a))
    .map((major) => join(DEBIAN, major, 'bin'))
    .find((directory) => existsSync(join(directory, 'initdb')) && existsSync(join(directory, 'pg_dump')));
  return found ?? null;
}

/** A PostgreSQL that belongs to one test, which may stop and start it as it likes: nobody restarts it behind the test's back. */
export class OwnPostgres {
  private constructor(
    private readonly directory: string,
    private readonly user: ServiceUser,
    private readonly pgCtl: string,
  ) {}

  /** The one that comes along with the vault. */
  static async create(): Promise<OwnPostgres> {
    const directory = await newDirectory();
    const binaries = await findPostgresBinaries();
    const user = await chooseServiceUser(directory, binaries.postgres);
    await prepareCluster(directory, binaries, user, () => undefined);
    return OwnPostgres.started(directory, user, binaries.pgCtl);
  }

  /** Another one. @param bin where its programs are */
  static async createFrom(bin: string): Promise<OwnPostgres> {
    const directory = await newDirectory();
    const user = await chooseServiceUser(directory, join(bin, 'postgres'));
    await chown(join(directory, '..'), user.uid, user.gid);
    const args = [`--pgdata=${directory}`, '--username=photovault', '--auth=trust', '--encoding=UTF8', '--locale=C'];
    const { ok, output } = await run(user.command(join(bin, 'initdb'), args), 120_000);
    if (!ok) throw new Error(`initdb: ${output}`);
    return OwnPostgres.started(directory, user, join(bin, 'pg_ctl'));
  }

  private static async started(directory: string, user: ServiceUser, pgCtl: string): Promise<OwnPostgres> {
    const server = new OwnPostgres(directory, user, pgCtl);
    await server.start();
    return server;
  }

  get url(): string {
    return this.urlOf('postgres');
  }

  /** @returns the URL of a new, empty database */
  async createDatabase(name: string): Promise<string> {
    await withClient(this.url, (client) => client.query(`CREATE DATABASE ${name}`));
    return this.urlOf(name);
  }

  async start(): Promise<void> {
    await this.control('start', '-o', '-c listen_addresses= -c unix_socket_directories=.');
  }

  /** `immediate` is a crash: the next start recovers from the write-ahead log. */
  async stop(mode: StopMode): Promise<void> {
    await this.control('stop', '-m', mode);
  }

  async restart(mode: StopMode): Promise<void> {
    await this.control('restart', '-m', mode);
  }

  /** Stops it for good and removes it. */
  async remove(): Promise<void> {
    await this.control('stop', '-m', 'immediate').catch(() => undefined);
    await rm(join(this.directory, '..'), { recursive: true, force: true });
  }

  private urlOf(database: string): string {
    return connectionUrl(this.directory, database);
  }

  private async control(...args: string[]): Promise<void> {
    const log = join(this.directory, 'server.log');
    const command = this.user.command(this.pgCtl, [...args, '-D', this.directory, '-l', log, '-w', '-s']);
    const { ok, output } = await run(command, 60_000);
    if (!ok) throw new Error(`pg_ctl ${args[0]}: ${output}`);
  }
}

async function newDirectory(): Promise<string> {
  return join(await realpath(await mkdtemp(join(tmpdir(), 'photovault-own-'))), 'postgres');
}
