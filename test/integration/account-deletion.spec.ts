import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { AccountDeletion } from '../../src/account/deletion/account-deletion.service';
import { DeletionMachine } from '../../src/account/deletion/deletion-machine.service';
import { RetentionService } from '../../src/platform/jobs/retention.service';
import { StatsRepository } from '../../src/stats/stats.repository';
import { UsersService } from '../../src/users/users.service';
import { askToDelete, deleteAccount, stageOf, untilDeleted, whileHeld } from '../support/account-deletions';
import { namesOf, rowsWith } from '../support/dump';
import { newFolder, PASSWORD } from '../support/folders';
import { MailServer } from '../support/mail-server';
import { insertManyFiles } from '../support/many-files';
import { jpeg } from '../support/photos';
import { knock, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import { blobDirectory, tracesOf } from '../support/traces';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { fillAccount } from '../support/whole-account';
import { trade } from '../support/whole-sign-in';

jest.setTimeout(120_000);

/** Account deletion below the routes: every table, every stage again and again, two processes at once, and the mail. */
let vault: TestApp;
let other: TestApp;
let mailbox: MailServer;
let people = 0;

beforeAll(async () => {
  mailbox = await MailServer.start();
  vault = await startTestApp({ SMTP_URL: mailbox.url });
  other = await startTestApp({ SMTP_URL: mailbox.url, DB_URL: vault.database.url, DATA_DIR: vault.dataDir });
});
afterAll(async () => {
  await other.close();
  await vault.close();
  await mailbox.stop();
});

const query = <Row extends object>(sql: string, values: unknown[] = []) => vault.database.query<Row>(sql, values);
const machine = (of: TestApp = vault) => of.app.get(DeletionMachine, { strict: false });
const mailsTo = (email = '') => mailbox.mails.filter(({ envelope }) => envelope.to.includes(email));

async function newPerson(email = `leaver-${++people}@example.com`): Promise<VaultClient> {
  const client = vault.stranger();
  await client.signUp(email, 'laptop', (address) => mailbox.pinFor(address));
  return client;
}

const faults = (of: TestApp) => of.logs.lines.filter((line) => /"level":(50|60)/.test(line));

async function expectNothingOf(client: VaultClient, names: readonly string[]): Promise<void> {
  expect(await rowsWith(query, names)).toEqual([]);
  const { objects, temporary } = await tracesOf(vault, client.userId);
  expect([objects, temporary]).toEqual([[], []]);
}

describe('every table', () => {
  /** Tables in which nothing is anybody's, and why. */
  const NOBODYS: Record<string, string> = {
    migrations: 'about the schema',
    server_secrets: 'the server’s own',
    budgets: 'counted by HMACs of addresses and networks, with or without an account; they go by themselves',
    account_deletions: 'what remains until its owner has been told',
  };

  it('is known to the deletion: of a person who has everything, there is a row in each, and none afterwards', async () => {
    const alice = await newPerson();
    const { email = '', userId = '' } = alice;
    const { files, lockedFolder, shares } = await fillAccount(alice);
    await visit(vault, shares[0]);
    const guarded = await share(alice, { fileIds: [files[0]?.id], includeOriginals: true, password: PASSWORD });
    await knock(vault, guarded, { password: 'a wrong one' });
    await alice.request('POST', `/folders/${lockedFolder}/unlock`, { json: { password: 'a wrong one' } });
    await alice.request('PUT', '/users/me/email', { json: { email: 'elsewhere@example.com' } });
    const remembered = { deviceId: 'phone', remember: true };
    const { body } = await vault.stranger().request<{ challengeId: string }>('POST', '/auth/pin', {
      json: { email, deviceId: 'phone' },
    });
    await trade(vault, { challengeId: body.challengeId, pin: await mailbox.pinFor(email) }, remembered);
    const index = vault.app.get(UsersService, { strict: false }).emailIndex(email);
    await query("INSERT INTO step_up_codes VALUES ($1, $2, now() + interval '1 hour')", [index, randomBytes(32)]);

    const names = await namesOf(query, userId);
    const tables = await query<{ name: string }>("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'");
    const filled = new Set((await rowsWith(query, names)).map((line) => line.split(' ')[0]));
    const empty = tables.map(({ name }) => name).filter((name) => !filled.has(name));
    expect(empty.sort()).toEqual(Object.keys(NOBODYS).sort());

    await deleteAccount(alice);
    await untilDeleted(vault.database, alice);
    await expectNothingOf(alice, names);
  });
});

it('the first commit leaves nothing that opens something without the key of the user', async () => {
  const alice = await newPerson();
  const { userId = '' } = alice;
  await fillAccount(alice);
  const openers = () =>
    query(
      `SELECT (SELECT count(*)::int FROM user_keys WHERE user_id = $1) AS keys,
              (SELECT count(*)::int FROM folder_slots s JOIN folders d ON d.id = s.folder_id WHERE d.owner_id = $1) AS slots,
              (SELECT count(*)::int FROM unlock_grants g JOIN folders d ON d.id = g.folder_id WHERE d.owner_id = $1) AS grants,
              (SELECT count(*)::int FROM shares WHERE owner_id = $1 AND fk_wrapped IS NOT NULL) AS wraps`,
      [userId],
    );
  // A password and a recovery code; one of the two shares is of a folder.
  expect(await openers()).toEqual([{ keys: 1, slots: 2, grants: 1, wraps: 1 }]);
  await whileHeld(vault.database, userId, async () => {
    await deleteAccount(alice);
    expect(await openers()).toEqual([{ keys: 0, slots: 0, grants: 0, wraps: 0 }]);
  });
  machine().begin(userId);
  await untilDeleted(vault.database, alice);
});

describe('the stages', () => {
  it.each(['closed', 'shredded', 'emptied', 'removed'])(
    'may all be done again from %s on, and end the same',
    async (stage) => {
      const alice = await newPerson();
      const { userId = '' } = alice;
      await fillAccount(alice);
      const names = await namesOf(query, userId);
      await whileHeld(vault.database, userId, () => deleteAccount(alice));
      // The last stage waits, so that there is something to begin again with.
      await query("UPDATE account_deletions SET mail_after = now() + interval '1 hour' WHERE user_id = $1", [userId]);
      for (let time = 0; time < 2; time++) {
        machine().begin(userId);
        await eventually('all is removed', async () => (await stageOf(vault.database, userId)) === 'removed');
        const removedAt = stage === 'removed' ? 'now()' : 'NULL';
        await query(`UPDATE account_deletions SET stage = $2, removed_at = ${removedAt} WHERE user_id = $1`, [
          userId,
          stage,
        ]);
      }
      await query('UPDATE account_deletions SET mail_after = now() WHERE user_id = $1', [userId]);
      machine().begin(userId);
      await untilDeleted(vault.database, alice);
      await expectNothingOf(alice, names);
      expect(mailsTo(alice.email)).toHaveLength(1);
      expect(faults(vault)).toEqual([]);
    },
  );

  it('are gone through once, by two processes that are both told again and again', async () => {
    const alice = await newPerson();
    const { userId = '' } = alice;
    await fillAccount(alice);
    const names = await namesOf(query, userId);
    await deleteAccount(alice);
    for (let time = 0; (await stageOf(vault.database, userId)) !== null; time++) {
      for (const app of [vault, other, vault, other]) machine(app).begin(userId);
      await delay(5);
    }
    await expectNothingOf(alice, names);
    await delay(300);
    expect(mailsTo(alice.email)).toHaveLength(1);
    for (const app of [vault, other]) expect(faults(app)).toEqual([]);
  });

  it('are of nobody who is counted or listed, whether the account was disabled or not', async () => {
    const alice = await newPerson();
    const { email = '', userId = '' } = alice;
    const stats = async () => {
      const counts = await new StatsRepository().counts(vault.app.get(DataSource).manager);
      return { active: counts.activeAccounts, disabled: counts.disabledAccounts };
    };
    const before = await stats();
    await query('UPDATE users SET disabled_at = now() WHERE id = $1', [userId]);
    expect(await stats()).toEqual({ active: before.active - 1, disabled: before.disabled + 1 });
    let finished: Promise<unknown> | undefined;
    await whileHeld(vault.database, userId, async () => {
      await new Promise<void>((closed) => {
        finished = vault.app.get(AccountDeletion, { strict: false }).deleteNow(email, closed);
      });
      expect(await stats()).toEqual({ active: before.active - 1, disabled: before.disabled });
    });
    expect(await finished).toMatchObject({ id: userId, isMailed: true });
  });

  it('take files a thousand at a time, in as many transactions', async () => {
    const alice = await newPerson();
    const { userId = '' } = alice;
    const folderId = await newFolder(alice, 'many');
    await insertManyFiles(vault, alice, folderId, 2500);
    await query('UPDATE files SET trashed_at = now() WHERE owner_id = $1 AND get_byte(name_bidx, 0) < 128', [userId]);
    await query('CREATE TABLE IF NOT EXISTS public.took (tx xid8, files int)');
    await query(`CREATE FUNCTION note_files() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO took SELECT pg_current_xact_id(), count(*) FROM gone; RETURN NULL; END $$`);
    await query(`CREATE TRIGGER note_files AFTER DELETE ON files REFERENCING OLD TABLE AS gone
      FOR EACH STATEMENT EXECUTE FUNCTION note_files()`);
    try {
      await deleteAccount(alice);
      await untilDeleted(vault.database, alice);
      const took = await query<{ files: number }>(
        'SELECT sum(files)::int AS files FROM took GROUP BY tx ORDER BY min(tx)',
      );
      expect(took.reduce((sum, { files }) => sum + files, 0)).toBe(2500);
      expect(took.length).toBeGreaterThanOrEqual(4);
      expect(Math.max(...took.map(({ files }) => files))).toBeLessThanOrEqual(1000);
    } finally {
      await query('DROP TRIGGER note_files ON files');
      await query('DROP FUNCTION note_files');
      await query('DROP TABLE took');
    }
    expect((await mailbox.mailTo(alice.email ?? '')).text).toMatch(/^Files: +2,500$/m);
  });

  it('take what no file has any more, and do not count a link that opens nothing', async () => {
    const alice = await newPerson();
    const { userId = '' } = alice;
    const { files, shares } = await fillAccount(alice);
    // As somebody would by hand: the object stays ready, and is nobody's.
    await query('DELETE FROM files WHERE id = $1', [files[3]?.id]);
    await query("UPDATE shares SET expires_at = now() - interval '1 minute' WHERE id = $1", [shares[0].id]);
    const { body } = await askToDelete(alice);
    expect(body).toMatchObject({ files: 5, shares: 1 });
    await untilDeleted(vault.database, alice);
    const { objects } = await tracesOf(vault, userId);
    expect(objects).toEqual([]);
  });

  it('leave an object that cannot be removed for the next round, and do not say that all is gone', async () => {
    const alice = await newPerson();
    const { userId = '' } = alice;
    const { body: file } = await alice.put('stuck.jpg', jpeg(1000, 'stuck'));
    const [blob] = await query<{ id: string }>('SELECT blob_id AS id FROM files WHERE id = $1', [file.id]);
    const directory = blobDirectory(vault, userId);
    // In the place of the object there is now a directory, which `unlink` does not remove.
    const path = `${directory}/${blob?.id.slice(-2)}/${blob?.id}`;
    await rm(path);
    await mkdir(path);
    await deleteAccount(alice);
    await eventually('it has been tried', () => faults(vault).some((line) => line.includes('could not be swept')));
    expect(await stageOf(vault.database, userId)).toBe('emptied');
    expect(mailsTo(alice.email)).toEqual([]);
    await rm(path, { recursive: true });
    machine().begin(userId);
    await untilDeleted(vault.database, alice);
    expect(readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())).toEqual(
      [],
    );
    vault.logs.lines.splice(0);
  });
});

