import { existsSync } from 'node:fs';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { stageOf, untilDeleted } from '../support/account-deletions';
import { namesOf, rowsWith } from '../support/dump';
import { atFaultPoint } from '../support/fault-point';
import { MailServer } from '../support/mail-server';
import { askPython, itWithPython } from '../support/python';
import { WITHOUT_LIMITS } from '../support/test-app';
import { VaultClient } from '../support/vault-client';
import { addUser, COMMAND, type CommandSetting, startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';
import { fillAccount } from '../support/whole-account';

// The built command deletes accounts, as whoever runs the vault calls it.

jest.setTimeout(120_000);

const EMAIL = 'alice@example.com';

let database: TestDatabase;
let home: VaultHome;
let mailbox: MailServer;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  database = await createTestDatabase('empty');
  mailbox = await MailServer.start();
  env = { ...WITHOUT_LIMITS, DB_URL: database.url, SMTP_URL: mailbox.url, BACKUP_RETENTION_DAYS: '14' };
  home = await VaultHome.create(env);
});
afterEach(async () => {
  await home.close();
  await mailbox.stop();
  await database.drop();
});

const vault = (args: readonly string[], setting: CommandSetting = { env }) => startCommand(home, args, setting).outcome;
const query = <Row extends object>(sql: string, values: unknown[] = []) => home.query<Row>(sql, values);
const farewells = () => mailbox.mails.filter(({ text }) => text.includes('has deleted your Photovault'));

/** Somebody with one of everything, and a server that still runs. */
async function alice() {
  const server = home.start();
  const client = new VaultClient(await server.ready());
  await client.signUp(EMAIL, 'laptop', (address) => mailbox.pinFor(address));
  const { bytes } = await fillAccount(client);
  return { server, client, bytes, names: await namesOf(query, client.userId ?? '') };
}

it('deletes an account beside a running server, which lets nobody of it in any more', async () => {
  const { server, client, bytes, names } = await alice();
  const { code, stdout, stderr } = await vault(['users', 'delete', 'Alice@Example.com', '--yes', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const counts = { files: 5, bytes, folders: 3, shares: 2 };
  expect(JSON.parse(stdout)).toEqual({ id: client.userId, email: EMAIL, ...counts, mailed: true });
  expect((await client.request('GET', '/users/me')).status).toBe(401);
  expect(await rowsWith(query, names)).toEqual([]);
  expect(home.objects()).toEqual([]);
  expect(farewells().map(({ envelope }) => envelope.to)).toEqual([[EMAIL]]);
  expect(farewells()[0]?.text).toContain('keeps backups for 14 days');
  expect(server.stdout.text).not.toContain('"level":50');

  const again = new VaultClient(client.url);
  await again.signUp(EMAIL, 'laptop', (address) => mailbox.pinFor(address));
  expect(again.userId).not.toBe(client.userId);
});

it('and without one, in a sentence; a second time there is no such user', async () => {
  const { server, bytes, names } = await alice();
  await server.end('SIGTERM');
  expect(await vault(['users', 'delete', EMAIL, '--yes'])).toEqual({
    code: 0,
    stdout: `Deleted ${EMAIL} (files: 5, bytes: ${bytes}, folders: 3, shares: 2). Its owner was told.\n`,
    stderr: '',
  });
  expect(await rowsWith(query, names)).toEqual([]);
  expect(home.objects()).toEqual([]);
  expect((await vault(['users', 'list'])).stdout).toBe('');
  expect(await vault(['users', 'delete', EMAIL, '--yes'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'vault: There is no such user.\n',
  });
  expect(farewells()).toHaveLength(1);
});

it('killed halfway leaves the rest to a server', async () => {
  const { server, client, names } = await alice();
  await server.end('SIGTERM');
  await atFaultPoint(database.url, 'DELETE ON files', async (reached) => {
    const command = startCommand(home, ['users', 'delete', EMAIL, '--yes'], { env });
    await reached();
    command.child.kill('SIGKILL');
    expect(await command.outcome).toMatchObject({ stdout: '' });
  });
  expect(await stageOf(database, client.userId)).toBe('shredded');
  expect((await vault(['users', 'list'])).stdout).toBe('');

  await home.start().ready();
  await untilDeleted(database, client);
  expect(await rowsWith(query, names)).toEqual([]);
  expect(home.objects()).toEqual([]);
  expect(farewells()).toHaveLength(1);
});

it('says so when no mail server takes the mail, and leaves it to a server', async () => {
  const { server, client } = await alice();
  await server.end('SIGTERM');
  mailbox.refused.add('example.com');
  const { code, stdout, stderr } = await vault(['users', 'delete', EMAIL, '--yes']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/No mail server took the mail; a running server tries again for a week\.\n$/);
  expect(stderr).toMatch(/^vault: a mail could not be sent/);
  expect(home.objects()).toEqual([]);
  mailbox.refused.delete('example.com');
  await query('UPDATE account_deletions SET mail_after = now()');
  await home.start().ready();
  await untilDeleted(database, client);
  expect(farewells()).toHaveLength(1);
});

it('asks nobody where nobody can be asked: it wants --yes, and touches nothing', async () => {
  const { code, stdout, stderr } = await vault(['users', 'delete', EMAIL]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe('vault: Nobody can be asked here: add --yes.\nAdd --help to see what there is.\n');
  expect(existsSync(home.dataDir)).toBe(false);
});

/** Runs a command on a terminal, and types when it asks. Prints [exit code, what the terminal showed]. */
const ON_A_TERMINAL = `
import json, os, pty, sys
typed, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0: os.execvp(command[0], command)
shown = b''
while b'to go on: ' not in shown: shown += os.read(terminal, 1000)
os.write(terminal, typed.encode())
try:
    while True: shown += os.read(terminal, 1000)
except OSError: pass
print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()]))
`;

itWithPython('the question that vault users delete asks on a terminal')(
  'on a terminal asks for the address, and deletes for no other answer',
  async () => {
    await vault(['users', 'list']);
    const { id } = await addUser(home, EMAIL, env);
    // Without a mail server: that of this test stands still while it waits for the command.
    const setting = Object.entries({ ...WITHOUT_LIMITS, DB_URL: database.url, DATA_DIR: home.dataDir }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const type = (typed: string) =>
      askPython<[number, string]>(
        ON_A_TERMINAL,
        typed,
        ...['env', ...setting, process.execPath, COMMAND, 'users', 'delete', EMAIL],
      );
    // Another one, nothing, the end of the input, Ctrl+C.
    for (const typed of ['bob@example.com\n', '\n', '\u0004', '\u0003']) {
      const [code, shown] = type(typed);
      expect([typed, code]).toEqual([typed, 1]);
      expect(shown).toContain('That is another address. Nothing was deleted.');
    }
    expect(await query('SELECT id FROM users')).toEqual([{ id }]);
    const [code, shown] = type('ALICE@example.com\n');
    expect(code).toBe(0);
    expect(shown).toContain(`Deleted ${EMAIL} (files: 0,`);
    expect(await query('SELECT id FROM users')).toEqual([]);
  },
);
