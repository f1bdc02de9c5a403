import type { ChildProcess, ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { parse } from 'pg-connection-string';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres';
import type { ChildAnswer } from '../support/embedded-postgres';
import { CompiledSupervisor, ask, kill, platformDirectory, postmasterOf, until } from '../support/embedded-postgres';

// Everything here is real: processes, signals, users, files. What is killed or run by another user is a process of its own.

const NOBODY = 65534;

const rootOnLinux = process.getuid?.() === 0 && process.platform === 'linux';
const asRoot = rootOnLinux ? it : it.skip;
if (!rootOnLinux) {
  process.stderr.write(
    'NOT RUN: what the embedded PostgreSQL does under root and for several users. Run as root on Linux.\n',
  );
}

let compiled: CompiledSupervisor;
let base: string;
let directory: string;
let lines: string[];
let running: EmbeddedPostgres[];
let children: ChildProcess[];
let used: Set<string>;

beforeAll(() => {
  compiled = new CompiledSupervisor();
});

afterAll(() => compiled.remove());

beforeEach(() => {
  base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'photovault-embedded-')));
  directory = join(base, 'data', 'postgres');
  lines = [];
  running = [];
  children = [];
  used = new Set();
});

afterEach(async () => {
  await Promise.all(running.map((database) => database.stop()));
  for (const one of children) one.kill('SIGKILL');
  for (const found of used) {
    const pid = postmasterOf(found);
    if (pid === undefined) continue;
    process.kill(pid, 'SIGINT');
    await until('the postmaster has ended', () => postmasterOf(found) === undefined);
  }
  fs.rmSync(base, { recursive: true, force: true });
});

