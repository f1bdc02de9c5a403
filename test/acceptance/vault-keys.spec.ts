import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { jpeg } from '../support/photos';
import { addUser, startCommand } from '../support/vault-command';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';

// The built command in processes of its own, as whoever runs the vault calls it.

jest.setTimeout(90_000);

let home: VaultHome;
const keyFile = () => join(home.dataDir, 'master.key');
const keysIn = (text: string) => Array.from(text.matchAll(/^\d+ (\S{44})$/gm), ([, key = '']) => key);

/** Everything that `vault keys …` has said in this file, but for sheets: no key may ever be in it. */
let said = '';

async function keys(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const outcome = await startCommand(home, ['keys', ...args], { env }).outcome;
  if (args[0] !== 'backup') said += outcome.stdout + outcome.stderr;
  return outcome;
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await keys(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** Puts another key file in the place of the one that is there, or none. */
function replaceKeyFile(text: string | null): void {
  renameSync(keyFile(), `${keyFile()}.old`);
  if (text !== null) writeFileSync(keyFile(), text, { mode: 0o400 });
}

let env: NodeJS.ProcessEnv;

describe('on the embedded database, with and without a server', () => {
  beforeEach(async () => {
    env = {};
    home = await VaultHome.create();
  });
  afterEach(() => home.close());

  it('a key is rotated beside a server, and everything opens before and after a restart', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const photo = jpeg(200_000, 'rotated');
    const { body } = await alice.put('a.jpg', photo);
    const old = readFileSync(keyFile(), 'utf8');

    expect(await keys('status')).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'In the key file: 1. What is new goes under key 1.\n' +
        'Key 1 wraps 4 server secrets and 1 user keys.\nNo rotation is under way.\n',
    });
    expect(await keys('rotate')).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'Everything is under the new key 2. BACK IT UP NOW: vault keys backup. Then, for the old one: vault keys retire.\n',
    });
    expect(await json('rotate')).toEqual({ kid: 2, how: 'finished', userKeys: 0, damaged: [] });
    expect(await json('status')).toMatchObject({ inFile: [1, 2], current: 2, stage: 'rotated', retirable: [1] });
    const bob = await server.signUp('bob@example.com');
    expect((await alice.content(body.id)).bytes.equals(photo)).toBe(true);
    expect(await json('retire')).toEqual({ retired: [1] });
    expect(await keys('retire')).toMatchObject({ code: 0, stdout: 'There is no old key in the file.\n' });
    expect(await json('status')).toMatchObject({ inFile: [2], inUse: [{ kid: 2, serverSecrets: 4, userKeys: 2 }] });
    expect(statSync(keyFile()).mode & 0o777).toBe(0o400);
    // It met the new number when bob signed up, and says so once.
    expect(server.messages.filter((line) => /master key file again/.test(line))).toHaveLength(1);
    await server.end('SIGTERM');

    const again = home.start();
    for (const person of [alice, bob]) {
      expect((await (await again.clientOf(person)).request('GET', '/users/me')).body.email).toBe(person.email);
    }
    expect((await (await again.clientOf(alice)).content(body.id)).bytes.equals(photo)).toBe(true);
    for (const key of [...keysIn(old), ...keysIn(readFileSync(keyFile(), 'utf8'))]) {
      expect(said + server.stdout.text + again.stdout.text).not.toContain(key);
    }
  });

  it('a lost key file comes back from the sheet, and nothing of it is restored over one that is there', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const { body } = await alice.put('a.jpg', jpeg(1000, 'a'));
    await server.end('SIGTERM');
    const before = keysIn(readFileSync(keyFile(), 'utf8'));
    const { stdout: sheet } = await keys('backup');
    expect(sheet).toMatch(/^Key 1: (\w{4}-){13}\w{4}$/m);

    const paper = join(home.directory, 'typed.txt');
    writeFileSync(paper, sheet.toLowerCase().replaceAll('-', ' '));
    expect(await keys('restore', '--from-sheet', paper)).toMatchObject({
      code: 78,
      stderr: `vault: There is a master key file ${keyFile()}, and it stays. Move it away to restore another.\n`,
    });
    replaceKeyFile(null);
    expect(await json('restore', '--from-sheet', paper)).toEqual({ keys: [1], restored: 'proved' });
    expect(keysIn(readFileSync(keyFile(), 'utf8'))).toEqual(before);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o400);
    const again = await home.start().clientOf(alice);
    expect((await again.content(body.id)).status).toBe(200);
  });

  it('a sheet is typed before there is a vault, and the vault begins with its key', async () => {
    const elsewhere = await VaultHome.create();
    const here = home;
    home = elsewhere;
    const { sheet } = JSON.parse((await keys('backup', '--json')).stdout) as { sheet: string };
    home = here;
    await elsewhere.close();
    const restore = startCommand(home, ['keys', 'restore', '--from-sheet', '-']);
    restore.child.stdin?.end(sheet);
    expect(await restore.outcome).toMatchObject({
      code: 0,
      stdout: `Wrote ${keyFile()} with key 1. There was no vault to try them on.\n`,
    });
    expect(existsSync(join(home.dataDir, 'postgres'))).toBe(false);
    const [line] = sheet.split('\n').filter((each) => each.startsWith('Key'));
    await addUser(home, 'alice@example.com');
    expect((await keys('backup')).stdout).toContain(line);
  });
});

