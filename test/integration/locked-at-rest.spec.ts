import { v7 as uuidv7 } from 'uuid';
import { SlotType } from '../../src/platform/crypto/contexts';
import { folderSlotKey, lockPepper } from '../../src/platform/crypto/key-derivation';
import { argon2id, type Argon2idParams } from '../../src/platform/crypto/password-kdf';
import { parseRecoveryCode } from '../../src/platform/crypto/recovery-code';
import { parseToken } from '../../src/platform/crypto/tokens';
import { deriveShareKey } from '../../src/shares/share-sealing';
import { lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { bytes, type Loot, number, type Opened, readableFiles, type Row, steal, tryEverything } from '../support/loot';
import { jpeg } from '../support/photos';
import { type MadeShare, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { FileBody, VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

const rows = (sql: string) => vault.database.query<Row>(sql);

describe('with the server stopped, database, objects and master key together', () => {
  let [openFile, lockedFile]: FileBody[] = [];
  let [lockedFolder, recoveryCode] = ['', ''];
  let shared: MadeShare;
  let guarded: MadeShare;
  let loot: Loot;
  let all: Opened;

  beforeAll(async () => {
    const openFolder = await newFolder(alice, 'open');
    lockedFolder = await newFolder(alice, 'locked');
    openFile = await putInto(alice, openFolder, 'open.jpg', jpeg(3000, 'open'));
    lockedFile = await putInto(alice, lockedFolder, 'locked.jpg', jpeg(3000, 'locked'));
    recoveryCode = await lock(alice, lockedFolder);
    // Unlocked at this very moment: the server has handed out a grant, and forgotten what is in it.
    await unlock(alice, lockedFolder);
    expect(await outcome(alice.content(lockedFile.id))).toBe('200');
    // And shared, with a visitor who is looking at it.
    shared = await share(alice, { folderId: lockedFolder, includeOriginals: true });
    await visit(vault, shared);
    guarded = await share(alice, { fileIds: [lockedFile.id], includeOriginals: true, password: PASSWORD });
    loot = await steal(vault);
    all = tryEverything(loot, [loot.masterKey]);
  }, 120_000);

  /** Where what was found belongs to the locked folder, but for its name. */
  const ofTheLock = ({ values }: Opened) =>
    [...values.keys()].filter(
      (where) =>
        where.includes(lockedFile?.id ?? '') ||
        (where.includes(lockedFolder) && !where.endsWith('name_sealed')) ||
        /^(slots|grants|shares|items|visits) /.test(where),
    );

  it('open everything that has no lock, and of the locked folder its name', () => {
    const open = [...loot.values.keys()].filter(
      (where) => !where.includes(lockedFile?.id ?? '') && !/^(slots|grants|shares|items|visits) /.test(where),
    );
    expect([...all.values.keys()].sort()).toEqual(open.sort());
    expect(open.length).toBeGreaterThan(10);
    expect(readableFiles(loot, all)).toEqual([openFile?.id]);
  });

  it('open nothing else of the locked folder, whatever is tried with whatever key', () => {
    expect(all.keys.length).toBeGreaterThan(50);
    expect(ofTheLock(all)).toEqual([]);
    expect(readableFiles(loot, all)).not.toContain(lockedFile?.id);
  });

  const userKeyOf = (): Buffer => all.values.get(`userKeys ${alice.userId} key_wrapped`) ?? Buffer.alloc(0);
  const slotKeyOf = (type: SlotType, secret: Buffer): Buffer => {
    const row = loot.slots.find((slot) => slot['type'] === type && slot['folder_id'] === lockedFolder);
    const slot = {
      slotId: row?.id ?? '',
      userId: alice.userId ?? '',
      folderId: lockedFolder,
      fkVersion: number(row?.['fk_version']),
    };
    return folderSlotKey({ secret, pepper: lockPepper(userKeyOf(), lockedFolder) }, slot);
  };

  it.each<[string, () => Promise<Buffer> | Buffer]>([
    [
      'its password',
      async () => {
        const row = loot.slots.find((slot) => slot['type'] === SlotType.password);
        return slotKeyOf(SlotType.password, await argon2id(PASSWORD, bytes(row?.['salt'])));
      },
    ],
    [
      'the link of a share',
      () =>
        deriveShareKey(
          loot.shares.find(({ id }) => id === shared.id)!,
          { link: Buffer.from(shared.secret, 'base64url'), passwordKey: null },
          userKeyOf(),
        ),
    ],
    ['its recovery code', () => slotKeyOf(SlotType.recovery, parseRecoveryCode(recoveryCode) ?? Buffer.alloc(32))],
    ['the token of a session that has it unlocked', () => parseToken('pvs', alice.token ?? '') ?? Buffer.alloc(32)],
  ])('open it all with %s, so that the trying above is worth something', async (_, missing) => {
    const more = tryEverything(loot, [await missing()], all);
    expect(ofTheLock(more).some((where) => where.startsWith(`files ${lockedFile?.id}`))).toBe(true);
    expect(readableFiles(loot, more).sort()).toEqual([openFile?.id, lockedFile?.id].sort());
  });

  it('with the link of a share that has a password they open nothing, with both they do', async () => {
    const row = loot.shares.find(({ id }) => id === guarded.id)!;
    const link = Buffer.from(guarded.secret, 'base64url');
    const withoutPassword = deriveShareKey(row, { link, passwordKey: null }, userKeyOf());
    const tried = tryEverything(loot, [link, withoutPassword], all);
    expect(ofTheLock(tried)).toEqual([]);
    expect(readableFiles(loot, tried)).not.toContain(lockedFile?.id);

    const [kept] = await rows(`SELECT id, password_salt, password_params FROM shares WHERE id = '${guarded.id}'`);
    const passwordKey = await argon2id(
      PASSWORD,
      bytes(kept?.['password_salt']),
      kept?.['password_params'] as Argon2idParams,
    );
    const withBoth = tryEverything(loot, [deriveShareKey(row, { link, passwordKey }, userKeyOf())], all);
    expect(readableFiles(loot, withBoth)).toContain(lockedFile?.id);
  });

  it('without the master key the password opens nothing: nobody can even guess', async () => {
    const row = loot.slots.find((slot) => slot['type'] === SlotType.password);
    const secret = await argon2id(PASSWORD, bytes(row?.['salt']));
    expect([...tryEverything(loot, [secret, Buffer.alloc(32)]).values.keys()]).toEqual([]);
  });
});

describe('whoever can write the database', () => {
  const sql = (statement: string, ...values: unknown[]) => vault.database.query<Row>(statement, values);
  let [folderId, other] = ['', ''];
  let file: FileBody;
  let second: VaultClient;

  beforeAll(async () => {
    second = vault.stranger();
    await second.signIn('alice@example.com', 'second', (address) => vault.logs.pinFor(address));
  });

  beforeEach(async () => {
    const [{ n } = { n: 0 }] = (await sql('SELECT count(*)::int AS n FROM folders')) as unknown as { n: number }[];
    folderId = await newFolder(alice, `target ${n}`);
    other = await newFolder(alice, `other ${n}`);
    file = await putInto(alice, folderId, 'target.jpg', jpeg(2000, `target ${n}`));
    await lock(alice, folderId);
    await unlock(alice, folderId);
    expect(await outcome(alice.content(file.id))).toBe('200');
  });

  const sessionIds = async () =>
    (await sql('SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at', alice.userId)).map(({ id }) => id);

  it.each(['its own', 'the old one'])('cannot give a grant to another session, whose id is %s', async (id) => {
    const [first, theirs] = await sessionIds();
    const [grant] = await sql(
      'DELETE FROM unlock_grants WHERE session_id = $1 AND folder_id = $2 RETURNING *',
      first,
      folderId,
    );
    const copied = ['folder_id', 'fk_version', 'sealed_fk', 'last_used_at', 'idle_expires_at', 'expires_at'];
    await sql(
      `INSERT INTO unlock_grants (id, session_id, ${copied.join(', ')}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      id === 'its own' ? uuidv7() : grant?.id,
      theirs,
      ...copied.map((column) => grant?.[column]),
    );
    expect(await outcome(second.content(file.id))).toBe('423 FOLDER.LOCKED');
    expect(vault.logs.text).toContain('a grant does not open');
    // Their own password opens it for them as ever.
    expect(await outcome(unlock(second, folderId))).toBe('200');
    expect(await outcome(second.content(file.id))).toBe('200');
  });

  it('cannot prolong a grant', async () => {
    await sql(
      `UPDATE unlock_grants SET idle_expires_at = idle_expires_at + interval '1 day', expires_at = expires_at + interval '1 day'`,
    );
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
  });

  it('cannot use a grant for another folder', async () => {
    await lock(alice, other, 'another good one');
    await sql('UPDATE unlock_grants SET folder_id = $1 WHERE folder_id = $2', other, folderId);
    expect(await outcome(alice.list(`?folderId=${other}`))).toBe('423 FOLDER.LOCKED');
  });

  it('cannot move a slot to another folder, whose password is not known', async () => {
    await lock(alice, other, 'another good one');
    await sql('DELETE FROM folder_slots WHERE folder_id = $1', folderId);
    await sql('UPDATE folder_slots SET folder_id = $1 WHERE folder_id = $2', folderId, other);
    await sql('DELETE FROM unlock_grants');
    expect(await outcome(unlock(alice, folderId, 'another good one'))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect(await outcome(unlock(alice, folderId))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect(await outcome(alice.content(file.id))).toBe('423 FOLDER.LOCKED');
  });

  it('cannot copy what a slot holds into the slot of another folder', async () => {
    await lock(alice, other, 'another good one');
    await sql(
      `UPDATE folder_slots AS s SET key_wrapped = o.key_wrapped, salt = o.salt
         FROM folder_slots o WHERE s.folder_id = $1 AND o.folder_id = $2 AND s.type = o.type`,
      folderId,
      other,
    );
    for (const password of [PASSWORD, 'another good one']) {
      expect(await outcome(unlock(alice, folderId, password))).toBe('403 FOLDER.WRONG_PASSWORD');
    }
  });

  it('cannot open a lock by putting the key of an open folder in its place', async () => {
    await sql(
      'UPDATE folders SET fk_wrapped = (SELECT fk_wrapped FROM folders WHERE id = $2) WHERE id = $1',
      folderId,
      other,
    );
    expect(await outcome(alice.content(file.id))).toBe('500 VAULT.DAMAGED');
    expect(await outcome(alice.list(`?folderId=${folderId}`))).toBe('500 VAULT.DAMAGED');
    expect(vault.logs.text).toContain('"alert":"integrity"');
  });

  it('cannot open it with the key that the folder had before it was locked', async () => {
    const [before] = await sql('SELECT fk_wrapped, fk_version FROM folders WHERE id = $1', other);
    const old = await putInto(alice, other, 'old.jpg', jpeg(900, other));
    await lock(alice, other);
    await sql(
      'UPDATE folders SET fk_wrapped = $2, fk_version = $3 WHERE id = $1',
      other,
      before?.['fk_wrapped'],
      before?.['fk_version'],
    );
    expect(await outcome(alice.content(old.id))).toBe('500 VAULT.DAMAGED');
  });
});

describe('what PostgreSQL still has on disk of the key that a folder had before its lock', () => {
  async function isIn(files: string, needle: Buffer): Promise<boolean> {
    await vault.database.query('CHECKPOINT');
    const [row] = await vault.database.query<{ found: boolean }>(
      `SELECT coalesce(bool_or(position($1::bytea IN pg_read_binary_file(f.file)) > 0), false) AS found FROM ${files} AS f`,
      [needle],
    );
    return row?.found ?? false;
  }
  const HEAP = `(SELECT pg_relation_filepath('folders') AS file)`;
  const WAL = `(SELECT 'pg_wal/' || name AS file FROM pg_ls_waldir())`;

  it('is for no query to find; the heap drops it when it is written anew, the log of changes when that is recycled', async () => {
    const folderId = await newFolder(alice, 'on disk');
    await putInto(alice, folderId, 'on disk.jpg', jpeg(100, 'on disk'));
    const [before] = await rows(`SELECT fk_wrapped FROM folders WHERE id = '${folderId}'`);
    const wrapped = bytes(before?.['fk_wrapped']);
    expect(await isIn(HEAP, wrapped)).toBe(true);
    await lock(alice, folderId);
    const found = `SELECT id FROM folders WHERE fk_wrapped = '\\x${wrapped.toString('hex')}'`;
    expect(await rows(found)).toEqual([]);
    // A plain VACUUM, which every lock runs, frees the space; whether its bytes are written over at once depends on the page.
    await vault.database.query('VACUUM FULL folders');
    expect(await isIn(HEAP, wrapped)).toBe(false);
    expect(await isIn(WAL, wrapped)).toBe(true);
  });
});
