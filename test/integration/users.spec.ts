import { DataSource } from 'typeorm';
import { UsersService } from '../../src/users/users.service';
import { KeyringService } from '../../src/vault/keyring.service';
import { KeysRepository } from '../../src/vault/keys.repository';
import { MasterKeyring } from '../../src/vault/master-keyring';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;
let users: UsersService;
let dataSource: DataSource;

beforeAll(async () => {
  vault = await startTestApp();
  users = vault.app.get(UsersService, { strict: false });
  dataSource = vault.app.get(DataSource);
});
afterAll(() => vault.close());

const ensure = (email: string) => dataSource.transaction((tx) => users.ensure(tx, email));

/** Rows with the address of an account, and rows with its key. */
async function rowsOf(id: string): Promise<unknown[]> {
  return vault.database.query(
    `SELECT (SELECT count(*)::int FROM users WHERE email_bidx = (SELECT email_bidx FROM users WHERE id = $1)) AS users,
            (SELECT count(*)::int FROM user_keys WHERE user_id = $1) AS keys`,
    [id],
  );
}

describe('an account', () => {
  it('is made once by many first sign-ins at the same moment, with its key', async () => {
    for (let round = 0; round < 5; round++) {
      const ids = await Promise.all(Array.from({ length: 30 }, () => ensure(`many${round}@example.com`)));
      expect(new Set(ids).size).toBe(1);
      expect(await rowsOf(ids[0] ?? '')).toEqual([{ users: 1, keys: 1 }]);
    }
    expect(await vault.database.query('SELECT FROM users')).toHaveLength(5);
    expect(await vault.database.query('SELECT FROM user_keys')).toHaveLength(5);
  });

  it('is found again, and its address is opened by its own key', async () => {
    const id = await ensure('alice@example.com');
    expect(await ensure('alice@example.com')).toBe(id);
    expect(await users.findIdByEmailIndex(users.emailIndex('alice@example.com'))).toBe(id);
    expect(await users.profile(id)).toEqual({
      id,
      email: 'alice@example.com',
      createdAt: expect.any(Date) as Date,
      usage: { files: 0, bytes: 0 },
      quotaBytes: null,
      isQuotaDefault: true,
    });
  });

  it('is not made when its transaction fails, and the next one makes it', async () => {
    const failing = dataSource.transaction(async (tx) => {
      await users.ensure(tx, 'bob@example.com');
      throw new Error('no session');
    });
    await expect(failing).rejects.toThrow('no session');
    expect(await users.findIdByEmailIndex(users.emailIndex('bob@example.com'))).toBeNull();
    expect(await rowsOf(await ensure('bob@example.com'))).toEqual([{ users: 1, keys: 1 }]);
  });

  it('is made by the second of two sign-ins when the first one fails', async () => {
    let fail!: () => void;
    const mayFail = new Promise<void>((resolve) => (fail = resolve));
    let made!: () => void;
    const isMade = new Promise<void>((resolve) => (made = resolve));
    const first = dataSource.transaction(async (tx) => {
      await users.ensure(tx, 'carol@example.com');
      made();
      await mayFail;
      throw new Error('no session');
    });
    await isMade;
    const second = ensure('carol@example.com');
    fail();
    await expect(first).rejects.toThrow('no session');
    const id = await second;
    expect(await rowsOf(id)).toEqual([{ users: 1, keys: 1 }]);
    expect((await users.profile(id)).email).toBe('carol@example.com');
  });

  it('has an address that is nowhere in the clear', async () => {
    await ensure('dave.findme@example.com');
    const rows = await vault.database.query<{ line: string }>(
      "SELECT users::text || encode(email_sealed, 'escape') || encode(email_bidx, 'escape') AS line FROM users",
    );
    expect(rows.map(({ line }) => line).join('\n')).not.toContain('findme');
  });

  it('without its key is damage, not a fresh start', async () => {
    const id = await ensure('erin@example.com');
    await vault.database.query('DELETE FROM user_keys WHERE user_id = $1', [id]);
    // As another process would have it, which has not seen the key.
    const cold = new KeyringService(
      vault.app.get(MasterKeyring, { strict: false }),
      vault.app.get(KeysRepository, { strict: false }),
    );
    await expect(cold.userKey(id)).rejects.toMatchObject({ definition: { code: 'VAULT.DAMAGED' } });
  });
});
