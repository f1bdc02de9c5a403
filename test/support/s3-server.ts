import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { S3 } from '@aws-sdk/client-s3';
import { eventually } from './waiting';

const run = promisify(execFile);
const DAEMONS = ['ceph-mon', 'ceph-osd', 'radosgw'] as const;

/** One that is there already, to run suites on another kind of store: `S3_ENDPOINT` and so on, each after `TEST_`. */
const GIVEN = givenBy(process.env);

export const isGivenS3 = GIVEN !== null;

/** Whether there is an object store here to test with; a suite that needs one says loudly that it did not run. */
export const hasS3 = isGivenS3 || DAEMONS.every((daemon) => spawnSync(daemon, ['--version']).status === 0);

/** `describe` where an object store is installed. @param what the suite is about, for whoever reads that it did not run */
export function describeWithS3(what: string): jest.Describe {
  if (!hasS3) process.stderr.write(`\nNOT RUN: ${what}. Install ceph-mon, ceph-osd and radosgw.\n\n`);
  return hasS3 ? describe : describe.skip;
}

/** What a client needs to know of an object store, as the environment of a server. */
export interface S3Environment extends NodeJS.ProcessEnv {
  BLOB_DRIVER: 's3';
  S3_ENDPOINT: string;
  S3_BUCKET: string;
  S3_ACCESS_KEY_ID: string;
  S3_SECRET_ACCESS_KEY: string;
}

function givenBy(env: NodeJS.ProcessEnv): S3Environment | null {
  const { TEST_S3_ENDPOINT, TEST_S3_BUCKET = '', TEST_S3_ACCESS_KEY_ID = '', TEST_S3_SECRET_ACCESS_KEY = '' } = env;
  if (TEST_S3_ENDPOINT === undefined) return null;
  return {
    BLOB_DRIVER: 's3',
    S3_ENDPOINT: TEST_S3_ENDPOINT,
    S3_BUCKET: TEST_S3_BUCKET,
    S3_ACCESS_KEY_ID: TEST_S3_ACCESS_KEY_ID,
    S3_SECRET_ACCESS_KEY: TEST_S3_SECRET_ACCESS_KEY,
  };
}

/** A part of a store for oneself: keys that begin with something that nobody else's do. */
export function withPrefix(env: S3Environment): S3Environment & { S3_PREFIX: string } {
  return { ...env, S3_PREFIX: randomUUID() };
}

