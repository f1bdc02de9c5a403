import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serverSecretContext } from '../../src/platform/crypto/contexts';
import { unwrapKey, wrapKey } from '../../src/platform/crypto/sealed-value';
import { KeyringService } from '../../src/vault/keyring.service';
import { KeysRepository } from '../../src/vault/keys.repository';
import { type Canary, MasterKeyring } from '../../src/vault/master-keyring';
import { MasterKeyError } from '../../src/vault/master-key-error';
import { startTestApp, type TestApp } from '../support/test-app';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'photovault-keyring-'));
  file = join(directory, 'master.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

const lineOf = (kid: number, key: Buffer) => `${kid} ${key.toString('base64')}\n`;

/** What a database holds that was made with this key. */
function canaryOf(kid: number, key: Buffer): Canary {
  return { kid, version: 1, wrapped: wrapKey(key, serverSecretContext(kid, 1, 'canary'), randomBytes(32)) };
}

/** The sentence with which a key file is refused; nothing may have been written. */
async function refusal(canary: Canary | null): Promise<string> {
  const before = readdirSync(directory);
  const text = before.includes('master.key') ? readFileSync(file) : null;
  const error: unknown = await MasterKeyring.open(file, canary).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MasterKeyError);
  expect(readdirSync(directory)).toEqual(before);
  if (text) expect(readFileSync(file).equals(text)).toBe(true);
  return (error as MasterKeyError).message;
}

describe('a master key file', () => {
  it('is made for a new database: readable by its owner alone, with a key of 32 random bytes and a warning', async () => {
    const { keyring, created } = await MasterKeyring.open(file, null);
    expect(created).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o400);
    expect(readFileSync(file, 'utf8')).toMatch(/^# .*Keep a copy elsewhere.*\n1 [A-Za-z0-9+/]{43}=\n$/);
    expect(keyring.newest.kid).toBe(1);
    expect(keyring.newest.key).toHaveLength(32);
    expect(readdirSync(directory)).toEqual(['master.key']);
  });

  it('is never the same twice', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) =>
        MasterKeyring.open(join(directory, name), null).then(({ keyring }) => keyring.newest),
      ),
    );
    expect(one?.key.equals(two?.key ?? Buffer.of())).toBe(false);
  });

  it('is read again at the next start', async () => {
    const first = await MasterKeyring.open(file, null);
    const { kid, key } = first.keyring.newest;
    const second = await MasterKeyring.open(file, canaryOf(kid, key));
    expect(second.created).toBe(false);
    expect(second.keyring.newest.key.equals(key)).toBe(true);
  });

  it('is made with the directories above it, which nobody else may enter', async () => {
    file = join(directory, 'a', 'b', 'master.key');
    await MasterKeyring.open(file, null);
    expect(statSync(join(directory, 'a', 'b')).mode & 0o777).toBe(0o700);
  });

  it('is one for 20 first starts within a moment, and nothing else is left', async () => {
    for (let round = 0; round < 5; round++) {
      rmSync(file, { force: true });
      const starts = Array.from({ length: 20 }, (_, i) => delay(i / 2).then(() => MasterKeyring.open(file, null)));
      const opened = await Promise.all(starts);
      expect(new Set(opened.map(({ keyring }) => keyring.newest.key.toString('hex'))).size).toBe(1);
      expect(readdirSync(directory)).toEqual(['master.key']);
    }
  });

  it('may hold several keys: new wraps use the highest number, old ones open with theirs', async () => {
    const [old, current] = [randomBytes(32), randomBytes(32)];
    writeFileSync(file, `# rotated\n\n${lineOf(12, current)}  ${lineOf(3, old)}`);
    const { keyring } = await MasterKeyring.open(file, canaryOf(3, old));
    expect(keyring.newest).toEqual({ kid: 12, key: current });
    expect((await keyring.key(3)).equals(old)).toBe(true);
    await expect(keyring.key(4)).rejects.toThrow('does not hold key 4, which the database uses');
  });

  it('may come from Windows', async () => {
    const key = randomBytes(32);
    writeFileSync(file, `# key\r\n${lineOf(1, key).trim()}\r\n`);
    expect((await MasterKeyring.open(file, canaryOf(1, key))).keyring.newest.key.equals(key)).toBe(true);
  });
});