describe('the mail', () => {
  it('says what was destroyed, and that nobody has said how long backups are kept', async () => {
    const alice = await newPerson();
    const { bytes } = await fillAccount(alice);
    await deleteAccount(alice);
    await untilDeleted(vault.database, alice);
    const { text } = await mailbox.mailTo(alice.email ?? '');
    expect(text).toMatch(/^Files: +5$/m);
    expect(text).toMatch(new RegExp(`^Bytes: +${bytes.toLocaleString('en')}$`, 'm'));
    expect(text).toMatch(/^Folders: +3$/m);
    expect(text).toMatch(/^Shares: +2$/m);
    expect(text).toContain('ask them');
  });

  it('waits, with nothing but the sealed address, until a mail server takes it', async () => {
    const alice = await newPerson();
    const { userId = '', email = '' } = alice;
    await alice.put('beach.jpg', jpeg(1000, userId));
    const names = (await namesOf(query, userId)).filter((name) => name !== userId);
    await mailbox.stop();
    const impatient = await startTestApp({
      SMTP_URL: mailbox.url,
      DB_URL: vault.database.url,
      DATA_DIR: vault.dataDir,
    });
    try {
      await whileHeld(vault.database, userId, () => deleteAccount(alice));
      machine(impatient).begin(userId);
      await eventually('all but the mail is done', async () => (await stageOf(vault.database, userId)) === 'removed');
      // A stop is no refusal: the next start tries at once.
      await impatient.app.close();
      const [row] = await query<{ text: string; isDue: boolean }>(
        'SELECT d::text AS text, mail_after <= now() AS "isDue" FROM account_deletions d WHERE user_id = $1',
        [userId],
      );
      expect(row?.isDue).toBe(true);
      expect(row?.text).not.toContain(email);
      expect(await rowsWith(query, names)).toEqual([]);
    } finally {
      await mailbox.startAgain();
    }
    machine().begin(userId);
    await untilDeleted(vault.database, alice);
    expect(mailsTo(email)).toHaveLength(1);
  });

  it('is tried again later and later when it is refused, and given up after a week', async () => {
    mailbox.refused.delete('refused.example');
    const alice = await newPerson('alice@refused.example');
    mailbox.refused.add('refused.example');
    const { userId = '' } = alice;
    await deleteAccount(alice);
    const row = async () =>
      (
        await query<{ failures: number; minutes: number }>(
          `SELECT mail_failures AS failures, ceil(extract(epoch FROM mail_after - now()) / 60)::int AS minutes
             FROM account_deletions WHERE user_id = $1`,
          [userId],
        )
      )[0];
    for (const minutes of [1, 2, 4]) {
      await eventually('it was refused', async () => (await row())?.minutes === minutes);
      await query('UPDATE account_deletions SET mail_after = now() WHERE user_id = $1', [userId]);
      machine().begin(userId);
    }
    await eventually('it was refused', async () => (await row())?.failures === 4);
    // Not before its time, whoever asks.
    machine().begin(userId);
    await delay(300);
    expect((await row())?.failures).toBe(4);
    const sweep = () => vault.app.get(RetentionService, { strict: false }).sweep();
    await query("UPDATE account_deletions SET removed_at = now() - interval '6 days' WHERE user_id = $1", [userId]);
    await sweep();
    expect(await stageOf(vault.database, userId)).toBe('removed');
    await query("UPDATE account_deletions SET removed_at = now() - interval '7 days 1 minute' WHERE user_id = $1", [
      userId,
    ]);
    await sweep();
    expect(await stageOf(vault.database, userId)).toBeNull();
    vault.logs.lines.splice(0);
  });

  it('of an account that whoever runs the vault has deleted says so', async () => {
    const alice = await newPerson();
    const { email = '' } = alice;
    const deletion = vault.app.get(AccountDeletion, { strict: false });
    const finished = await deletion.deleteNow(email);
    const counts = { files: 0, bytes: 0, folders: 0, shares: 0 };
    expect(finished).toEqual({ id: alice.userId, counts, isMailed: true });
    expect((await mailbox.mailTo(email)).text).toContain('Whoever runs this vault has deleted');
    expect((await alice.request('GET', '/users/me')).status).toBe(401);
    await expect(deletion.deleteNow(email)).rejects.toMatchObject({ definition: { code: 'USER.NOT_FOUND' } });
  });
});
