import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withClient } from '../../src/platform/database/open-database';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { jpeg } from '../support/photos';
import { addUser, type AddedUser, COMMAND, type CommandSetting, startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';
import { eventually } from '../support/waiting';

// The built command in processes of its own, as whoever runs the vault calls it.

const ROOT = resolve(__dirname, '../..');
const NOBODY = { uid: 65534, gid: 65534 };

jest.setTimeout(90_000);

let home: VaultHome;

beforeEach(async () => {
  home = await VaultHome.create();
});
afterEach(() => home.close());

const vault = (args: readonly string[], setting?: CommandSetting) => startCommand(home, args, setting).outcome;
const add = (email: string, env?: NodeJS.ProcessEnv) => addUser(home, email, env);
const databaseRuns = () => existsSync(join(home.dataDir, 'postgres', 'postmaster.pid'));

describe('vault users add', () => {
  it('makes the vault where there is none, loud about its key, and leaves no database running', async () => {
    const { code, stdout, stderr } = await vault(['users', 'add', 'alice@example.com']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Added alice@example.com, who can sign in now.\n' });
    expect(stderr).toMatch(/^vault: NEW MASTER KEY in .*master\.key: BACK IT UP NOW[^\n]*\n$/);
    const [, key = ''] = /^1 (\S+)$/m.exec(readFileSync(join(home.dataDir, 'master.key'), 'utf8')) ?? [];
    expect(key).toHaveLength(44);
    expect(stdout + stderr).not.toContain(key);
    expect(statSync(home.dataDir).mode & 0o777).toBe(0o700);
    expect(databaseRuns()).toBe(false);
  });

  it('before the first start: the server then begins with that vault, and the person signs in', async () => {
    await vault(['users', 'add', 'alice@example.com']);
    const { id } = await add('alice@example.com');
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    expect(alice.userId).toBe(id);
    expect(server.stdout.text).not.toContain('NEW MASTER KEY');
  });

  it('beside a running server, which notices nothing', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const bob = await add('bob@example.com');
    expect(bob).toMatchObject({ email: 'bob@example.com', created: true });
    expect(databaseRuns()).toBe(true);
    expect((await alice.request('GET', '/users/me')).status).toBe(200);
    expect((await server.signUp('bob@example.com')).userId).toBe(bob.id);
    expect(server.messages.filter((message) => /PostgreSQL|database/i.test(message))).toHaveLength(2);
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('works several times at once, with no server there', async () => {
    await vault(['users', 'list']);
    const added = await Promise.all(['a', 'b', 'c', 'a'].map((name) => add(`${name}@example.com`)));
    expect(new Set(added.map(({ id }) => id)).size).toBe(3);
    expect(added.filter(({ created }) => created)).toHaveLength(3);
    expect(databaseRuns()).toBe(false);
  });

  it('while a server starts, neither in the way of the other', async () => {
    await vault(['users', 'list']);
    for (let round = 0; round < 2; round++) {
      const server = home.start();
      const added = await Promise.all([add(`early${round}@example.com`), add(`late${round}@example.com`)]);
      expect(added.map(({ created }) => created)).toEqual([true, true]);
      await server.signUp(`early${round}@example.com`);
      await server.end('SIGTERM');
    }
  });

  it('fails in a sentence when the server stops under it, and does not keep the server from stopping', async () => {
    const server = home.start();
    await server.ready();
    await vault(['users', 'list']);
    const running = await withClient(home.databaseUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const command = vault(['users', 'list']);
      await eventually('the command waits for the table', async () => {
        const waiting = await home.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        return waiting.length === 1;
      });
      expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null });
      return [command] as const;
    });
    expect(await running[0]).toEqual({
      code: 1,
      stdout: '',
      stderr: 'vault: The database went away meanwhile, and nothing is half done. Run the command again.\n',
    });
  });

  it('asked to end with Ctrl+C comes to its end, and stops the database that it has started', async () => {
    await vault(['users', 'list']);
    const command = startCommand(home, ['users', 'add', 'alice@example.com']);
    await eventually('it has started the database', databaseRuns);
    command.child.kill('SIGINT');
    expect(await command.outcome).toMatchObject({ code: 0, stderr: '' });
    expect(databaseRuns()).toBe(false);
  });

  it('after a server that was killed, on the database that it left running', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    await server.end('SIGKILL');
    expect((await add('bob@example.com')).created).toBe(true);
    const again = home.start();
    expect((await (await again.clientOf(alice)).request('GET', '/users/me')).status).toBe(200);
  });
});