describe('on the database of DB_URL', () => {
  let database: TestDatabase;
  let alice: VaultClient;

  beforeEach(async () => {
    database = await createTestDatabase('empty');
    env = { DB_URL: database.url };
    home = await VaultHome.create(env);
    const server = home.start();
    alice = await server.signUp('alice@example.com');
    await server.end('SIGTERM');
  });
  afterEach(async () => {
    await home.close();
    await database.drop();
  });

  /** Runs a command that must be refused, and must change nothing. @returns the sentence */
  async function refusal(...args: string[]): Promise<string> {
    const files = home.files();
    const before = await home.dump();
    const { code, stdout, stderr } = await keys(...args);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(home.files()).toEqual(files);
    expect(await home.dump()).toBe(before);
    return stderr;
  }

  it('the old key file alone is refused with the number that it lacks, by the command and by the server', async () => {
    const old = readFileSync(keyFile(), 'utf8');
    await keys('rotate');
    await keys('retire');
    replaceKeyFile(old);
    expect(await refusal('status')).toContain('does not hold key 2, which the database uses');
    const before = await home.dump();
    const server = home.start();
    expect(await server.ending()).toEqual({ code: 78, signal: null });
    expect(server.messages).toEqual([expect.stringContaining('does not hold key 2, which the database uses')]);
    expect(await home.dump()).toBe(before);
  });

  it('an old key that a user still needs is not retired, and a start without it is refused', async () => {
    const old = readFileSync(keyFile(), 'utf8');
    await database.query('UPDATE user_keys SET key_wrapped = set_byte(key_wrapped, 70, 1 # get_byte(key_wrapped, 70))');
    const { code, stdout, stderr } = await keys('rotate');
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `Everything else is under key 2 now. Not to be opened are the keys of:\n${alice.userId}\n`,
    });
    expect(stderr).toBe(
      'vault: 1 user key(s) cannot be opened, and keep the old master key in use. Nothing was changed of them.\n',
    );
    expect(await refusal('retire')).toContain('Old keys are still needed: 0 server secrets and 1 user keys');
    const [, second = ''] = keysIn(readFileSync(keyFile(), 'utf8'));
    replaceKeyFile(`2 ${second}\n`);
    expect(await refusal('status')).toContain('does not hold key 1, which the database uses');
    chmodSync(keyFile(), 0o600);
    writeFileSync(keyFile(), `${old}2 ${second}\n`);
    expect(await json('status')).toMatchObject({ inFile: [1, 2], stage: 'rotating', toRewrap: { userKeys: 1 } });
  });

  it('a sheet with mistakes, of another vault, or without a key that is needed, is refused, and no key file made', async () => {
    const { stdout: first } = await keys('backup');
    await keys('rotate');
    const { stdout: both } = await keys('backup');
    await keys('retire');
    const other = await VaultHome.create();
    const foreign = (await startCommand(other, ['keys', 'backup']).outcome).stdout.replaceAll('Key 1:', 'Key 1:');
    await other.close();
    replaceKeyFile(null);
    const paper = join(home.directory, 'typed.txt');
    const restore = async (typed: string): Promise<string> => {
      writeFileSync(paper, typed);
      return refusal('restore', '--from-sheet', paper);
    };
    const number = both.split('\n').findIndex((line) => line.startsWith('Key 2')) + 1;
    expect(
      await restore(both.replace(/^(Key 2: .{10})(.)/m, (_, begin, sign) => `${begin}${sign === '7' ? '8' : '7'}`)),
    ).toBe(
      `vault: The recovery sheet cannot be used:\n- line ${number}: there is a mistake in key 2, or in its number\nNothing was written.\n`,
    );
    expect(await restore(first)).toContain('The recovery sheet does not hold key 2, which the database uses');
    expect(await restore(foreign)).toContain('The recovery sheet does not hold key 2');
    expect(await refusal('restore', '--from-sheet', join(home.directory, 'nowhere'))).toContain(
      'cannot be read (ENOENT)',
    );
    expect(existsSync(keyFile())).toBe(false);
    // The sheet that was printed between rotating and retiring has both; the vault starts on it.
    writeFileSync(paper, both);
    expect(await json('restore', '--from-sheet', paper)).toEqual({ keys: [1, 2], restored: 'proved' });
    expect((await (await home.start().clientOf(alice)).request('GET', '/users/me')).status).toBe(200);
  });
});
