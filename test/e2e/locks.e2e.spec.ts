import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { FolderSlotEntity } from '../../src/folders/access/folder-slot.entity';
import { SlotSealing } from '../../src/folders/access/slot-sealing.service';
import { folderSlotContext, SlotType } from '../../src/platform/crypto/contexts';
import { folderSlotKey, lockPepper } from '../../src/platform/crypto/key-derivation';
import { argon2id } from '../../src/platform/crypto/password-kdf';
import { newRecoveryCode } from '../../src/platform/crypto/recovery-code';
import { wrapKey } from '../../src/platform/crypto/sealed-value';
import { PasswordGuesses } from '../../src/platform/passwords/password-guesses.service';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.service';
import { KeyringService } from '../../src/vault/keyring.service';
import { folder, type FolderBody, lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { jpeg, sha256 } from '../support/photos';
import { SharesRepository } from '../../src/shares/shares.repository';
import { knock, namesSeen, share, visit } from '../support/shares';
import { startTestAppInTime, type TestApp } from '../support/test-app';
import type { DatabaseClock } from '../support/database-clock';
import type { FileBody, VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

let vault: TestApp & { clock: DatabaseClock };
let alice: VaultClient;
let names = 0;

beforeAll(async () => {
  vault = await startTestAppInTime();
});
afterAll(() => vault.close());
beforeEach(async () => {
  alice = await vault.signUp();
});

/** A second session of the same person. */
async function secondSession(of: VaultClient): Promise<VaultClient> {
  const session = vault.stranger();
  await session.signIn(of.email ?? '', 'second', (address) => vault.logs.pinFor(address));
  return session;
}

/** Gives the PIN that it asks for. */
async function reauthenticate(client: VaultClient): Promise<void> {
  const { body } = await client.request('POST', '/auth/reauthentication');
  const json = { challengeId: body['challengeId'], pin: await vault.logs.pinFor(client.email ?? '') };
  expect((await client.request('PUT', '/auth/reauthentication', { json })).status).toBe(204);
}

async function mailed(kind: string): Promise<void> {
  await eventually(`${kind} is mailed`, () => vault.logs.text.includes(`Security alert (${kind}, near `));
}

/** SHA-256 of every stored object. */
function storedHashes(): string[] {
  return readdirSync(join(vault.dataDir, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name} ${sha256(readFileSync(join(parentPath, name)))}`)
    .sort();
}

async function eventsOf(client: VaultClient): Promise<string[]> {
  const { body } = await client.request<{ items: { kind: string }[] }>('GET', '/users/me/events?limit=100');
  return body.items.map(({ kind }) => kind);
}

/** A locked folder with a photo, in a session that has not unlocked it. */
async function lockedFolder(): Promise<{ id: string; file: FileBody; bytes: Buffer; recoveryCode: string }> {
  const id = await newFolder(alice, `locked ${++names}`);
  const bytes = jpeg(40_000, `locked ${names}`);
  const query = `?folderId=${id}&takenAt=2026-08-02T17:21:09Z`;
  const { body: file } = await alice.put('secret.jpg', bytes, { query });
  return { id, file, bytes, recoveryCode: await lock(alice, id) };
}

describe('the doors of a lock', () => {
  const DOORS = [
    ['PUT', 'lock', { password: PASSWORD }],
    ['PATCH', 'lock', { currentPassword: PASSWORD, newPassword: 'another good one' }],
    ['DELETE', 'lock', undefined],
    ['POST', 'unlock', { password: PASSWORD }],
    ['POST', 'relock', undefined],
  ] as const;

  it.each(DOORS)('need a session: %s %s', async (method, door, json) => {
    const path = `/folders/${uuidv7()}/${door}`;
    expect(await outcome(vault.stranger().request(method, path, { json }))).toBe('401 AUTH.SESSION_REQUIRED');
  });

  it.each(DOORS)('are not there for somebody else’s folder: %s %s', async (method, door, json) => {
    const bob = await vault.signUp();
    const { id } = await lockedFolder();
    for (const some of [id, uuidv7(), 'no-id']) {
      expect(await outcome(bob.request(method, `/folders/${some}/${door}`, { json }))).toBe('404 FOLDER.NOT_FOUND');
    }
    expect((await unlock(alice, id)).status).toBe(200);
  });
});

describe('a locked folder', () => {
  it('says that it is there, its name and how many files it has', async () => {
    const { id } = await lockedFolder();
    const shown = {
      id,
      name: `locked ${names}`,
      isRoot: false,
      locked: true,
      unlockedUntil: null,
      fileCount: 1,
      bytes: null,
    };
    expect(await folder(alice, id)).toEqual(shown);
    const { body } = await alice.request<{ items: FolderBody[] }>('GET', '/folders');
    expect(body.items).toContainEqual(shown);
  });

  it('gives nothing of what is in it, and takes nothing, until it is unlocked; then everything', async () => {
    const { id, file, bytes } = await lockedFolder();
    const outside = (await alice.put('outside.jpg', jpeg(900, 'outside'))).body;
    const query = `?folderId=${id}`;
    const everything = () =>
      Promise.all([
        outcome(alice.request('GET', `/files/${file.id}`)),
        outcome(alice.content(file.id)),
        outcome(alice.request('HEAD', `/files/${file.id}/content`)),
        outcome(alice.content(file.id, { 'if-none-match': '*' })),
        outcome(alice.request('GET', `/files/by-name/secret.jpg/content${query}`)),
        outcome(alice.list(query)),
        outcome(alice.request('PATCH', `/files/${file.id}`, { json: { takenAt: null } })),
        outcome(alice.put('new.jpg', jpeg(210, 'new'), { query })),
        outcome(alice.post('new too.jpg', jpeg(211, 'new too'), { folderId: id })),
        outcome(alice.request('PATCH', `/files/${outside.id}`, { json: { folderId: id } })),
        outcome(alice.request('PATCH', `/folders/${id}`, { json: { name: `renamed ${names}` } })),
      ]);
    expect(new Set(await everything())).toEqual(new Set(['423 FOLDER.LOCKED', '423']));
    expect((await alice.list()).body.items.map(({ id: shown }) => shown)).toEqual([outside.id]);

    expect((await unlock(alice, id)).status).toBe(200);
    expect(await everything()).toEqual(['200', '200', '200', '304', '200', '200', '200', '201', '201', '200', '200']);
    expect((await alice.content(file.id)).bytes.equals(bytes)).toBe(true);
    expect((await alice.list(query)).body.items).toHaveLength(4);
    // Not even now among the others.
    expect((await alice.list()).body.items).toEqual([]);
    expect(await folder(alice, id)).toMatchObject({ fileCount: 4, locked: true });
  });

  it('is kept by no cache', async () => {
    const { id, file } = await lockedFolder();
    await unlock(alice, id);
    expect((await alice.content(file.id)).headers.get('cache-control')).toBe('private, no-store');
  });

  it('keeps when photos were taken to itself, and sorts them by it once it is unlocked', async () => {
    const id = await newFolder(alice, 'sorted');
    for (let n = 0; n < 30; n++) {
      const takenAt = n % 3 === 0 ? '' : `&takenAt=20${String(99 - n).padStart(2, '0')}-01-01T00:00:00Z`;
      await alice.put(`${n}.jpg`, jpeg(100, `sorted ${n}`), { query: `?folderId=${id}${takenAt}` });
    }
    const walk = async (order: string) => {
      const names: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query = `?folderId=${id}&${order}&limit=7${cursor && `&cursor=${cursor}`}`;
        const { body }: { body: { items: FileBody[]; nextCursor: string | null } } = await alice.list(query);
        names.push(...body.items.map(({ name }) => name));
        cursor = body.nextCursor;
      }
      return names;
    };
    const orders = ['taken', 'created'].flatMap((by) => ['asc', 'desc'].map((way) => `order=${by}&direction=${way}`));
    const open = await Promise.all(orders.map(walk));
    await lock(alice, id);
    const taken = await vault.database.query('SELECT FROM files WHERE folder_id = $1 AND taken_at IS NOT NULL', [id]);
    expect(taken).toEqual([]);
    await unlock(alice, id);
    expect(await Promise.all(orders.map(walk))).toEqual(open);
    expect(open[0]).toHaveLength(30);
    await alice.put('later.jpg', jpeg(100, 'later'), { query: `?folderId=${id}&takenAt=2026-01-01T00:00:00Z` });
    expect(await vault.database.query('SELECT FROM files WHERE folder_id = $1 AND taken_at IS NOT NULL', [id])).toEqual(
      [],
    );
  });

  it('may be deleted when nothing is in it', async () => {
    const id = await newFolder(alice, 'locked and empty');
    await lock(alice, id);
    expect(await outcome(alice.request('DELETE', `/folders/${id}`))).toBe('204');
    const { id: full } = await lockedFolder();
    expect(await outcome(alice.request('DELETE', `/folders/${full}`))).toBe('409 FOLDER.NOT_EMPTY');
  });
});

describe('locking', () => {
  it('shuts out the session that locked, too', async () => {
    const { file } = await lockedFolder();
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
  });

  it.each(['short', 'password1', 'PASSWORD1', 'x'.repeat(257), 'a\u0000control'])(
    'does not take the password %j',
    async (password) => {
      const id = await newFolder(alice, 'stays open');
      const answer = await alice.request('PUT', `/folders/${id}/lock`, { json: { password } });
      expect([answer.status, answer.body['code']]).toEqual([
        422,
        password.length > 256 ? 'REQUEST.INVALID' : 'PASSWORD.REFUSED',
      ]);
      expect((await folder(alice, id)).locked).toBe(false);
    },
  );

  it('is done once', async () => {
    const { id } = await lockedFolder();
    const again = () => outcome(alice.request('PUT', `/folders/${id}/lock`, { json: { password: PASSWORD } }));
    expect(await again()).toBe('423 FOLDER.LOCKED');
    await unlock(alice, id);
    expect(await again()).toBe('409 FOLDER.ALREADY_LOCKED');
    const fresh = await newFolder(alice, 'many at once');
    await putInto(alice, fresh, 'a.jpg', jpeg(100, 'many at once'));
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        outcome(alice.request('PUT', `/folders/${fresh}/lock`, { json: { password: `good password ${n}` } })),
      ),
    );
    expect(outcomes.filter((each) => each === '200')).toHaveLength(1);
    const winner = outcomes.indexOf('200');
    expect((await unlock(alice, fresh, `good password ${winner}`)).status).toBe(200);
    expect((await alice.list(`?folderId=${fresh}`)).body.items).toHaveLength(1);
  });

  it('leaves a file that was tampered with as it is, locks all others, and raises an alert', async () => {
    const id = await newFolder(alice, 'one is damaged');
    const dated = { query: `?folderId=${id}&takenAt=2026-08-02T17:21:09Z` };
    const [{ body: bad }, good] = [
      await alice.put('bad.jpg', jpeg(100, 'bad'), dated),
      await putInto(alice, id, 'good.jpg', jpeg(100, 'good')),
    ];
    await vault.database.query(
      'UPDATE files SET dek_wrapped = set_byte(dek_wrapped, 90, get_byte(dek_wrapped, 90) # 1) WHERE id = $1',
      [bad.id],
    );
    await lock(alice, id);
    expect(await vault.database.query('SELECT FROM files WHERE folder_id = $1 AND taken_at IS NOT NULL', [id])).toEqual(
      [],
    );
    await unlock(alice, id);
    expect((await alice.content(good.id)).bytes.equals(jpeg(100, 'good'))).toBe(true);
    expect(await outcome(alice.content(bad.id))).toBe('500 VAULT.DAMAGED');
    expect(vault.logs.text).toMatch(/"alert":"integrity".*could not be rewrapped/);
  });
});

describe('a new key of a folder', () => {
  it.each(['lock', 'rekey', 'removal'])('ends what was shared of it, and nothing else: %s', async (by) => {
    const { id, file } = await lockedFolder();
    const outside = (await alice.put('outside.jpg', jpeg(900, `outside ${by}`))).body;
    await unlock(alice, id);
    if (by === 'lock') expect(await outcome(alice.request('DELETE', `/folders/${id}/lock`))).toBe('204');
    // Whoever has a locked folder unlocked may share it.
    const whole = await share(alice, { folderId: id, includeOriginals: true });
    const some = await share(alice, { fileIds: [file.id, outside.id], includeOriginals: true });
    const [atWhole, atSome] = [await visit(vault, whole), await visit(vault, some)];
    expect([await namesSeen(atWhole, whole), await namesSeen(atSome, some)]).toEqual([
      ['secret.jpg'],
      ['secret.jpg', 'outside.jpg'],
    ]);

    const change = { currentPassword: PASSWORD, newPassword: 'another good one', rekey: true };
    if (by === 'lock') await lock(alice, id);
    else if (by === 'removal') await alice.request('DELETE', `/folders/${id}/lock`);
    else await alice.request('PATCH', `/folders/${id}/lock`, { json: change });

    expect(await outcome(atWhole.request('GET', `/shares/${whole.id}/files`))).toBe('404 SHARE.NOT_FOUND');
    expect((await knock(vault, whole)).status).toBe(404);
    expect(await namesSeen(atSome, some)).toEqual(['outside.jpg']);
    expect(await outcome(atSome.request('GET', `/shares/${some.id}/files/${file.id}/content`))).toBe(
      '404 SHARE.NOT_FOUND',
    );
    const { body } = await alice.request<{ items: { id: string }[] }>('GET', '/shares');
    expect(body.items.map((each) => each.id)).toEqual([some.id]);
    const left = await vault.database.query<{ id: string }>(
      'SELECT file_id AS id FROM share_items WHERE share_id = $1',
      [some.id],
    );
    expect(left).toEqual([{ id: outside.id }]);
  });

  it('takes the keys of its files out of shares, also where they were shared from another folder', async () => {
    const [id, elsewhere] = [await newFolder(alice), await newFolder(alice)];
    const { id: moves } = (await alice.put('moves.jpg', jpeg(900, 'moves'), { query: `?folderId=${elsewhere}` })).body;
    const made = await share(alice, { fileIds: [moves] });
    await alice.request('PATCH', `/files/${moves}`, { json: { folderId: id } });
    await lock(alice, id);
    expect(await vault.database.query('SELECT FROM share_items WHERE share_id = $1', [made.id])).toEqual([]);
  });

  it('is followed by a purge of the keys of files that were shared, and then moved into it', async () => {
    const { id } = await lockedFolder();
    await unlock(alice, id);
    const { id: moves } = (await alice.put('goes in.jpg', jpeg(900, 'goes in'))).body;
    const { id: stays } = (await alice.put('stays out.jpg', jpeg(900, 'stays out'))).body;
    const made = await share(alice, { fileIds: [moves, stays] });
    await alice.request('PATCH', `/files/${moves}`, { json: { folderId: id } });
    await vault.app.get(SharesRepository, { strict: false }).deleteKeysOfEnded();
    const left = await vault.database.query('SELECT file_id AS id FROM share_items WHERE share_id = $1', [made.id]);
    expect(left).toEqual([{ id: stays }]);
  });
});

describe('unlocking', () => {
  it('is for one session; another has to do it for itself', async () => {
    const { id, file } = await lockedFolder();
    const second = await secondSession(alice);
    await unlock(alice, id);
    expect(await outcome(alice.content(file.id))).toBe('200');
    expect(await outcome(second.content(file.id))).toBe('423 FOLDER.LOCKED');
    expect(await folder(second, id)).toMatchObject({ unlockedUntil: null, bytes: null });
    await unlock(second, id);
    expect(await outcome(second.content(file.id))).toBe('200');
    expect(await outcome(alice.request('POST', `/folders/${id}/relock`))).toBe('204');
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
    expect(await outcome(second.content(file.id))).toBe('200');
  });

  it('ends 15 minutes after the last use, and after an hour in any case', async () => {
    const { id, file } = await lockedFolder();
    const { body } = await unlock(alice, id);
    const [left] = await vault.database.query<{ minutes: number }>(
      'SELECT extract(epoch FROM $1::timestamptz - clock_timestamp() - (SELECT by FROM simulated.shift))::float / 60 AS minutes',
      [body['unlockedUntil']],
    );
    expect(left?.minutes).toBeGreaterThan(14.8);
    expect(left?.minutes).toBeLessThan(15.1);
    let passed = 0;
    const outcomes: string[] = [];
    for (; passed <= 70; passed += 10) {
      outcomes.push(await outcome(alice.content(file.id)));
      await vault.clock.advance('10 minutes');
    }
    expect(outcomes).toEqual([...Array<string>(6).fill('200'), ...Array<string>(2).fill('423 FOLDER.LOCKED')]);
    await unlock(alice, id);
    await vault.clock.advance('16 minutes');
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
  });

  it('of an open folder is a mistake', async () => {
    const id = await newFolder(alice, 'open');
    expect(await outcome(unlock(alice, id))).toBe('409 FOLDER.NOT_LOCKED');
    expect(await outcome(alice.request('POST', `/folders/${id}/relock`))).toBe('204');
  });

  it('works with the password however it was typed', async () => {
    const id = await newFolder(alice, 'Umlaute');
    await lock(alice, id, 'grüne Grütze');
    expect((await unlock(alice, id, 'gru\u0308ne Gru\u0308tze')).status).toBe(200);
  });

  it('hashes anew at today’s cost a password that was hashed at a lower one', async () => {
    const { id, file } = await lockedFolder();
    const cost = async () => {
      const rows = await vault.database.query<{ cost: string; salt: Buffer }>(
        `SELECT concat_ws(' ', memory_kib, passes, parallelism) AS cost, salt FROM folder_slots WHERE folder_id = $1 AND type = 1`,
        [id],
      );
      return rows[0];
    };
    await makeCheap(id);
    expect((await cost())?.cost).toBe('1024 1 1');
    expect(await outcome(unlock(alice, id, 'not the password'))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect((await cost())?.cost).toBe('1024 1 1');
    expect(await outcome(unlock(alice, id))).toBe('200');
    expect((await cost())?.cost).toBe('65536 3 1');
    expect(await outcome(unlock(alice, id))).toBe('200');
    expect(await outcome(alice.content(file.id))).toBe('200');
  });

  /** As if the password's slot had been made years ago: the same key, under a cheaper hash. */
  async function makeCheap(folderId: string): Promise<void> {
    const [slot] = await vault.database.query<FolderSlotEntity>(
      `SELECT id, type, fk_version AS "fkVersion", key_wrapped AS "keyWrapped", salt, memory_kib AS "memoryKib", passes, parallelism
         FROM folder_slots WHERE folder_id = $1 AND type = 1`,
      [folderId],
    );
    if (!slot) throw new Error('no slot');
    const userId = alice.userId ?? '';
    const owned = { id: folderId, ownerId: userId, fkVersion: slot.fkVersion };
    const key = await vault.app.get(SlotSealing, { strict: false }).open(owned, slot, PASSWORD);
    const salt = Buffer.alloc(16, 1);
    const secret = await argon2id(PASSWORD, salt, { memoryKiB: 1024, passes: 1, parallelism: 1 });
    const pepper = lockPepper(await vault.app.get(KeyringService, { strict: false }).userKey(userId), folderId);
    const slotKey = folderSlotKey({ secret, pepper }, { slotId: slot.id, userId, folderId, fkVersion: slot.fkVersion });
    const context = folderSlotContext(userId, folderId, slot.fkVersion, slot.id, SlotType.password);
    await vault.database.query(
      'UPDATE folder_slots SET key_wrapped = $2, salt = $3, memory_kib = 1024, passes = 1, parallelism = 1 WHERE id = $1',
      [slot.id, wrapKey(slotKey, context, key ?? Buffer.alloc(0)), salt],
    );
  }
});

describe('wrong passwords', () => {
  it('are 403, then 429 with a growing pause, in which the right one is refused too; the owner gets a mail', async () => {
    const { id } = await lockedFolder();
    const answers: string[] = [];
    const pauses: number[] = [];
    for (let n = 0; n < 20; n++) {
      const answer = await unlock(alice, id, `wrong password ${n}`);
      answers.push(`${answer.status} ${String(answer.body['code'])}`);
      if (answer.status !== 429) continue;
      pauses.push(Number(answer.headers.get('retry-after')));
      // Not in a pause that a slow machine could sleep through.
      if ((pauses.at(-1) ?? 0) > 4) expect(await outcome(unlock(alice, id))).toBe('429 PASSWORD.TOO_MANY_GUESSES');
      await vault.clock.advance(`${pauses.at(-1)} seconds`);
    }
    expect(new Set(answers)).toEqual(new Set(['403 FOLDER.WRONG_PASSWORD', '429 PASSWORD.TOO_MANY_GUESSES']));
    expect(answers.slice(0, 5).map((each) => each.slice(0, 3))).toEqual(Array(5).fill('403'));
    expect(pauses.length).toBeGreaterThan(5);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeGreaterThan(100);
    expect(await outcome(unlock(alice, id, 'the last wrong one'))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect(await outcome(unlock(alice, id))).toBe('429 PASSWORD.TOO_MANY_GUESSES');
    await vault.clock.advance('15 minutes');
    expect(await outcome(unlock(alice, id))).toBe('200');
    await mailed('folder.wrong_password');
    const compared = answers.filter((each) => each.startsWith('403')).length + 1;
    await eventually('each is in the security log', async () => {
      const kinds = await eventsOf(alice);
      return kinds.filter((kind) => kind === 'folder.wrong_password').length === compared;
    });
    expect(await eventsOf(alice)).toContain('folder.unlocked');
  });

  it('are mailed once a day for as long as they go on, from the third on', async () => {
    const { id } = await lockedFolder();
    await vault.database.query(
      `UPDATE sessions SET idle_seconds = 864000, idle_expires_at = idle_expires_at + interval '9 days', expires_at = expires_at + interval '9 days' WHERE user_id = $1`,
      [alice.userId],
    );
    const before = vault.logs.text.length;
    const mails = () =>
      vault.logs.text.slice(before).match(/Security alert \(folder\.wrong_password, near /g)?.length ?? 0;
    const guess = async (after: string) => {
      await vault.clock.advance(after);
      expect(await outcome(unlock(alice, id, 'a wrong password'))).toBe('403 FOLDER.WRONG_PASSWORD');
    };
    for (let n = 0; n < 2; n++) await guess('1 second');
    await delay(500);
    expect(mails()).toBe(0);
    // Of two at once, the third guess is right and the fourth wrong.
    const guesses = vault.app.get(PasswordGuesses, { strict: false });
    await guesses.begin(id);
    await guess('1 second');
    await guesses.forgive(id);
    await eventually('it is mailed', () => mails() === 1);
    for (let n = 0; n < 3; n++) await guess('5 hours');
    await delay(500);
    expect(mails()).toBe(1);
    for (let n = 0; n < 2; n++) await guess('5 hours');
    await eventually('it is mailed again', () => mails() === 2);
  });

  it('count the same when many come at once: no more than five are compared', async () => {
    const { id } = await lockedFolder();
    const hash = jest.spyOn(vault.app.get(PasswordHasher, { strict: false }), 'hash');
    const outcomes = await Promise.all(
      Array.from({ length: 15 }, (_, n) => outcome(unlock(alice, id, `wrong password ${n}`))),
    );
    const hashed = hash.mock.calls.length;
    hash.mockRestore();
    expect(hashed).toBe(5);
    expect(outcomes.filter((each) => each === '403 FOLDER.WRONG_PASSWORD')).toHaveLength(5);
    expect(outcomes.filter((each) => each === '429 PASSWORD.TOO_MANY_GUESSES')).toHaveLength(10);
  });
});

describe('the recovery code', () => {
  it('opens the folder, with a fresh PIN, however it was copied; its use is mailed', async () => {
    const { id, file, recoveryCode } = await lockedFolder();
    const recover = (code: string) =>
      outcome(alice.request('POST', `/folders/${id}/unlock`, { json: { recoveryCode: code } }));
    expect(await recover(recoveryCode.toLowerCase().replaceAll('-', ' '))).toBe('200');
    expect(await outcome(alice.content(file.id))).toBe('200');
    await mailed('folder.recovered');
    expect(await recover(recoveryCode.replace(/^./, (c) => (c === '1' ? '0' : '1')))).toBe(
      '422 FOLDER.BAD_RECOVERY_CODE',
    );
    expect(await recover(newRecoveryCode().text)).toBe('403 FOLDER.WRONG_PASSWORD');
    await vault.clock.advance('6 minutes');
    expect(await recover(recoveryCode)).toBe('403 AUTH.FRESH_PIN_REQUIRED');
    await reauthenticate(alice);
    expect(await recover(recoveryCode)).toBe('200');
  });

  it('sets a new password', async () => {
    const { id, file, recoveryCode } = await lockedFolder();
    const change = { recoveryCode, newPassword: 'another good one' };
    expect(await outcome(alice.request('PATCH', `/folders/${id}/lock`, { json: change }))).toBe('204');
    expect(await outcome(unlock(alice, id))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect(await outcome(unlock(alice, id, 'another good one'))).toBe('200');
    expect(await outcome(alice.content(file.id))).toBe('200');
    expect(await outcome(alice.request('POST', `/folders/${id}/unlock`, { json: { recoveryCode } }))).toBe('200');
  });
});

describe('a new password', () => {
  const changePassword = (id: string, json: object) => alice.request('PATCH', `/folders/${id}/lock`, { json });

  it('takes the place of the old one; every file and every stored byte stays; other sessions have to unlock again', async () => {
    const id = await newFolder(alice, 'password change');
    const photos = Array.from({ length: 12 }, (_, n) => jpeg(5000 * n + 1, `change ${n}`));
    const files = await Promise.all(photos.map((bytes, n) => putInto(alice, id, `${n}.jpg`, bytes)));
    await lock(alice, id);
    const second = await secondSession(alice);
    await unlock(alice, id);
    await unlock(second, id);
    const stored = storedHashes();
    const rows = () => vault.database.query('SELECT * FROM files WHERE folder_id = $1 ORDER BY id', [id]);
    const before = await rows();

    expect((await changePassword(id, { currentPassword: PASSWORD, newPassword: 'another good one' })).status).toBe(204);
    expect(await outcome(second.content(files[0]?.id ?? ''))).toBe('423 FOLDER.LOCKED');
    expect(await outcome(alice.content(files[0]?.id ?? ''))).toBe('200');
    expect(await outcome(unlock(second, id))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect(await outcome(unlock(second, id, 'another good one'))).toBe('200');
    for (const [n, { id: file }] of files.entries()) {
      expect((await second.content(file)).bytes.equals(photos[n] ?? Buffer.alloc(0))).toBe(true);
    }
    expect(await rows()).toEqual(before);
    expect(storedHashes()).toEqual(stored);
    await mailed('folder.password_changed');
  });

  it('that is refused leaves the old one as it is', async () => {
    const { id } = await lockedFolder();
    for (const newPassword of ['short', 'password1', 'a\u0001control']) {
      const { status, body } = await changePassword(id, { currentPassword: PASSWORD, newPassword });
      expect([status, body['code']]).toEqual([422, 'PASSWORD.REFUSED']);
    }
    expect(await outcome(unlock(alice, id))).toBe('200');
  });

  it('needs the old one, and one of two at the same moment wins', async () => {
    const { id } = await lockedFolder();
    expect(await outcome(changePassword(id, { currentPassword: 'wrong one', newPassword: 'another good one' }))).toBe(
      '403 FOLDER.WRONG_PASSWORD',
    );
    expect(await outcome(changePassword(id, { newPassword: 'another good one' }))).toBe('422 REQUEST.INVALID');
    const outcomes = await Promise.all(
      [1, 2, 3].map((n) =>
        outcome(changePassword(id, { currentPassword: PASSWORD, newPassword: `good password ${n}` })),
      ),
    );
    expect(outcomes.filter((each) => each === '204')).toHaveLength(1);
    expect(await outcome(unlock(alice, id, `good password ${outcomes.indexOf('204') + 1}`))).toBe('200');
  });

  it('with a new key makes the old recovery code, and every grant, worthless', async () => {
    const { id, file, bytes, recoveryCode } = await lockedFolder();
    await unlock(alice, id);
    const stored = storedHashes();
    const { status, body } = await changePassword(id, {
      currentPassword: PASSWORD,
      newPassword: 'another good one',
      rekey: true,
    });
    expect([status, typeof body['recoveryCode']]).toEqual([200, 'string']);
    expect(await vault.database.query('SELECT FROM unlock_grants WHERE folder_id = $1', [id])).toEqual([]);
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
    expect(await outcome(alice.request('POST', `/folders/${id}/unlock`, { json: { recoveryCode } }))).toBe(
      '403 FOLDER.WRONG_PASSWORD',
    );
    const renewed = { recoveryCode: body['recoveryCode'] };
    expect(await outcome(alice.request('POST', `/folders/${id}/unlock`, { json: renewed }))).toBe('200');
    expect((await alice.content(file.id)).bytes.equals(bytes)).toBe(true);
    expect(storedHashes()).toEqual(stored);
  });
});

describe('taking a lock away', () => {
  const remove = (id: string) => outcome(alice.request('DELETE', `/folders/${id}/lock`));

  it('needs the folder unlocked and a fresh PIN; then the folder is as if it had never had one', async () => {
    const { id, file, bytes } = await lockedFolder();
    expect(await remove(id)).toBe('423 FOLDER.LOCKED');
    await unlock(alice, id);
    await vault.clock.advance('6 minutes');
    expect(await remove(id)).toBe('403 AUTH.FRESH_PIN_REQUIRED');
    await reauthenticate(alice);
    expect(await remove(id)).toBe('204');
    expect(await folder(alice, id)).toMatchObject({
      locked: false,
      unlockedUntil: null,
      fileCount: 1,
      bytes: bytes.length,
    });
    const second = await secondSession(alice);
    expect((await second.content(file.id)).bytes.equals(bytes)).toBe(true);
    expect((await second.list()).body.items).toEqual([
      expect.objectContaining({ id: file.id, takenAt: '2026-08-02T17:21:09.000Z' }),
    ]);
    expect(await vault.database.query('SELECT FROM folder_slots WHERE folder_id = $1', [id])).toEqual([]);
    expect(await remove(id)).toBe('409 FOLDER.NOT_LOCKED');
    await mailed('folder.lock_removed');
    await lock(alice, id, 'locked once more');
    await unlock(alice, id, 'locked once more');
    expect((await alice.content(file.id)).bytes.equals(bytes)).toBe(true);
  });
});
