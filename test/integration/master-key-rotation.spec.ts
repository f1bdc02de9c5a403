import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { withClient } from '../../src/platform/database/open-database';
import { UsersService } from '../../src/users/users.service';
import { KeyRotation, type KeyStatus } from '../../src/vault/key-rotation.service';
import { KeyringService } from '../../src/vault/keyring.service';
import { KeysRepository, readCanary, readKidsInUse } from '../../src/vault/keys.repository';
import { MasterKeyError } from '../../src/vault/master-key-error';
import { MasterKeyring } from '../../src/vault/master-keyring';
import { insertManyKeys } from '../support/many-keys';
import { startTestApp, type TestApp } from '../support/test-app';
import { eventually } from '../support/waiting';

/** A server that knows nothing of a rotation, and rotations of processes of their own. */
let vault: TestApp;
let file: string;

beforeEach(async () => {
  vault = await startTestApp();
  file = join(vault.dataDir, 'master.key');
});
afterEach(() => vault.close());

const repository = () => vault.app.get(KeysRepository, { strict: false });
const linesOf = (path = file) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\d/.test(line));
const usage = () => repository().usage();

async function openKeyring(): Promise<MasterKeyring> {
  const [canary, inUse] = await withClient(
    vault.database.url,
    async (client) => [await readCanary(client), await readKidsInUse(client)] as const,
  );
  return (await MasterKeyring.open(file, canary, { inUse })).keyring;
}

/** As the command has it: another process, with a keyring of its own. */
async function newRotation(): Promise<KeyRotation> {
  return new KeyRotation(repository(), await openKeyring());
}
const rotate = async () => (await newRotation()).rotate();
const status = async (): Promise<KeyStatus> => (await newRotation()).status();

/** A server process that has just been started. */
async function newKeyring(): Promise<KeyringService> {
  const keyring = new KeyringService(await openKeyring(), repository());
  await keyring.onModuleInit();
  return keyring;
}

async function manyKeys(count: number): Promise<Map<string, Buffer>> {
  const { newest } = await openKeyring();
  return insertManyKeys((sql, values) => vault.database.query(sql, values), newest, count);
}

async function expectToOpen(keys: Map<string, Buffer>, keyring?: KeyringService): Promise<void> {
  const opener = keyring ?? (await newKeyring());
  for (const [id, key] of keys) expect((await opener.userKey(id)).equals(key)).toBe(true);
}

/** Makes accounts through the server's own rooms, until it is told to stop. */
function signingUp(): { stop: () => Promise<string[]> } {
  const [users, dataSource] = [vault.app.get(UsersService, { strict: false }), vault.app.get(DataSource)];
  const ids: string[] = [];
  let going = true;
  const lanes = Array.from({ length: 4 }, async () => {
    while (going) ids.push(await dataSource.transaction((tx) => users.ensure(tx, `${uuidv7()}@example.com`)));
  });
  return {
    stop: async () => {
      going = false;
      await Promise.all(lanes);
      return ids;
    },
  };
}

