import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import 'reflect-metadata';
import { blobKey } from '../../src/platform/blobs/blob-key';
import { BlobStore } from '../../src/platform/blobs/blob-store';
import { createBlobStore } from '../../src/platform/blobs/blobs.module';
import { AppConfig } from '../../src/platform/config/app-config';
import { connectionUrl } from '../../src/platform/database/embedded/socket-directory';
import { withClient } from '../../src/platform/database/open-database';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { createLogger } from '../../src/platform/logging/logger';
import { buildApp } from '../../src/start';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { readCanary } from '../../src/vault/keys.repository';
import { KeyringService } from '../../src/vault/keyring.service';
import { MasterKeyring } from '../../src/vault/master-keyring';
import { dumpLines } from './dump';
import { VaultProcess, type VaultProcessOptions } from './vault-process';
import { eventually } from './waiting';

/** What the store and the database do not agree on; all empty when they do. */
export interface Disagreement {
  /** Keys of objects that no ready blob has: strays, and remains of unfinished uploads. */
  readonly objects: string[];
  /** Keys of ready blobs that have no object: lost data. */
  readonly blobs: string[];
}

/** A place on disk where servers run one after the other, or side by side, and everything that they leave there. */
export class VaultHome {
  /** What DATA_DIR is unless a process is given another. */
  readonly dataDir: string;
  private readonly processes: VaultProcess[] = [];

  private constructor(
    readonly directory: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.dataDir = join(directory, 'data');
  }

  /** @param env settings of every process here; without DB_URL the database is the embedded one */
  static async create(env: NodeJS.ProcessEnv = {}, prefix = 'photovault-home-'): Promise<VaultHome> {
    return new VaultHome(realpathSync(await mkdtemp(join(tmpdir(), prefix))), env);
  }

  /** Starts a server; `ready()` tells when it listens. */
  start(env: NodeJS.ProcessEnv = {}, options: Omit<VaultProcessOptions, 'env' | 'cwd'> = {}): VaultProcess {
    const started = new VaultProcess({
      ...options,
      cwd: this.directory,
      // A machine that is nearly full is no reason for a test to fail, and a small disk is the point of some.
      env: { MIN_FREE_BYTES: '0', DATA_DIR: this.dataDir, ...this.env, ...env },
    });
    this.processes.push(started);
    return started;
  }

  get databaseUrl(): string {
    return this.env.DB_URL ?? connectionUrl(join(this.dataDir, 'postgres'), 'photovault');
  }

  /** One statement, past the server. */
  async query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return withClient(this.databaseUrl, async (client) => (await client.query<Row>(sql, values)).rows);
  }

  /** Every row of every table as text, one a line: what a dump of the database would show. */
  async dump(): Promise<string> {
    return (await dumpLines((sql, values) => this.query(sql, values))).join('\n');
  }

  /** Names of what lies directly in DATA_DIR, sorted. */
  files(): string[] {
    return readdirSync(this.dataDir).sort();
  }

  /** Keys of everything in the blob store, whatever it is, with `tmp/…` for what is unfinished; sorted. */
  async stored(): Promise<string[]> {
    const store = await createBlobStore(this.config(), createLogger('silent'));
    const keys: string[] = [];
    for await (const { key } of store.list()) keys.push(key);
    return keys.sort();
  }

  /** The same of a store on disk. */
  objects(): string[] {
    const root = join(this.dataDir, 'blobs');
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort();
  }

  async disagreement(): Promise<Disagreement> {
    const ready = await this.query<{ id: string; owner: string }>(
      "SELECT id, owner_id AS owner FROM blobs WHERE state = 'ready'",
    );
    const expected = new Set(ready.map(({ id, owner }) => blobKey(owner, id)));
    const found = new Set(await this.stored());
    return {
      objects: [...found].filter((key) => !expected.has(key)),
      blobs: [...expected].filter((key) => !found.has(key)),
    };
  }

  /** Lets the leases of dead uploads run out now. The sweeper looks when a server starts, and every half minute. */
  async expireLeases(): Promise<void> {
    await this.query("UPDATE blobs SET lease_expires_at = now() - interval '1 second' WHERE state = 'pending'");
  }

  /** Waits until the sweeper has no work left. */
  async swept(): Promise<void> {
    await eventually('the sweeper has swept', async () => {
      const rows = await this.query(
        "SELECT FROM blobs WHERE state = 'deleting' OR lease_expires_at < clock_timestamp()",
      );
      return rows.length === 0;
    });
  }

  /**
   * Runs the daily search for objects without a row, in this process and as if a day had passed. Only a database that crashed
   * leaves such objects: the row of a pending blob is not synced, because nothing has been promised yet.
   */
  async searchForStrays(): Promise<void> {
    const config = this.config();
    const { keyring } = await MasterKeyring.open(config.masterKeyFile, await withClient(this.databaseUrl, readCanary));
    const logger = createLogger('silent');
    const app = await buildApp({ config, logger, databaseUrl: this.databaseUrl, masterKeys: keyring });
    try {
      // One of its own: the application's has a timetable, and forgets what it suspects at every search.
      const sweeper = new BlobSweeper(
        app.get(BlobStore),
        app.get(BlobsRepository),
        app.get(KeyringService),
        app.get(JobsService),
        logger,
      );
      // Only what was seen twice is removed.
      for (let time = 0; time < 2; time++) await sweeper.sweepStrays(new Date(Date.now() + 1000));
    } finally {
      await app.close();
    }
  }

  /**
   * Process id of the embedded database's server.
   * @throws where none runs: 0 or nothing would be a signal to the tests themselves
   */
  postmaster(): number {
    return Number.parseInt(readFileSync(this.postmasterFile, 'utf8'), 10);
  }

  /** Ends every process that was started here and removes every file. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Ends every process that was started here, and the database that they may have left behind. */
  async stop(): Promise<void> {
    await Promise.all(this.processes.filter((each) => each.running).map((each) => each.end('SIGKILL')));
    if (await this.databaseAnswers()) {
      process.kill(this.postmaster(), 'SIGINT');
      await eventually('the embedded database has ended', () => !existsSync(this.postmasterFile));
    }
  }

  private config(): AppConfig {
    return AppConfig.load({ ...this.env, DATA_DIR: this.dataDir, DB_URL: this.databaseUrl });
  }

  private get postmasterFile(): string {
    return join(this.dataDir, 'postgres', 'postmaster.pid');
  }

  /** Whether a server is behind the socket: the lock file alone may name a dead one's number, which is somebody else's by now. */
  private async databaseAnswers(): Promise<boolean> {
    if (!existsSync(this.postmasterFile)) return false;
    try {
      await withClient(connectionUrl(join(this.dataDir, 'postgres'), 'postgres'), () => Promise.resolve());
      return true;
    } catch (error) {
      const { code } = (error as Error).cause as NodeJS.ErrnoException;
      return code !== 'ENOENT' && code !== 'ECONNREFUSED';
    }
  }
}
