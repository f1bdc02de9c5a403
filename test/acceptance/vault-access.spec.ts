import { createTestDatabase, type TestDatabase } from '../support/database';
import { lock, newFolder } from '../support/folders';
import { MailServer } from '../support/mail-server';
import { jpeg } from '../support/photos';
import type { MadeShare } from '../support/shares';
import { startCommand } from '../support/vault-command';
import { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

// The built command beside two built servers on one database: what it ends has ended in both, at once.

jest.setTimeout(120_000);

let home: VaultHome;
let database: TestDatabase;
let mail: MailServer;
let env: NodeJS.ProcessEnv;
let servers: readonly VaultProcess[];

beforeEach(async () => {
  home = await VaultHome.create();
  database = await createTestDatabase('empty');
  mail = await MailServer.start();
  env = { DB_URL: database.url, SMTP_URL: mail.url, PIN_RESEND_SECONDS: '0' };
  const first = home.start(env);
  await first.ready();
  servers = [first, home.start(env)];
});
afterEach(async () => {
  await home.close();
  await mail.stop();
  await database.drop();
});

const vault = (...args: string[]) => startCommand(home, args, { env }).outcome;

async function json<T = unknown>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await vault(...args, '--json');
  if (code !== 0 || stderr !== '') throw new Error(`vault ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

async function signIn(email: string, deviceId = 'laptop', at = 0): Promise<VaultClient> {
  const client = new VaultClient(await servers[at].ready());
  await client.signUp(email, deviceId, (address) => mail.pinFor(address));
  return client;
}

/** What a person's session is worth at each server. */
async function seenBy(person: VaultClient): Promise<number[]> {
  const clients = await Promise.all(servers.map((server) => server.clientOf(person)));
  return Promise.all(clients.map(async (client) => (await client.request('GET', '/users/me')).status));
}

it('vault users set-email moves an account: its sessions end everywhere, the old address is told, the new one signs in', async () => {
  const alice = await signIn('alice@example.com');
  const phone = await signIn('alice@example.com', 'phone', 1);
  await signIn('bob@example.com');
  expect(await vault('users', 'set-email', 'alice@example.com', 'bob@example.com')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'vault: Another account has this address.\n',
  });
  expect(await seenBy(alice)).toEqual([200, 200]);

  const { code, stdout, stderr } = await vault('users', 'set-email', 'Alice@example.com', 'alice@new.example');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(
    'Moved alice@example.com to alice@new.example. Ended: 2 sessions, 0 trusted devices. The old address was told.\n',
  );
  for (const each of [alice, phone]) expect(await seenBy(each)).toEqual([401, 401]);
  const told = await mail.mailTo('alice@example.com');
  expect(told.text).toContain('Whoever runs this vault has moved your Photovault to another e-mail address.');
  expect(told.text + told.html).not.toContain('new.example');
  expect((await signIn('alice@new.example')).userId).toBe(alice.userId);
  expect(await vault('users', 'set-email', 'alice@example.com', 'alice@new.example')).toMatchObject({
    code: 1,
    stderr: 'vault: There is no such user.\n',
  });
  expect(await vault('users', 'set-email', 'alice@new.example', 'Alice@new.example')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'vault: alice@new.example is its address already. Nothing was changed.\n',
  });
});

it('vault users set-email says when the old address could not be told, and has moved the account all the same', async () => {
  const alice = await signIn('alice@refused.test');
  mail.refused.add('refused.test');
  const { code, stdout, stderr } = await vault('users', 'set-email', 'alice@refused.test', 'alice@new.example');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^vault: the mail server did not take the mail \(\S*.*550.*\)[^\n]*\n$/) as string,
  });
  expect(stdout).toMatch(/The old address was not told\.\n$/);
  expect((await signIn('alice@new.example')).userId).toBe(alice.userId);
});

it('vault users disable and enable: out at once on every server, no way in, shares shut; then all of it again', async () => {
  const alice = await signIn('alice@example.com');
  const { body: file } = await alice.put('beach.jpg', jpeg(5000, 'beach'));
  const wish = { fileIds: [file.id], includeOriginals: true };
  const { body: made } = await alice.request<MadeShare>('POST', '/shares', { json: wish });
  const opens = async (at: number) => {
    const visitor = new VaultClient(await servers[at].ready());
    const json = { secret: made.url.split('#')[1] };
    return (await visitor.request('POST', `/shares/${made.id}/open`, { json })).status;
  };
  expect([await opens(0), await opens(1)]).toEqual([200, 200]);

  expect(await vault('users', 'disable', 'alice@example.com')).toEqual({
    code: 0,
    stdout: 'Disabled alice@example.com. Ended: 1 session.\n',
    stderr: '',
  });
  expect(await seenBy(alice)).toEqual([401, 401]);
  expect([await opens(0), await opens(1)]).toEqual([404, 404]);
  expect((await vault('users', 'list')).stdout).toMatch(/ alice@example\.com {2}\(disabled\)\n$/);
  const said = { id: alice.userId, email: 'alice@example.com' };
  expect(await json('users', 'list')).toEqual([
    { ...said, createdAt: expect.any(String) as string, disabledAt: expect.any(String) as string },
  ]);
  expect(await json('users', 'disable', 'alice@example.com')).toEqual({
    ...said,
    disabled: true,
    changed: false,
    sessions: 0,
  });
  const asked = mail.asked.length;
  for (const path of ['/users', '/auth/pin']) {
    const json = { email: 'alice@example.com', deviceId: path };
    expect((await alice.request('POST', path, { json })).status).toBe(202);
  }

  expect(await json('users', 'enable', 'alice@example.com')).toEqual({ ...said, disabled: false, changed: true });
  expect((await vault('users', 'enable', 'alice@example.com')).stdout).toBe('alice@example.com is not disabled.\n');
  // A mail waits 200 ms at most, and commands take longer: hers would have gone.
  await signIn('bob@example.com');
  expect(mail.asked.slice(asked)).toEqual(['bob@example.com']);
  expect(await seenBy(alice)).toEqual([401, 401]);
  const again = await signIn('alice@example.com');
  expect((await again.list()).body.items.map(({ id }) => id)).toEqual([file.id]);
  expect(await opens(1)).toBe(200);
  expect(await vault('users', 'disable', 'nobody@example.com')).toMatchObject({
    code: 1,
    stderr: 'vault: There is no such user.\n',
  });
});

it('vault sessions list and revoke: one, or all with the trusted devices, at once on every server', async () => {
  const [laptop, phone] = [await signIn('alice@example.com'), await signIn('alice@example.com', 'phone', 1)];
  const bob = await signIn('bob@example.com');
  interface Listed {
    readonly id: string;
    readonly deviceId: string;
  }
  const listed = await json<Listed[]>('sessions', 'list', 'alice@example.com');
  expect(listed.map(({ deviceId }) => deviceId)).toEqual(['phone', 'laptop']);
  expect(Object.keys(listed[0] ?? {})).toEqual(
    'id deviceId deviceName ip userAgent createdAt lastSeenAt expiresAt trusted'.split(' '),
  );
  const [ofPhone] = listed;
  expect((await vault('sessions', 'list', 'alice@example.com')).stdout).toMatch(
    new RegExp(`^${ofPhone?.id}  \\S+Z  127\\.0\\.0\\.1  phone\n\\S+  \\S+Z  127\\.0\\.0\\.1  laptop\n$`),
  );

  const one = await vault('sessions', 'revoke', 'alice@example.com', '--session', ofPhone?.id ?? '');
  expect(one).toEqual({
    code: 0,
    stdout: 'Ended for alice@example.com: 1 session, 0 trusted devices.\n',
    stderr: '',
  });
  expect([await seenBy(phone), await seenBy(laptop)]).toEqual([
    [401, 401],
    [200, 200],
  ]);
  expect(await vault('sessions', 'revoke', 'bob@example.com', '--session', ofPhone?.id ?? '')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'vault: There is no such session.\n',
  });
  expect(await json('sessions', 'revoke', 'alice@example.com', '--devices')).toEqual({
    id: laptop.userId,
    email: 'alice@example.com',
    sessions: 1,
    devices: 0,
  });
  expect([await seenBy(laptop), await seenBy(bob)]).toEqual([
    [401, 401],
    [200, 200],
  ]);
  expect((await vault('sessions', 'list', 'alice@example.com')).stdout).toBe('');
});

it('vault stats counts what there is, and opens nothing', async () => {
  const alice = await signIn('alice@example.com');
  await signIn('bob@example.com');
  await vault('users', 'disable', 'bob@example.com');
  const photo = jpeg(5000, 'beach');
  const { body: file } = await alice.put('beach.jpg', photo);
  await alice.put('other.jpg', jpeg(70_000, 'other'));
  await alice.request('POST', '/shares', { json: { fileIds: [file.id], includeOriginals: true } });
  const { body: ended } = await alice.request<MadeShare>('POST', '/shares', { json: { fileIds: [file.id] } });
  await database.query("UPDATE shares SET expires_at = now() - interval '1 second' WHERE id = $1", [ended.id]);
  await newFolder(alice);
  await lock(alice, await newFolder(alice));
  const thrownAway = await newFolder(alice);
  for (const path of [`/files/${file.id}`, `/folders/${thrownAway}?contents=trash`]) {
    expect((await alice.request('DELETE', path)).status).toBe(204);
  }

  const stats = await json('stats');
  expect(stats).toEqual({
    accounts: { active: 1, disabled: 1 },
    files: { stored: 1, trashed: 1, bytes: 75_000 },
    folders: { all: 2, locked: 1, trashed: 1 },
    shares: { live: 1 },
    sessions: { live: 1 },
    blobs: {
      original: { count: 2, bytes: 5000 + 72 + 70_000 + 56 + 16 * 5 },
      thumbnail: { count: 0, bytes: 0 },
      preview: { count: 0, bytes: 0 },
      pending: 0,
      deleting: 0,
    },
    database: { bytes: expect.any(Number) as number },
    keys: { current: 1, inUse: [{ kid: 1, serverSecrets: 4, userKeys: 2 }] },
  });
  const { stdout } = await vault('stats');
  expect(stdout).toMatch(/^Accounts: +1 active, 1 disabled\nFiles: +1 stored, 1 in the trash, 75000 bytes in all\n/);
  expect(stdout).toMatch(/^Master key: +1 for what is new; key 1 wraps 2 user keys and 4 server secrets$/m);
});