describe('a start is refused, and nothing is written, when the key file', () => {
  const key = randomBytes(32);

  it('is missing and the database has data', async () => {
    expect(await refusal(canaryOf(1, key))).toBe(
      `The master key file ${file} is missing, but the database holds data that only it can open. ` +
        'Put the backup of the key back in its place; nothing was changed.',
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is another vault’s', async () => {
    writeFileSync(file, lineOf(1, randomBytes(32)));
    expect(await refusal(canaryOf(1, key))).toContain('does not belong to this database: it opens nothing in it');
  });

  it('holds the right key under another number', async () => {
    writeFileSync(file, lineOf(2, key));
    expect(await refusal(canaryOf(1, key))).toContain('does not hold key 1, which the database uses');
  });

  it.each([
    ['nothing', ''],
    ['comments only', '# no key\n\n'],
  ])('holds %s', async (_what, text) => {
    writeFileSync(file, text);
    expect(await refusal(null)).toBe(`The master key file ${file} holds no key.`);
  });

  it.each([
    ['a key without a number', `${key.toString('base64')}\n`],
    ['a key in hexadecimal', `1 ${key.toString('hex')}\n`],
    ['a key of 31 bytes', lineOf(1, randomBytes(31))],
    ['a key of 33 bytes', lineOf(1, randomBytes(33))],
    ['half a key', lineOf(1, key).slice(0, 30)],
    ['one number twice', lineOf(1, key) + lineOf(1, randomBytes(32))],
    ['two keys on a line', lineOf(1, key).trim() + ' ' + lineOf(2, key)],
    ['a good key and a bad one', `${lineOf(1, key)}2 not-a-key\n`],
    ['a negative number', `-${lineOf(1, key)}`],
    ['bytes', randomBytes(200)],
  ])('holds %s', async (_what, text) => {
    writeFileSync(file, text);
    const sentence = await refusal(canaryOf(1, key));
    expect(sentence).toBe(`The master key file ${file} is damaged: a line is not of the form "<number> <base64 key>".`);
    expect(sentence).not.toContain(key.toString('base64').slice(0, 8));
  });

  it('cannot be read', async () => {
    mkdirSync(file);
    expect(await MasterKeyring.open(file, null).catch((error: Error) => error.message)).toBe(
      `The master key file ${file} cannot be read (EISDIR).`,
    );
  });
});

describe('the secrets of the server', () => {
  let vault: TestApp;
  beforeAll(async () => {
    vault = await startTestApp();
  });
  afterAll(() => vault.close());

  /** As another process would have it. */
  function newKeyring(): KeyringService {
    const [masterKeys, repository] = [
      vault.app.get(MasterKeyring, { strict: false }),
      vault.app.get(KeysRepository, { strict: false }),
    ];
    return new KeyringService(masterKeys, repository);
  }
  const secrets = () =>
    vault.database.query<{ purpose: string; kid: number; wrapped: Buffer }>(
      'SELECT purpose, version, kid, secret_wrapped AS wrapped FROM server_secrets ORDER BY purpose',
    );

  it('are made once by many first starts at the same moment, and all have the same', async () => {
    for (let round = 0; round < 5; round++) {
      await vault.database.query('TRUNCATE server_secrets');
      const keyrings = Array.from({ length: 10 }, () => newKeyring());
      await Promise.all(keyrings.map((keyring) => keyring.onModuleInit()));
      expect((await secrets()).map(({ purpose }) => purpose)).toEqual([
        'canary',
        'email-index',
        'mailbox',
        'pin-pepper',
      ]);
      for (const purpose of ['email-index', 'mailbox', 'pin-pepper'] as const) {
        expect(new Set(keyrings.map((keyring) => keyring.secret(purpose).toString('hex'))).size).toBe(1);
      }
    }
  });

  it('are different keys, wrapped by the master key, one for each purpose', async () => {
    const { key } = vault.app.get(MasterKeyring, { strict: false }).newest;
    const opened = (await secrets()).map(({ purpose, kid, wrapped }) => {
      expect(wrapped).toHaveLength(105);
      return unwrapKey(key, serverSecretContext(kid, 1, purpose as 'canary'), wrapped).toString('hex');
    });
    expect(new Set(opened).size).toBe(4);
  });

  it('are not opened by a row of another purpose', async () => {
    await vault.database.query(
      `UPDATE server_secrets SET secret_wrapped = (SELECT secret_wrapped FROM server_secrets WHERE purpose = 'mailbox')
        WHERE purpose = 'pin-pepper'`,
    );
    await expect(newKeyring().onModuleInit()).rejects.toThrow(MasterKeyError);
  });
});