describe('on the database of DB_URL', () => {
  let database: TestDatabase;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    database = await createTestDatabase('empty');
    env = { DB_URL: database.url };
  });
  afterEach(async () => {
    await home.stop();
    await database.drop();
  });

  it('vault users add works with and without a server', async () => {
    expect((await vault(['users', 'add', 'alice@example.com'], { env })).code).toBe(0);
    const server = home.start(env);
    await server.ready();
    const { id } = await add('bob@example.com', env);
    const bob = await server.signUp('bob@example.com');
    expect(bob.userId).toBe(id);
    const { body } = await bob.request<{ items: unknown[] }>('GET', '/users/me/events');
    const made = { kind: 'account.created', ip: null, device: 'vault users add' };
    expect(body.items).toContainEqual(expect.objectContaining(made));
    expect(home.files()).toEqual(['master.key']);
  });

  it('it says when an address is there already, however it is written, and adds nobody', async () => {
    await vault(['users', 'add', 'alice@example.com'], { env });
    const again = await vault(['users', 'add', 'Alice@EXAMPLE.com'], { env });
    expect(again).toEqual({ code: 0, stdout: 'alice@example.com is there already.\n', stderr: '' });
    expect(await add('ALICE@example.com', env)).toMatchObject({ email: 'alice@example.com', created: false });
    expect(await add('bob@bücher.example', env)).toMatchObject({ email: 'bob@xn--bcher-kva.example', created: true });
  });

  it('vault users list tells who is there, the oldest account first', async () => {
    expect(await vault(['users', 'list'], { env })).toMatchObject({ code: 0, stdout: '' });
    expect(await vault(['users', 'list', '--json'], { env })).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    const added: AddedUser[] = [];
    for (const name of ['zoe', 'alice']) added.push(await add(`${name}@example.com`, env));
    const lines = (await vault(['users', 'list'], { env })).stdout.trim().split('\n');
    expect(lines).toEqual(
      added.map(
        ({ id, email }) => expect.stringMatching(`^${id} {2}\\d{4}-\\d\\d-\\d\\dT\\S+Z {2}${email}$`) as string,
      ),
    );
    const listed = JSON.parse((await vault(['users', 'list', '--json'], { env })).stdout) as AddedUser[];
    expect(listed).toEqual(
      added.map(({ id, email }) => ({ id, email, createdAt: expect.any(String) as string, disabledAt: null })),
    );
  });

  it('vault users quota says and sets what somebody may store, which a running server knows at once', async () => {
    const here = { env: { ...env, QUOTA_DEFAULT_BYTES: '5000' } };
    await vault(['users', 'list'], { env });
    const { id } = await add('alice@example.com', env);
    const quota = async (...args: string[]) => {
      const { stdout } = await vault(['users', 'quota', 'alice@example.com', ...args, '--json'], here);
      return JSON.parse(stdout) as unknown;
    };
    const said = { id, email: 'alice@example.com', usedBytes: 0 };
    expect(await quota()).toEqual({ ...said, quotaBytes: 5000, isDefault: true });
    const server = home.start(here.env);
    const alice = await server.signUp('alice@example.com');
    const seen = async () => (await alice.request('GET', '/users/me')).body.quota;
    expect(await seen()).toEqual({ bytes: 5000 });
    expect(await quota('100')).toEqual({ ...said, quotaBytes: 100, isDefault: false });
    expect(await seen()).toEqual({ bytes: 100 });
    expect((await alice.put('p.jpg', jpeg(101))).status).toBe(507);
    expect(await quota('none')).toEqual({ ...said, quotaBytes: null, isDefault: false });
    expect((await alice.put('p.jpg', jpeg(101))).status).toBe(201);
    expect(await quota('default')).toEqual({ ...said, quotaBytes: 5000, isDefault: true, usedBytes: 101 });
    expect((await vault(['users', 'quota', 'alice@example.com'], here)).stdout).toBe(
      'alice@example.com may store 5000 bytes (the default), and stores 101 bytes.\n',
    );
  });

  it('vault users quota refuses what is no quota, and an address that has no account', async () => {
    for (const word of ['0', '-1', '1.5', '1e6', '10GB', 'nothing', '9'.repeat(20)]) {
      const { code, stderr } = await vault(['users', 'quota', 'alice@example.com', '--', word], { env });
      expect({ word, code }).toEqual({ word, code: 2 });
      expect(stderr).toContain('neither a number of bytes nor "none" nor "default"');
    }
    expect(await vault(['users', 'quota', 'alice@example.com', '100'], { env })).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/There is no such user\.\n$/) as string,
    });
  });

  it('of an address that cannot be opened the list says just that, and goes on', async () => {
    await vault(['users', 'list'], { env });
    const [alice, bob] = [await add('alice@example.com', env), await add('bob@example.com', env)];
    await database.query("UPDATE users SET email_sealed = '\\x01' WHERE id = $1", [alice.id]);
    const { code, stdout } = await vault(['users', 'list'], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${alice.id} .*\\(cannot be opened\\)\n${bob.id} .*bob@example\\.com\n$`));
  });

  it('it ends with 78 without the right master key, and changes nothing', async () => {
    const vaultHome = await VaultHome.create(env);
    const here = { env: { ...env, DATA_DIR: vaultHome.dataDir } };
    try {
      await vault(['users', 'add', 'alice@example.com'], here);
      const key = join(vaultHome.dataDir, 'master.key');
      chmodSync(key, 0o600);
      writeFileSync(key, `1 ${Buffer.alloc(32, 7).toString('base64')}\n`);
      const before = await vaultHome.dump();
      const { code, stdout, stderr } = await vault(['users', 'add', 'bob@example.com'], here);
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      expect(stderr).toMatch(/^vault: The master key file .* does not belong to this database/);
      expect(await vaultHome.dump()).toBe(before);
    } finally {
      await vaultHome.close();
    }
  });

  it('it is brief with a reader who has had enough', async () => {
    await vault(['users', 'add', 'alice@example.com'], { env });
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${COMMAND}" users list | true`], {
      env: { PATH: process.env.PATH, DATA_DIR: home.dataDir, ...env },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the vault command', () => {
  it('ends with 2 when it is not understood, and touches nothing', async () => {
    const { code, stdout, stderr } = await vault(['users', 'add', 'alice']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^vault: .* It is not an e-mail address\.\n/);
    expect(existsSync(home.dataDir)).toBe(false);
  });

  it('ends with 78 when the database does not answer, without showing its password', async () => {
    const env = { DB_URL: 'postgresql://vault:hunter2@127.0.0.1:1/vault' };
    const { code, stderr } = await vault(['users', 'list'], { env });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^vault: The database of DB_URL cannot be reached: .*ECONNREFUSED[^\n]*\n$/);
    expect(stderr).not.toContain('hunter2');
  });

  it('is a script of a clone', () => {
    // Without `prevault`, which builds what has changed: other tests run what is built.
    const { stdout } = spawnSync('npm', ['run', '-s', '--ignore-scripts', 'vault', '--', '--help'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^Usage: vault /);
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { vault: string } };
    expect(join(ROOT, bin.vault)).toBe(COMMAND);
    expect(readFileSync(COMMAND, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('as an ordinary user', () => {
  const reason = whyNot();
  if (reason) process.stderr.write(`NOT RUN: the vault command as an ordinary user, because ${reason}.\n`);
  const run = reason ? it.skip : it;

  run('everything belongs to that user', async () => {
    chownSync(home.directory, NOBODY.uid, NOBODY.gid);
    expect((await vault(['users', 'add', 'alice@example.com'], NOBODY)).code).toBe(0);
    const paths = ['', 'master.key', 'postgres', 'postgres.log'].map((name) => join(home.dataDir, name));
    expect(new Set(paths.map((path) => statSync(path).uid))).toEqual(new Set([NOBODY.uid]));
    const alice = await home.start({}, NOBODY).signUp('alice@example.com');
    expect((await alice.request('GET', '/users/me')).status).toBe(200);
  });

  run('that user and root both reach the server of that user, and leave nothing of root’s behind', async () => {
    chownSync(home.directory, NOBODY.uid, NOBODY.gid);
    await home.start({}, NOBODY).ready();
    expect((await vault(['users', 'add', 'alice@example.com'], NOBODY)).code).toBe(0);
    expect((await vault(['users', 'add', 'bob@example.com'])).code).toBe(0);
    const owners = home.files().map((name) => statSync(join(home.dataDir, name)).uid);
    expect(new Set(owners)).toEqual(new Set([NOBODY.uid]));
  });

  run('another’s vault is refused in a sentence', async () => {
    await vault(['users', 'list']);
    const outside = await vault(['users', 'list'], NOBODY);
    expect(outside).toMatchObject({ code: 78, stdout: '' });
    expect(outside.stderr).toContain('DATA_DIR can neither be entered nor be made (EACCES)');
    chmodSync(home.directory, 0o755);
    const inside = await vault(['users', 'list'], NOBODY);
    expect(inside).toMatchObject({ code: 78, stdout: '' });
    expect(inside.stderr).toMatch(/^vault: The database in \S+ cannot be used: EACCES[^\n]*\.\n$/);
  });

  function whyNot(): string | null {
    if (process.getuid?.() !== 0) return 'only root can start a process as somebody else';
    const readable = spawnSync(
      process.execPath,
      ['-e', `require('fs').accessSync(${JSON.stringify(COMMAND)})`],
      NOBODY,
    );
    return readable.status === 0 ? null : 'this clone is in a directory that only root may enter';
  }
});
