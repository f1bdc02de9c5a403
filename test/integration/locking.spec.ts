import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { FileRewrapping } from '../../src/files/file-rewrapping.service';
import { UnlockGrantsRepository } from '../../src/folders/access/unlock-grants.repository';
import { withClient } from '../../src/platform/database/open-database';
import { PasswordGuesses } from '../../src/platform/passwords/password-guesses.service';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.service';
import { PasswordErrors } from '../../src/platform/passwords/password.errors';
import { KeyringService } from '../../src/vault/keyring.service';
import { lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());
afterEach(() => jest.restoreAllMocks());

describe('the vacuum after a lock', () => {
  it('runs once at a time, and once more for whatever changed meanwhile: each takes a connection, and waits for the one before', async () => {
    const dataSource = vault.app.get(DataSource);
    const query = dataSource.query.bind(dataSource);
    const ends: ((error?: Error) => void)[] = [];
    jest.spyOn(dataSource, 'query').mockImplementation(async (sql: string, ...rest: unknown[]) => {
      if (!sql.startsWith('VACUUM')) return query<unknown>(sql, ...(rest as []));
      return new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve([]))));
    });
    const id = await newFolder(alice, 'vacuumed');
    await lock(alice, id);
    for (let n = 0; n < 4; n++) {
      const json = { currentPassword: n ? `good password ${n}` : PASSWORD, newPassword: `good password ${n + 1}` };
      expect(await outcome(alice.request('PATCH', `/folders/${id}/lock`, { json }))).toBe('204');
    }
    expect(ends).toHaveLength(1);
    ends[0]?.(new Error('no room'));
    await eventually('the next one begins', () => ends.length === 2);
    ends[1]?.();
    await delay(50);
    expect(ends).toHaveLength(2);
    expect(vault.logs.text).toContain('old keys could not be vacuumed away');
    await lock(alice, await newFolder(alice, 'vacuumed as well'));
    expect(ends).toHaveLength(3);
    ends[2]?.();
  });
});

describe('taking a lock away', () => {
  it('needs no second connection while it holds the folder: all others may be waiting for it', async () => {
    const id = await newFolder(alice, 'crowded');
    await lock(alice, id);
    await unlock(alice, id);
    await putInto(alice, id, 'there.jpg', jpeg(100, 'there'));
    // As in a process that has not opened anything of hers yet.
    const keyring: object = vault.app.get(KeyringService, { strict: false });
    (keyring as { userKeys: Map<string, Buffer> }).userKeys.clear();
    const outcomes = await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM folders WHERE id = $1 FOR UPDATE', [id]);
      const removal = outcome(alice.request('DELETE', `/folders/${id}/lock`));
      await delay(300);
      const uploads = Array.from({ length: 30 }, (_, n) =>
        outcome(alice.put(`${n}.jpg`, jpeg(100, `crowd ${n}`), { query: `?folderId=${id}` })),
      );
      await delay(1000);
      await client.query('COMMIT');
      return Promise.all([removal, ...uploads]);
    });
    expect(outcomes).toEqual(['204', ...Array<string>(30).fill('423 FOLDER.LOCKED')]);
  });
});

describe('a folder that takes long to lock', () => {
  it('lets those who write into it wait without a connection each: others need them', async () => {
    const bob = await vault.signUp('bob@example.com');
    const [id, other] = [await newFolder(alice, 'huge'), await newFolder(alice, 'beside it')];
    const file = await putInto(alice, other, 'moving.jpg', jpeg(100, 'beside it'));
    const rewrapping = vault.app.get(FileRewrapping, { strict: false });
    const all = rewrapping.all.bind(rewrapping);
    let goOn = (): void => undefined;
    const halfway = new Promise<void>((resolve) => (goOn = resolve));
    const begun = jest.spyOn(rewrapping, 'all').mockImplementation(async (...args) => {
      await halfway;
      return all(...args);
    });
    const locks = Array.from({ length: 3 }, () =>
      outcome(alice.request('PUT', `/folders/${id}/lock`, { json: { password: PASSWORD } })),
    );
    await eventually('it is being locked', () => begun.mock.calls.length > 0);
    const writes = Array.from({ length: 25 }, (_, n) =>
      n === 0
        ? outcome(alice.request('PATCH', `/files/${file.id}`, { json: { folderId: id } }))
        : outcome(alice.put(`${n}.jpg`, jpeg(100, `huge ${n}`), { query: `?folderId=${id}` })),
    );
    await delay(1000);
    const began = Date.now();
    expect(await outcome(bob.request('GET', '/users/me'))).toBe('200');
    expect(Date.now() - began).toBeLessThan(1000);
    goOn();
    expect((await Promise.all(locks)).sort()).toEqual([
      '200',
      ...Array<string>(2).fill('409 FOLDER.CHANGED_MEANWHILE'),
    ]);
    expect(new Set(await Promise.all(writes))).toEqual(new Set(['423 FOLDER.LOCKED']));
  });
});

