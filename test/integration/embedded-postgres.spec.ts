import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { parse } from 'pg-connection-string';
import { EmbeddedPostgresLab, ask, kill, postmasterOf, until } from '../support/embedded-postgres';

// Everything here is real: processes, signals, files. Whatever is killed is a process of its own.

// Every cluster is synced to disk, which takes seconds on a busy one.
jest.setTimeout(60_000);

const lab = new EmbeddedPostgresLab();
beforeEach(() => lab.open());
afterEach(() => lab.close());
afterAll(() => lab.remove());

/** Never 0, which would mean the tests themselves. */
function postmaster(): number {
  const pid = postmasterOf(lab.directory);
  if (!pid) throw new Error('no postmaster runs');
  return pid;
}

describe('starting', () => {
  it('removes what a first start that was killed has left, once it is old enough', async () => {
    const [old, young] = [`${lab.directory}.new-old`, `${lab.directory}.new-young`];
    for (const draft of [old, young]) fs.mkdirSync(draft, { recursive: true });
    fs.utimesSync(old, 1, 1);
    await lab.start();
    expect(fs.existsSync(old)).toBe(false);
    expect(fs.existsSync(young)).toBe(true);
    fs.rmSync(young, { recursive: true });
  });

  it('creates a durable UTF-8 cluster without network, and keeps its data from start to start', async () => {
    const first = await lab.start();
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
    expect(fs.statSync(lab.directory).mode & 0o777).toBe(0o700);
    expect(fs.statSync(`${lab.directory}.log`).mode & 0o777).toBe(0o600);

    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    await expect(ask(first, 'SELECT')).rejects.toThrow(/ENOENT|ECONNREFUSED/);

    const second = await lab.start();
    expect(second.adopted).toBe(false);
    expect(await ask(second, 'SELECT word FROM kept')).toEqual([{ word: 'Ärger' }]);
    expect(fs.readdirSync(join(lab.base, 'data')).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('takes a path with spaces and every other odd character', async () => {
    const odd = join(lab.base, `100% "a" 'b' #1, $(touch hit) ü+?&=\\@:`, 'postgres');
    const database = await lab.start(odd);
    expect(parse(database.url)).toMatchObject({ host: odd, database: 'photovault', user: 'photovault' });
    expect(await ask(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('puts the socket of a path too long for one below the temporary directory', async () => {
    const long = join(lab.base, 'x'.repeat(120), 'postgres');
    const first = await lab.start(long);
    const socketDirectory = parse(first.url).host ?? '';
    try {
      expect(dirname(socketDirectory)).toBe(tmpdir());
      expect(fs.statSync(socketDirectory).mode & 0o777).toBe(0o700);
      expect(await ask(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await expect(lab.start(long)).rejects.toThrow(/already running/);
      await first.stop();

      fs.rmSync(socketDirectory, { recursive: true });
      fs.symlinkSync(lab.base, socketDirectory);
      await expect(lab.start(long)).rejects.toThrow(/is not a private directory of this user/);
      fs.unlinkSync(socketDirectory);
      fs.mkdirSync(socketDirectory);
      fs.chmodSync(socketDirectory, 0o755);
      await expect(lab.start(long)).rejects.toThrow(/is not a private directory of this user/);
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
    const { answer } = await lab.startChild({ env: { ...process.env, ...env } });
    expect(answer).toMatchObject({ adopted: false });
  });

  it('logs no value that a statement carries', async () => {
    const database = await lab.start();
    const secret = 'alice@example.com';
    await ask(database, 'CREATE TABLE people (name text UNIQUE CHECK (length(name) < 20))');
    await ask(database, 'INSERT INTO people VALUES ($1)', [secret]);
    await expect(ask(database, 'INSERT INTO people VALUES ($1)', [secret])).rejects.toThrow(/duplicate/);
    await expect(ask(database, 'INSERT INTO people VALUES ($1)', [secret + secret])).rejects.toThrow(/check/);
    await expect(ask(database, 'SELECT $1::uuid', [secret])).rejects.toThrow(secret);
    await expect(ask(database, `SELECT '${secret}'::uuid`)).rejects.toThrow(secret);
    await database.stop();
    const log = fs.readFileSync(`${lab.directory}.log`, 'utf8');
    expect(log).toContain('database system is ready');
    expect(log).not.toContain('alice');
  });
});

describe('after a crash', () => {
  it('adopts the server that a killed process left behind', async () => {
    const { child, answer } = await lab.startChild();
    await ask(answer, 'CREATE TABLE kept AS SELECT 1 AS one');
    const pid = postmasterOf(lab.directory);
    await kill(child);

    const database = await lab.start();
    expect(database.adopted).toBe(true);
    expect(postmasterOf(lab.directory)).toBe(pid);
    expect(await ask(database, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await database.stop();
    expect(postmasterOf(lab.directory)).toBeUndefined();
  });

  it('keeps no process alive that forgot to stop it, and is adopted by the next', async () => {
    const { child } = await lab.startChild();
    const ended = once(child, 'exit');
    child.disconnect();
    expect(await ended).toEqual([0, null]);
    expect((await lab.start()).adopted).toBe(true);
  });

  it('recovers when the server was killed too', async () => {
    const { child, answer } = await lab.startChild();
    await ask(answer, 'CREATE TABLE kept AS SELECT 1 AS one');
    process.kill(postmaster(), 'SIGKILL');
    await kill(child);

    const database = await lab.start();
    expect(database.adopted).toBe(false);
    expect(await ask(database, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('starts a server that dies under it again, and still lets no second process in', async () => {
    const database = await lab.start();
    process.kill(postmaster(), 'SIGKILL');
    await lab.logged(/was lost/);
    await lab.logged(/answers again/);
    expect(await ask(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(lab.start()).rejects.toThrow(/already running/);
  });

  it('says so loudly when another process has taken the lock, and leaves the server to it', async () => {
    const database = await lab.start();
    const other = new Client({ connectionString: database.url.replace('/photovault?', '/postgres?') });
    await other.connect();
    const waiting = other.query('SELECT pg_advisory_lock($1, $2)', [0x5056, 1]);
    await ask(
      database,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'photovault process %'",
    );
    await waiting;
    await lab.logged(/THIS PROCESS HAS LOST ITS DATABASE/);
    await database.stop();
    await other.query('SELECT');
    await other.end();
  });
});

describe('two at once', () => {
  it('refuses a second start and names the first', async () => {
    const { child, answer } = await lab.startChild();
    await expect(lab.start()).rejects.toThrow(
      `Photovault is already running on the database in ${lab.directory} (photovault process ${child.pid})`,
    );
    expect(await ask(answer, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('lets exactly one of two simultaneous first starts win', async () => {
    const both = await Promise.all([lab.startChild(), lab.startChild()]);
    const winners = both.filter(({ answer }) => answer.url);
    const [loser] = both.filter(({ answer }) => answer.name);
    expect(winners).toHaveLength(1);
    expect(loser?.answer.name).toBe('EmbeddedPostgresError');
    expect(loser?.answer.message).toMatch(/already running/);
    await until('the loser has ended by itself', () => loser?.child.exitCode === 0);
    expect(await ask(winners[0]?.answer ?? { url: '' }, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(fs.readdirSync(join(lab.base, 'data')).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('waits for one that is just stopping', async () => {
    const first = await lab.start();
    const [second] = await Promise.all([lab.start(), first.stop()]);
    expect(await ask(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('keeps the server through Ctrl+C until it is told to stop', async () => {
    const { child, answer } = await lab.startChild({ detached: true });
    const pid = postmasterOf(lab.directory);
    const interrupted = once(child, 'message');
    process.kill(-(child.pid ?? 0), 'SIGINT'); // as a terminal does: the whole process group
    expect(await interrupted).toMatchObject([{ interrupted: true }]);
    await delay(300);
    expect(postmasterOf(lab.directory)).toBe(pid);
    expect(await ask(answer, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);

    const ended = once(child, 'exit');
    child.send('stop');
    await ended;
    expect(postmasterOf(lab.directory)).toBeUndefined();
  });
});
