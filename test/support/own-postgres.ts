import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/platform/database/embedded/bounded-process';
import { findPostgresBinaries } from '../../src/platform/database/embedded/postgres-binaries';
import { prepareCluster } from '../../src/platform/database/embedded/postgres-cluster';
import { chooseServiceUser, type ServiceUser } from '../../src/platform/database/embedded/service-user';
import { connectionUrl } from '../../src/platform/database/embedded/socket-directory';

export type StopMode = 'fast' | 'immediate';

/** A PostgreSQL that belongs to one test, which may stop and start it as it likes: nobody restarts it behind the test's back. */
export class OwnPostgres {
  private constructor(
    private readonly directory: string,
    private readonly user: ServiceUser,
    private readonly pgCtl: string,
  ) {}

  static async create(): Promise<OwnPostgres> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'photovault-own-')));
    const directory = join(base, 'postgres');
    const binaries = await findPostgresBinaries();
    const user = await chooseServiceUser(directory, binaries.postgres);
    await prepareCluster(directory, binaries, user, () => undefined);
    const server = new OwnPostgres(directory, user, binaries.pgCtl);
    await server.start();
    return server;
  }

  get url(): string {
    return connectionUrl(this.directory, 'postgres');
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

  private async control(...args: string[]): Promise<void> {
    const log = join(this.directory, 'server.log');
    const command = this.user.command(this.pgCtl, [...args, '-D', this.directory, '-l', log, '-w', '-s']);
    const { ok, output } = await run(command, 60_000);
    if (!ok) throw new Error(`pg_ctl ${args[0]}: ${output}`);
  }
}