/** The SDK's client of a store, for a test that looks past the vault. */
export function s3Client({ S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY }: S3Environment): S3 {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  return new S3({
    endpoint: S3_ENDPOINT,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** A real object store on loopback that belongs to one test: a Ceph cluster of one disk, and its S3 gateway. */
export class S3Server {
  private readonly children = new Map<string, ChildProcess>();
  private readonly endAll = (): void => {
    this.children.forEach((child) => child.kill('SIGKILL'));
    if (this.directory !== '') rmSync(this.directory, { recursive: true, force: true });
  };

  private constructor(
    private readonly directory: string,
    /** What a server needs to use it; add a prefix to have a part of it for oneself. */
    readonly env: S3Environment,
  ) {}

  /** The one that `TEST_S3_ENDPOINT` and its companions name, else one of one's own. */
  static async givenOrStart(): Promise<S3Server> {
    return GIVEN === null ? S3Server.start() : new S3Server('', GIVEN);
  }

  /** Takes about seven seconds. */
  static async start(): Promise<S3Server> {
    const directory = await mkdtemp(join(tmpdir(), 'pv-s3-'));
    const [gateway = 0, ...monitor] = await freePorts(3);
    const server = new S3Server(directory, {
      BLOB_DRIVER: 's3',
      S3_ENDPOINT: `http://127.0.0.1:${gateway}`,
      S3_BUCKET: 'photovault',
      S3_ACCESS_KEY_ID: randomBytes(10).toString('hex').toUpperCase(),
      S3_SECRET_ACCESS_KEY: randomBytes(20).toString('hex'),
    });
    // Whoever ends the tests ends these as well.
    process.once('exit', server.endAll);
    try {
      await server.make(gateway, monitor);
      return server;
    } catch (error) {
      await server.remove();
      throw error;
    }
  }

  /** Nobody answers at the port any more; what was stored is kept. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.end('radosgw', signal);
  }

  async startAgain(): Promise<void> {
    this.daemon('radosgw', '-n', 'client.rgw', '-f');
    const client = s3Client(this.env);
    await eventually('the object store answers', () => client.listBuckets().then(Boolean, () => false), 60_000);
    client.destroy();
  }

  /** From here on it takes connections and requests, and answers none. */
  freeze(): void {
    this.children.get('radosgw')?.kill('SIGSTOP');
  }

  thaw(): void {
    this.children.get('radosgw')?.kill('SIGCONT');
  }

  /** What the bucket may hold. */
  async limitTo(bytes: number): Promise<void> {
    const quota = ['--quota-scope=bucket', `--bucket=${this.env.S3_BUCKET}`];
    await this.admin('quota', 'set', ...quota, `--max-size=${bytes}`);
    await this.admin('quota', bytes < 0 ? 'disable' : 'enable', ...quota);
  }

  /** Stops it for good and removes it. */
  async remove(): Promise<void> {
    for (const daemon of [...DAEMONS].reverse()) await this.end(daemon, 'SIGKILL');
    process.off('exit', this.endAll);
    if (this.directory !== '') await rm(this.directory, { recursive: true, force: true });
  }

  private get configuration(): string {
    return join(this.directory, 'ceph.conf');
  }

  private async make(gateway: number, monitor: readonly number[]): Promise<void> {
    const [fsid, disk] = [randomUUID(), randomUUID()];
    await writeFile(this.configuration, configurationOf(this.directory, fsid, gateway, monitor));
    for (const name of ['mon', 'osd', 'rgw']) mkdirSync(join(this.directory, name));

    const map = join(this.directory, 'monmap');
    const addresses = `[v2:127.0.0.1:${monitor[0]},v1:127.0.0.1:${monitor[1]}]`;
    await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', addresses, map]);
    await this.ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
    this.daemon('ceph-mon', '-i', 'a', '-f');
    await eventually('the monitor answers', () => this.ceph('ceph', 'mon', 'stat').then(Boolean, () => false), 60_000);
    await this.ceph('ceph', 'osd', 'new', disk);
    await this.ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', disk);
    this.daemon('ceph-osd', '-i', '0', '-f');
    const isUp = async (): Promise<boolean> => (await this.ceph('ceph', 'osd', 'stat')).includes('1 up');
    await eventually('the disk is there', isUp, 60_000);
    const { S3_ACCESS_KEY_ID: key, S3_SECRET_ACCESS_KEY: secret } = this.env;
    await this.admin(
      'user',
      'create',
      '--uid=test',
      '--display-name=test',
      `--access-key=${key}`,
      `--secret-key=${secret}`,
    );
    await this.startAgain();
    const client = s3Client(this.env);
    await client.createBucket({ Bucket: this.env.S3_BUCKET });
    client.destroy();
  }

  private admin(...args: string[]): Promise<string> {
    return this.ceph('radosgw-admin', '-n', 'client.rgw', ...args);
  }

  private async ceph(command: string, ...args: string[]): Promise<string> {
    const { stdout, stderr } = await run(command, ['-c', this.configuration, ...args], { timeout: 60_000 });
    return stdout + stderr;
  }

  private daemon(command: (typeof DAEMONS)[number], ...args: string[]): void {
    const log = openSync(join(this.directory, `${command}.out`), 'a');
    this.children.set(command, spawn(command, ['-c', this.configuration, ...args], { stdio: ['ignore', log, log] }));
    closeSync(log);
  }

  private async end(command: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.children.get(command);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/**
 * Below those that systems give to whoever asks for any: a connection must not take the port of a gateway that is to come back, and
 * least of all one that asks whether it is there, which would then talk to itself.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(Boolean, () => false);
    if (!isFree) continue;
    ports.add(port);
    await new Promise((resolve) => probe.close(resolve));
  }
  return [...ports];
}

/** One monitor, one disk in a sparse file, one gateway, no authentication among them: as little Ceph as there can be. */
function configurationOf(directory: string, fsid: string, gateway: number, monitor: readonly number[]): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitor[0]},v1:127.0.0.1:${monitor[1]}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
run dir = ${directory}
pid file =
admin socket = ${directory}/$type.$id.asok
log file = ${directory}/$type.$id.log
mon cluster log file = ${directory}/cluster.log
crash dir = ${directory}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 2
mon data avail crit = 1
paxos propose interval = 0.05
paxos min wait = 0.02
[mon]
mon data = ${directory}/mon
[osd]
osd data = ${directory}/osd
osd objectstore = bluestore
osd memory target = 939524096
bluestore block size = 10737418240
bluestore block create = true
osd class load list = *
osd class default list = *
[client.rgw]
rgw data = ${directory}/rgw
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw thread pool size = 64
rgw bucket quota ttl = 0
rgw enable apis = s3, admin
`;
}