describe('starting', () => {
  it('creates a durable UTF-8 cluster without network, and keeps its data from start to start', async () => {
    const first = await start();
    expect(first.adopted).toBe(false);
    await ask(first, "CREATE TABLE kept AS SELECT 'Ärger' AS word");
    const [settings] = await ask(
      first,
      `SELECT current_user, current_database(), pg_encoding_to_char(encoding) AS encoding, datlocprovider, datlocale,
        current_setting('data_checksums') AS checksums, current_setting('fsync') AS fsync,
        current_setting('synchronous_commit') AS commit, current_setting('full_page_writes') AS pages,
        current_setting('max_connections') AS connections, current_setting('listen_addresses') AS addresses
        FROM pg_database WHERE datname = current_database()`,
    );
    expect(settings).toEqual({
      current_user: 'photovault',
      current_database: 'photovault',
      encoding: 'UTF8',
      datlocprovider: 'b',
      datlocale: 'C.UTF-8',
      checksums: 'on',
      fsync: 'on',
      commit: 'on',
      pages: 'on',
      connections: '100',
      addresses: '',
    });
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
    expect(fs.statSync(`${directory}.log`).mode & 0o777).toBe(0o600);

    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    await expect(ask(first, 'SELECT')).rejects.toThrow(/ENOENT|ECONNREFUSED/);

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await ask(second, 'SELECT word FROM kept')).toEqual([{ word: 'Ärger' }]);
    expect(fs.readdirSync(join(base, 'data')).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('takes a path with spaces and every other odd character', async () => {
    const odd = join(base, `100% "a" 'b' #1, $(touch hit) ü+?&=\\@:`, 'postgres');
    const database = await start(odd);
    expect(parse(database.url)).toMatchObject({ host: odd, database: 'photovault', user: 'photovault' });
    expect(await ask(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('puts the socket of a path too long for one below the temporary directory', async () => {
    const long = join(base, 'x'.repeat(120), 'postgres');
    const first = await start(long);
    const socketDirectory = parse(first.url).host ?? '';
    try {
      expect(dirname(socketDirectory)).toBe(tmpdir());
      expect(fs.statSync(socketDirectory).mode & 0o777).toBe(0o700);
      expect(await ask(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await expect(start(long)).rejects.toThrow(/already running/);
      await first.stop();

      fs.rmSync(socketDirectory, { recursive: true });
      fs.symlinkSync(base, socketDirectory);
      await expect(start(long)).rejects.toThrow(/is not a private directory of this user/);
      fs.unlinkSync(socketDirectory);
      fs.mkdirSync(socketDirectory);
      fs.chmodSync(socketDirectory, 0o755);
      await expect(start(long)).rejects.toThrow(/is not a private directory of this user/);
    } finally {
      await first.stop();
      fs.rmSync(socketDirectory, { recursive: true, force: true });
    }
  });

  it("does not care about the caller's locale and PG variables", async () => {
    const env = {
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'tr_TR',
      PGPORT: '1',
      PGSSLMODE: 'require',
      PGDATA: '/',
      TZ: 'Asia/Tokyo',
    };
    expect(await startChild({ env: { ...process.env, ...env } })).toMatchObject({ adopted: false });
  });

  it('logs no value that a statement carries', async () => {
    const database = await start();
    const secret = 'alice@example.com';
    await ask(database, 'CREATE TABLE people (name text UNIQUE CHECK (length(name) < 20))');
    await ask(database, 'INSERT INTO people VALUES ($1)', [secret]);
    await expect(ask(database, 'INSERT INTO people VALUES ($1)', [secret])).rejects.toThrow(/duplicate/);
    await expect(ask(database, 'INSERT INTO people VALUES ($1)', [secret + secret])).rejects.toThrow(/check/);
    await expect(ask(database, 'SELECT $1::uuid', [secret])).rejects.toThrow(secret);
    await expect(ask(database, `SELECT '${secret}'::uuid`)).rejects.toThrow(secret);
    await database.stop();
    const log = fs.readFileSync(`${directory}.log`, 'utf8');
    expect(log).toContain('database system is ready');
    expect(log).not.toContain('alice');
  });
});

describe('after a crash', () => {
  it('adopts the server that a killed process left behind', async () => {
    const answer = await startChild();
    await ask(answer, 'CREATE TABLE kept AS SELECT 1 AS one');
    const pid = postmasterOf(directory);
    await kill(child());

    const database = await start();
    expect(database.adopted).toBe(true);
    expect(postmasterOf(directory)).toBe(pid);
    expect(await ask(database, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await database.stop();
    expect(postmasterOf(directory)).toBeUndefined();
  });

  it('recovers when the server was killed too', async () => {
    const answer = await startChild();
    await ask(answer, 'CREATE TABLE kept AS SELECT 1 AS one');
    process.kill(postmasterOf(directory) ?? 0, 'SIGKILL');
    await kill(child());

    const database = await start();
    expect(database.adopted).toBe(false);
    expect(await ask(database, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('starts a server that dies under it again, and still lets no second process in', async () => {
    const database = await start();
    process.kill(postmasterOf(directory) ?? 0, 'SIGKILL');
    await said(/was lost/);
    await said(/answers again/);
    expect(await ask(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(start()).rejects.toThrow(/already running/);
  });

  it('says so loudly when another process has taken the lock, and leaves the server to it', async () => {
    const database = await start();
    const other = new Client({ connectionString: database.url.replace('/photovault?', '/postgres?') });
    await other.connect();
    const waiting = other.query('SELECT pg_advisory_lock($1, $2)', [0x5056, 1]);
    await ask(
      database,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'photovault process %'",
    );
    await waiting;
    await said(/THIS PROCESS HAS LOST ITS DATABASE/);
    await database.stop();
    await other.query('SELECT');
    await other.end();
  });
});

describe('two at once', () => {
  it('refuses a second start and names the first', async () => {
    const answer = await startChild();
    await expect(start()).rejects.toThrow(
      `Photovault is already running on the database in ${directory} (photovault process ${child().pid})`,
    );
    expect(await ask(answer, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('lets exactly one of two simultaneous first starts win', async () => {
    const both = await Promise.all([compiled.start(directory), compiled.start(directory)]);
    used.add(directory);
    children.push(...both.map((one) => one.child));
    const winners = both.filter(({ answer }) => answer.url);
    const [loser] = both.filter(({ answer }) => answer.name);
    expect(winners).toHaveLength(1);
    expect(loser?.answer.name).toBe('EmbeddedPostgresError');
    expect(loser?.answer.message).toMatch(/already running/);
    await until('the loser has ended by itself', () => loser?.child.exitCode === 0);
    expect(await ask(winners[0]?.answer ?? { url: '' }, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(fs.readdirSync(join(base, 'data')).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('waits for one that is just stopping', async () => {
    const first = await start();
    const [second] = await Promise.all([start(), first.stop()]);
    expect(await ask(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('keeps the server through Ctrl+C until it is told to stop', async () => {
    const answer = await startChild({ detached: true });
    const interrupted = once(child(), 'message');
    process.kill(-(child().pid ?? 0), 'SIGINT'); // as a terminal does: the whole process group
    expect(await interrupted).toMatchObject([{ interrupted: true }]);
    await delay(300);
    expect(await ask(answer, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);

    const ended = once(child(), 'exit');
    child().send('stop');
    await ended;
    expect(postmasterOf(directory)).toBeUndefined();
  });
});

describe('what it cannot do, in sentences', () => {
  it("refuses another version's cluster and changes nothing", async () => {
    await (await start()).stop();
    fs.writeFileSync(join(directory, 'PG_VERSION'), '15\n');
    fs.rmSync(join(directory, 'pg_hba.conf'));
    const before = fs.readdirSync(join(base, 'data'), { recursive: true });
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 15.* brings PostgreSQL 18.*Dump it/);
    expect(fs.readdirSync(join(base, 'data'), { recursive: true })).toEqual(before);
  });

  it('refuses a directory that holds something else', async () => {
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(join(directory, 'thesis.txt'), 'mine');
    await expect(start()).rejects.toThrow(/is not empty and holds no PostgreSQL database/);
    expect(fs.readdirSync(join(base, 'data'))).toEqual(['postgres']);
    expect(fs.readdirSync(directory)).toEqual(['thesis.txt']);
  });

  it('quotes the log of a server that does not start', async () => {
    await (await start()).stop();
    fs.appendFileSync(join(directory, 'postgresql.conf'), '\nno_such_setting = 1\n');
    await expect(start()).rejects.toThrow(/did not start .*\.log says: .*no_such_setting/s);
  });

  it('names a path that cannot be used', async () => {
    fs.writeFileSync(join(base, 'data'), 'a file');
    await expect(start()).rejects.toThrow(/cannot be used: (EEXIST|ENOTDIR)/);
  });

  it('points to DB_URL where npm has no binaries, and makes up for links left out by --ignore-scripts', async () => {
    compiled.usePlatform(undefined);
    try {
      expect((await startChild()).message).toMatch(/is missing.*DB_URL/);
      const copy = join(base, 'package');
      fs.cpSync(platformDirectory, copy, { recursive: true, filter: (path) => !fs.lstatSync(path).isSymbolicLink() });
      compiled.usePlatform(copy);
      expect(await startChild()).toMatchObject({ adopted: false });
    } finally {
      compiled.usePlatform(platformDirectory);
    }
  });
});

describe('users', () => {
  asRoot('root gives PostgreSQL another user, and no capability that it does not need', async () => {
    fs.chmodSync(base, 0o755);
    fs.mkdirSync(dirname(directory), { mode: 0o755 });
    await start();
    const { uid } = fs.statSync(directory);
    expect(uid).not.toBe(0);
    expect(postmasterStatus()).toMatchObject({
      Uid: expect.stringMatching(`^${uid}\\s`) as string,
      CapEff: '0000000000000000',
    });
  });

  asRoot('root below a private directory leaves PostgreSQL only the right to pass through it', async () => {
    fs.chmodSync(base, 0o700);
    await start();
    expect(postmasterStatus()).toMatchObject({
      Uid: expect.not.stringMatching(/^0\s/) as string,
      CapEff: '0000000000000004',
    });
  });

  asRoot("root continues an ordinary user's cluster as that user, and adopts that user's server", async () => {
    fs.chownSync(base, NOBODY, NOBODY);
    expect(await startChild({ uid: NOBODY, gid: NOBODY })).toMatchObject({ adopted: false });
    await kill(child());
    const adopting = await start();
    expect(adopting.adopted).toBe(true);
    await adopting.stop();
    await start();
    expect(fs.statSync(directory).uid).toBe(NOBODY);
    expect(fs.statSync(`${directory}.log`).uid).toBe(NOBODY);
  });

  asRoot("explains that a cluster is another user's, root's, or that the user has no name", async () => {
    await (await start()).stop();
    for (const path of [base, dirname(directory)]) fs.chmodSync(path, 0o755);
    expect((await startChild({ uid: NOBODY, gid: NOBODY })).message).toMatch(
      /belongs to another user.*chown -R nobody/,
    );

    fs.chownSync(join(directory, 'PG_VERSION'), 0, 0);
    await expect(start()).rejects.toThrow(/belongs to root, and PostgreSQL refuses to run as root/);

    expect((await startChild({ uid: 54_321, gid: 54_321 })).message).toMatch(/uid 54321 has none/);
  });
});

async function start(where = directory): Promise<EmbeddedPostgres> {
  used.add(where);
  const database = await startEmbeddedPostgres({ directory: where, log: (line) => lines.push(line) });
  running.push(database);
  return database;
}

/** The same in a process of its own. */
async function startChild(options?: ForkOptions): Promise<ChildAnswer> {
  used.add(directory);
  const { child, answer } = await compiled.start(directory, options);
  children.push(child);
  return answer;
}

/** The process that `startChild` made. */
function child(): ChildProcess {
  const [only] = children;
  if (!only) throw new Error('No child was started');
  return only;
}

/** Linux: what the kernel says about the running server. */
function postmasterStatus(): Record<string, string> {
  const status = fs.readFileSync(`/proc/${postmasterOf(directory)}/status`, 'utf8');
  return Object.fromEntries(status.split('\n').map((line) => line.split(':\t') as [string, string]));
}

function said(line: RegExp): Promise<void> {
  return until(`the log says ${line}`, () => lines.some((one) => line.test(one)));
}