describe('a rotation', () => {
  it('puts everything under a new key, keeps the old one in the file until it is retired, and everything opens', async () => {
    const keys = await manyKeys(1000);
    const [before = ''] = linesOf();
    expect(await status()).toEqual({
      inFile: [1],
      current: 1,
      inUse: [{ kid: 1, serverSecrets: 4, userKeys: 1000 }],
      stage: 'settled',
      toRewrap: { serverSecrets: 0, userKeys: 0 },
      retirable: [],
    });
    const seen: string[] = [];
    const rotation = await newRotation();
    const result = await rotation.rotate((done, of) => seen.push(`${done}/${of}`));
    expect(result).toEqual({ kid: 2, how: 'begun', userKeys: 1000, damaged: [] });
    expect(seen.slice(0, 5)).toEqual(['200/1000', '400/1000', '600/1000', '800/1000', '1000/1000']);
    expect(linesOf()).toEqual([before, expect.stringMatching(/^2 \S{44}$/)]);
    expect(await status()).toMatchObject({ inFile: [1, 2], current: 2, stage: 'rotated', retirable: [1] });
    expect(await usage()).toEqual([{ kid: 2, serverSecrets: 4, userKeys: 1000 }]);
    await expectToOpen(keys);
    await expectToOpen(keys, vault.app.get(KeyringService, { strict: false }));

    expect(await rotation.retire()).toEqual([1]);
    expect(linesOf()).toEqual([expect.stringMatching(/^2 /)]);
    expect(await rotation.retire()).toEqual([]);
    await expectToOpen(keys);
  });

  it('keeps the secrets of the server what they are', async () => {
    const before = vault.app.get(KeyringService, { strict: false });
    await rotate();
    const after = await newKeyring();
    for (const purpose of ['pin-pepper', 'email-index', 'mailbox', 'canary'] as const) {
      expect(after.secret(purpose).equals(before.secret(purpose))).toBe(true);
    }
    expect(after.bornAt).toEqual(before.bornAt);
  });

  it('leaves the key file with its owner alone, with what was noted in it, and nothing beside it', async () => {
    chmodSync(file, 0o600);
    writeFileSync(file, `${readFileSync(file, 'utf8')}# in the safe since May`);
    writeFileSync(`${file}.new`, 'what a crash has left');
    // Root may rotate for the user that the server runs as.
    const owner = process.getuid?.() === 0 ? 65534 : statSync(file).uid;
    chownSync(file, owner, statSync(file).gid);
    await rotate();
    expect(statSync(file).mode & 0o777).toBe(0o400);
    expect(statSync(file).uid).toBe(owner);
    expect(readFileSync(file, 'utf8')).toMatch(/^# Master key[^\n]*\n1 \S{44}\n# in the safe since May\n2 \S{44}\n$/);
    await (await newRotation()).retire();
    expect(readFileSync(file, 'utf8')).toMatch(/^# Master key[^\n]*\n# in the safe since May\n2 \S{44}\n$/);
    expect(readdirSync(vault.dataDir).filter((name) => name.startsWith('master.key'))).toEqual(['master.key']);
  });

  it('is not begun again before the old key is retired', async () => {
    await rotate();
    expect(await rotate()).toMatchObject({ kid: 2, how: 'finished', userKeys: 0 });
    expect(linesOf()).toHaveLength(2);
    await (await newRotation()).retire();
    expect(await rotate()).toMatchObject({ kid: 3, how: 'begun' });
  });

  it('uses a key that somebody has put into the file, where the command cannot write it', async () => {
    const keys = await manyKeys(5);
    chmodSync(file, 0o600);
    writeFileSync(file, `${readFileSync(file, 'utf8')}7 ${Buffer.alloc(32, 7).toString('base64')}\n`);
    expect(await status()).toMatchObject({ inFile: [1, 7], current: 1, stage: 'rotating', retirable: [] });
    expect(await rotate()).toMatchObject({ kid: 7, how: 'resumed', userKeys: 5 });
    await expectToOpen(keys);
  });
});

describe('a rotation that died', () => {
  /** Stops at a moment as a process does that is killed there: nothing after it happens. */
  async function dieAt(what: 'add' | 'updateSecret' | 'rewrapUserKeys', times: number): Promise<void> {
    const keyring = await openKeyring();
    const rows = Object.create(repository()) as KeysRepository;
    const target = what === 'add' ? keyring : rows;
    const original = (target as never)[what] as (...args: unknown[]) => Promise<unknown>;
    let calls = 0;
    (target as never as Record<string, unknown>)[what] = async (...args: unknown[]) => {
      const result = await original.apply(target, args);
      if (++calls === times) throw new Error('killed');
      return result;
    };
    await expect(new KeyRotation(rows, keyring).rotate()).rejects.toThrow('killed');
  }

  it.each([
    ['after the key was written', 'add', 1, 1000],
    ['in the middle of the server’s secrets', 'updateSecret', 2, 1000],
    ['in its first batch', 'rewrapUserKeys', 1, 1000],
    ['in a later batch', 'rewrapUserKeys', 4, 400],
  ] as const)('%s goes on with the same key', async (_, what, times, left) => {
    const keys = await manyKeys(1000);
    await dieAt(what, times);
    const [, second = ''] = linesOf();
    expect(linesOf()).toHaveLength(2);
    expect(await status()).toMatchObject({ stage: 'rotating', toRewrap: { userKeys: left }, retirable: [] });
    await expectToOpen(keys);
    await expect((await newRotation()).retire()).rejects.toThrow('Old keys are still needed');
    expect(await rotate()).toMatchObject({ kid: 2, how: 'resumed', userKeys: left });
    expect(linesOf()[1]).toBe(second);
    expect(await usage()).toEqual([{ kid: 2, serverSecrets: 4, userKeys: 1000 }]);
    await expectToOpen(keys);
  });
});

describe('beside each other', () => {
  it('five rotations make one new key and share the rows', async () => {
    const keys = await manyKeys(2000);
    const rotations = await Promise.all(Array.from({ length: 5 }, newRotation));
    const results = await Promise.all(rotations.map((rotation) => rotation.rotate()));
    expect(new Set(results.map(({ kid }) => kid))).toEqual(new Set([2]));
    expect(results.filter(({ how }) => how === 'begun')).toHaveLength(1);
    expect(results.reduce((sum, { userKeys }) => sum + userKeys, 0)).toBe(2000);
    expect(linesOf()).toHaveLength(2);
    await expectToOpen(keys);
  });

  it('five retirements leave one key', async () => {
    await rotate();
    const rotations = await Promise.all(Array.from({ length: 5 }, newRotation));
    const retired = await Promise.all(rotations.map((rotation) => rotation.retire()));
    expect(retired.flat()).toEqual([1]);
    expect(linesOf()).toHaveLength(1);
  });

  it('sign-ups at a server that knows only the old key: none of them is under it in the end', async () => {
    for (let round = 0; round < 3; round++) {
      const people = signingUp();
      await delay(50);
      const { kid } = await rotate();
      await (await newRotation()).retire();
      await delay(50);
      const ids = await people.stop();
      expect(ids.length).toBeGreaterThan(10);
      expect((await usage()).map((row) => row.kid)).toEqual([kid]);
      const keyring = await newKeyring();
      for (const id of ids) expect(await keyring.userKey(id)).toHaveLength(32);
    }
  });

  it('waits for a sign-up that has already wrapped its key, however long that takes', async () => {
    const keyring = vault.app.get(KeyringService, { strict: false });
    const id = uuidv7();
    let finished = false;
    const running = await vault.app.get(DataSource).transaction(async (tx) => {
      const { userKey, store } = await keyring.newUserKey(tx, id);
      const rotation = rotate().finally(() => (finished = true));
      await eventually('the rotation waits for the canary', async () => {
        const waiting = await vault.database.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        return waiting.length > 0;
      });
      expect(finished).toBe(false);
      await tx.query("INSERT INTO users (id, email_bidx, email_sealed) VALUES ($1, '\\x01', '\\x02')", [id]);
      await store();
      return { rotation, userKey };
    });
    expect(await running.rotation).toMatchObject({ userKeys: 1 });
    expect(await usage()).toEqual([{ kid: 2, serverSecrets: 4, userKeys: 1 }]);
    await expectToOpen(new Map([[id, running.userKey]]));
  });

  it('a row that somebody holds is left for later, and waited for', async () => {
    const keys = await manyKeys(300);
    const [held = ''] = keys.keys();
    const rotation = await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM user_keys WHERE user_id = $1 FOR UPDATE', [held]);
      const running = rotate();
      await eventually('all others are done', async () => (await status()).toRewrap.userKeys === 1);
      await client.query('COMMIT');
      return [running] as const;
    });
    expect(await rotation[0]).toMatchObject({ userKeys: 300 });
    await expectToOpen(keys);
  });
});