describe('unlocking while the password changes', () => {
  it('with the old one leaves no grant behind, although neither key nor epoch change', async () => {
    const id = await newFolder(alice, 'both at once');
    const file = await putInto(alice, id, 'there.jpg', jpeg(100, 'both at once'));
    await lock(alice, id);
    const unlocked = await withClient(vault.database.url, async (client) => {
      // A change of the password by another process, which has everything written and is about to commit.
      await client.query('BEGIN');
      await client.query('SELECT FROM folders WHERE id = $1 FOR UPDATE', [id]);
      await client.query('DELETE FROM folder_slots WHERE folder_id = $1 AND type = 1', [id]);
      await client.query('DELETE FROM unlock_grants WHERE folder_id = $1', [id]);
      const unlocking = outcome(unlock(alice, id));
      await delay(1000);
      await client.query('COMMIT');
      return unlocking;
    });
    expect(unlocked).toBe('409 FOLDER.CHANGED_MEANWHILE');
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
  });
});

describe('unlocking while the lock is taken away', () => {
  it('is no wrong password, and does not count as one', async () => {
    const id = await newFolder(alice, 'taken away');
    await lock(alice, id);
    await unlock(alice, id);
    const guesses = vault.app.get(PasswordGuesses, { strict: false });
    const begin = guesses.begin.bind(guesses);
    jest.spyOn(guesses, 'begin').mockImplementationOnce(async (subject) => {
      expect(await outcome(alice.request('DELETE', `/folders/${id}/lock`))).toBe('204');
      return begin(subject);
    });
    expect(await outcome(unlock(alice, id))).toBe('409 FOLDER.CHANGED_MEANWHILE');
    expect(await vault.database.query('SELECT wrong FROM password_guesses WHERE subject_id = $1', [id])).toEqual([
      { wrong: 0 },
    ]);
  });
});

describe('a move while one of the folders gets another key', () => {
  /** As another process leaves a folder that it is just locking; nothing else of the lock is there to be noticed. */
  const LOCKING = 'UPDATE folders SET fk_wrapped = NULL, fk_version = fk_version + 1, epoch = epoch + 1 WHERE id = $1';

  it.each(['into', 'out of'])('%s it is refused, and nothing is written', async (direction) => {
    const [id, other] = [await newFolder(alice, direction), await newFolder(alice, `not ${direction}`)];
    const [from, to] = direction === 'into' ? [other, id] : [id, other];
    const file = await putInto(alice, from, 'moving.jpg', jpeg(100, direction));
    const row = () => vault.database.query('SELECT * FROM files WHERE id = $1', [file.id]);
    const before = await row();
    const moved = await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(LOCKING, [id]);
      const moving = outcome(alice.request('PATCH', `/files/${file.id}`, { json: { folderId: to } }));
      await delay(500);
      await client.query('COMMIT');
      return moving;
    });
    expect(moved).toBe('423 FOLDER.LOCKED');
    expect(await row()).toEqual(before);
  });
});

describe('a file in the trash', () => {
  it('gets under the new key as well', async () => {
    const id = await newFolder(alice, 'with a trash');
    const bytes = jpeg(5000, 'in the trash');
    const query = `?folderId=${id}&takenAt=2026-08-02T17:21:09Z`;
    const { body: file } = await alice.put('trashed.jpg', bytes, { query });
    const trash = (at: string) => vault.database.query(`UPDATE files SET trashed_at = ${at} WHERE id = $1`, [file.id]);
    await trash('now()');
    await lock(alice, id);
    await trash('NULL');
    expect(await vault.database.query('SELECT taken_at AS at FROM files WHERE id = $1', [file.id])).toEqual([
      { at: null },
    ]);
    await unlock(alice, id);
    expect((await alice.content(file.id)).bytes.equals(bytes)).toBe(true);
  });
});

describe('a password that was not compared', () => {
  it('because too many are being hashed does not count as a wrong one', async () => {
    const id = await newFolder(alice, 'busy');
    await lock(alice, id);
    const hash = jest.spyOn(vault.app.get(PasswordHasher, { strict: false }), 'hash');
    hash.mockRejectedValue(PasswordErrors.busy({ headers: { 'Retry-After': '1' } }));
    for (let n = 0; n < 8; n++) expect(await outcome(unlock(alice, id))).toBe('503 PASSWORD.BUSY');
    hash.mockRestore();
    expect(await outcome(unlock(alice, id))).toBe('200');
    expect(await vault.database.query('SELECT wrong FROM password_guesses WHERE subject_id = $1', [id])).toEqual([
      { wrong: 0 },
    ]);
  });
});

describe('a grant', () => {
  it('goes with its session, and with its end, not before', async () => {
    const grants = vault.app.get(UnlockGrantsRepository, { strict: false });
    const id = await newFolder(alice, 'granted');
    await lock(alice, id);
    const left = async () =>
      (await vault.database.query('SELECT FROM unlock_grants WHERE folder_id = $1', [id])).length;
    const second = vault.stranger();
    await second.signIn('alice@example.com', 'second', (address) => vault.logs.pinFor(address));
    await unlock(alice, id);
    await unlock(second, id);
    await grants.deleteOver();
    expect(await left()).toBe(2);
    await second.request('DELETE', '/auth/sessions/current');
    await grants.deleteOver();
    expect(await left()).toBe(1);
    await vault.database.query('UPDATE unlock_grants SET idle_expires_at = now()');
    await grants.deleteOver();
    expect(await left()).toBe(0);
  });
});