describe('what cannot be right', () => {
  it('a user key that does not open keeps no other back, is named, and keeps its master key in the file', async () => {
    const keys = await manyKeys(300);
    const [bad = ''] = keys.keys();
    await vault.database.query(
      'UPDATE user_keys SET key_wrapped = set_byte(key_wrapped, 70, 1 # get_byte(key_wrapped, 70)) WHERE user_id = $1',
      [bad],
    );
    for (const how of ['begun', 'resumed']) {
      expect(await rotate()).toMatchObject({ kid: 2, how, damaged: [bad] });
    }
    keys.delete(bad);
    await expectToOpen(keys);
    await expect((await newRotation()).retire()).rejects.toThrow(MasterKeyError);
    await vault.database.query('DELETE FROM users WHERE id = $1', [bad]);
    expect(await (await newRotation()).retire()).toEqual([1]);
  });

  it('a key file that cannot be replaced ends it in a sentence, before anything was changed', async () => {
    const rotation = await newRotation();
    const before = readFileSync(file, 'utf8');
    // A directory in the way of the new file, as a file system that cannot be written would be.
    mkdirSync(`${file}.new`);
    await expect(rotation.rotate()).rejects.toThrow(/cannot be replaced \(\w+\), and the database was not changed/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(await usage()).toEqual([{ kid: 1, serverSecrets: 4, userKeys: 0 }]);
  });

  it('a number that the file does not hold is looked up once for each version of the file', async () => {
    const told: number[][] = [];
    const { keyring } = await MasterKeyring.open(file, null, { onReread: (kids) => told.push(kids) });
    for (let i = 0; i < 5; i++) await expect(keyring.key(2)).rejects.toThrow('does not hold key 2');
    expect(told).toEqual([]);
    await rotate();
    expect(await keyring.key(2)).toHaveLength(32);
    for (let i = 0; i < 5; i++) await expect(keyring.key(3)).rejects.toThrow('does not hold key 3');
    expect(told).toEqual([[2]]);
    await (await newRotation()).retire();
    await expect(keyring.key(3)).rejects.toThrow('does not hold key 3');
    // What a request has read a moment ago still opens.
    expect(await keyring.key(1)).toHaveLength(32);
  });

  it('the old key file alone: refused with the number that is missing', async () => {
    const old = readFileSync(file);
    await rotate();
    chmodSync(file, 0o600);
    writeFileSync(file, old);
    await expect(openKeyring()).rejects.toThrow('does not hold key 2, which the database uses');
    writeFileSync(file, `9 ${Buffer.alloc(32).toString('base64')}\n`);
    await expect(openKeyring()).rejects.toThrow('does not hold key 2, which the database uses');
  });
});
