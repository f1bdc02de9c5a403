import { setTimeout as delay } from 'node:timers/promises';
import { DeletionMachine } from '../../src/account/deletion/deletion-machine.service';
import { UploadService } from '../../src/files/upload/upload.service';
import { FolderAccess } from '../../src/folders/access/folder-access.service';
import { Unlocking } from '../../src/folders/access/unlocking.service';
import { FoldersService } from '../../src/folders/folders.service';
import { parseToken } from '../../src/platform/crypto/tokens';
import { AppError } from '../../src/platform/errors/app-error';
import type { Principal } from '../../src/platform/http/principal';
import { ShareCreation } from '../../src/shares/share-creation.service';
import { withClient } from '../../src/platform/database/open-database';
import { UsersService } from '../../src/users/users.service';
import { source } from '../contracts/blob-store.contract';
import { askToDelete, deleteAccount, stageOf, untilDeleted, whileHeld } from '../support/account-deletions';
import { namesOf, rowsWith } from '../support/dump';
import { expectProblem } from '../support/problem';
import { newFolder, PASSWORD, putInto } from '../support/folders';
import { jpeg } from '../support/photos';
import { knock, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import { tracesOf } from '../support/traces';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { fillAccount } from '../support/whole-account';
import { clientOf, readPin, trade } from '../support/whole-sign-in';

jest.setTimeout(120_000);

/** Whoever is just doing something for an account that is deleted meanwhile, in this process or in another. */
let vault: TestApp;
let other: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
  other = await startTestApp({ DB_URL: vault.database.url, DATA_DIR: vault.dataDir });
});
afterAll(async () => {
  await other.close();
  await vault.close();
});

const query = <Row extends object>(sql: string, values: unknown[] = []) => vault.database.query<Row>(sql, values);
const machine = () => vault.app.get(DeletionMachine, { strict: false });
const newPerson = () => clientOf(vault, `leaver-${++people}@example.com`);

/** Who a client is to the services. */
async function principalOf({ userId = '', token = '' }: VaultClient): Promise<Principal> {
  const [session] = await query<{ id: string }>('SELECT id FROM sessions WHERE user_id = $1', [userId]);
  const raw = parseToken('pvs', token) ?? Buffer.alloc(0);
  return { userId, sessionId: session?.id ?? '', token: raw, device: 'laptop', fresh: true };
}

const faults = (of: TestApp) => of.logs.lines.filter((line) => /"level":(50|60)/.test(line));

async function expectNothingOf(client: VaultClient, names: readonly string[]): Promise<void> {
  // A guess that is just being counted knows nobody, and is forgotten after a day.
  const rows = await rowsWith(query, names);
  expect(rows.filter((row) => !row.startsWith('password_guesses '))).toEqual([]);
  const { objects, temporary } = await tracesOf(vault, client.userId);
  expect([objects, temporary]).toEqual([[], []]);
}

describe('a request that was let in just before the account was closed', () => {
  const get = <T>(service: abstract new (...args: never[]) => T): T => vault.app.get<T>(service, { strict: false });

  async function codeOf(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'done',
      (error: unknown) => {
        if (error instanceof AppError) return error.definition.code;
        throw error;
      },
    );
  }

  it.each(['closed', 'gone'] as const)(
    'writes nothing, and is told of no fault of ours (the account is %s)',
    async (how) => {
      const alice = await newPerson();
      const { userId = '' } = alice;
      const { files, openFolder, lockedFolder } = await fillAccount(alice);
      const principal = await principalOf(alice);
      const upload = (folderId?: string) => ({
        name: 'late.jpg',
        conflict: 'rename' as const,
        folderId,
        source: source(jpeg(3000, userId)),
      });
      const staged = await get(UploadService).stage(principal, upload(openFolder));
      const names = await namesOf(query, userId);
      const empty = await newPerson();
      const emptyPrincipal = await principalOf(empty);

      const late = async () => {
        expect(await codeOf(get(UploadService).commit(principal, staged))).toBe('AUTH.SESSION_REQUIRED');
        expect(await codeOf(get(FoldersService).create(principal, 'late'))).toBe('AUTH.SESSION_REQUIRED');
        // Its root was not made yet.
        expect(await codeOf(get(FolderAccess).keyFor(emptyPrincipal))).toBe('AUTH.SESSION_REQUIRED');
        expect(
          await codeOf(get(Unlocking).unlock(principal, lockedFolder, { password: PASSWORD }, { ip: '' })),
        ).toMatch(/^FOLDER\./);
        for (const wish of [{ folderId: openFolder }, { fileIds: [files[0]?.id ?? ''] }]) {
          const made = codeOf(get(ShareCreation).create(principal, { ...wish, includeOriginals: true }));
          expect(await made).toMatch(/^(FOLDER|FILE|AUTH)\./);
        }
        expect(await codeOf(get(UsersService).profile(userId))).toBe('USER.NOT_FOUND');
        // A process that has nothing of the account in memory.
        expect(await codeOf(other.app.get(FolderAccess, { strict: false }).keyFor(principal, openFolder))).toMatch(
          /^(AUTH.SESSION_REQUIRED|FOLDER.NOT_FOUND)$/,
        );
      };
      if (how === 'gone') {
        for (const client of [alice, empty]) {
          await deleteAccount(client);
          await eventually('it is gone', async () =>
            [null, 'removed', 'emptied'].includes(await stageOf(vault.database, client.userId)),
          );
        }
        await late();
      } else {
        await whileHeld(vault.database, userId, () =>
          whileHeld(vault.database, empty.userId ?? '', async () => {
            for (const client of [alice, empty]) await deleteAccount(client);
            await late();
          }),
        );
        for (const client of [alice, empty]) machine().begin(client.userId ?? '');
      }
      for (const client of [alice, empty]) await untilDeleted(vault.database, client);
      await expectNothingOf(alice, names);
      for (const app of [vault, other]) expect(faults(app)).toEqual([]);
    },
  );

  it('moves a file between two folders that are being shut, and nobody waits for the other for ever', async () => {
    const alice = await newPerson();
    const [first, middle, last] = [
      await newFolder(alice, 'first'),
      await newFolder(alice, 'middle'),
      await newFolder(alice, 'last'),
    ];
    const { id } = await putInto(alice, last, 'moving.jpg', jpeg(1000, 'moving'));
    const waiting = async (many: number) =>
      eventually('they wait', async () => {
        const sql = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        return (await query(sql)).length === many;
      });
    const statuses = await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM folders WHERE id = $1 FOR UPDATE', [middle]);
      const deleting = askToDelete(alice);
      await waiting(1);
      const moving = alice.request('PATCH', `/files/${id}`, { json: { folderId: first } });
      await waiting(2);
      await client.query('COMMIT');
      return (await Promise.all([deleting, moving])).map(({ status }) => status);
    });
    expect(statuses[0]).toBe(202);
    expect(statuses[1]).toBeLessThan(500);
    await untilDeleted(vault.database, alice);
    const deadlocks = vault.logs.lines.filter((line) => line.includes('deadlock'));
    expect([deadlocks, faults(vault)]).toEqual([[], []]);
  });

  it('signs in to nothing with a PIN from before there was the account', async () => {
    const email = `leaver-${++people}@example.com`;
    const late = await readPin(vault, email, { deviceId: 'late' });
    const alice = await clientOf(vault, email);
    // It has found the account, and waits for whoever is closing it.
    const answer = await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [alice.userId]);
      const trading = trade(vault, late, { deviceId: 'late' });
      await eventually('it waits', async () => {
        const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        return (await query(waiting)).length > 0;
      });
      await client.query('UPDATE users SET email_bidx = NULL, email_sealed = NULL WHERE id = $1', [alice.userId]);
      await client.query('COMMIT');
      return trading;
    });
    expectProblem(answer, { status: 401, code: 'AUTH.PIN_REFUSED' });
    expect(await query('SELECT FROM sessions WHERE user_id = $1', [alice.userId])).toHaveLength(1);
    // The PIN is not used up, and makes an account of its own.
    const { body } = await trade(vault, late, { deviceId: 'late' });
    expect(body.user.id).not.toBe(alice.userId);
  });

  it('and those that come at the same moment are answered in one way or the other, and leave nothing (6 rounds)', async () => {
    const statuses = new Map<string, number>();
    for (let round = 0; round < 6; round++) {
      const alice = await newPerson();
      const { userId = '', email = '' } = alice;
      const { files, openFolder, lockedFolder, shares } = await fillAccount(alice);
      const visitor = await visit(vault, shares[0]);
      const id = files[0]?.id;
      const asked = await vault.stranger().request<{ challengeId: string }>('POST', '/auth/pin', {
        json: { email, deviceId: 'phone' },
      });
      const proof = { challengeId: asked.body.challengeId, pin: await vault.logs.pinFor(email), deviceId: 'phone' };
      const names = await namesOf(query, userId);
      const acts: (() => Promise<{ status: number }>)[] = [
        () => alice.put('a.jpg', jpeg(50_000, `${userId} a`)),
        () =>
          putInto(alice, openFolder, 'b.jpg', jpeg(1000, `${userId} b`)).then(
            () => ({ status: 201 }),
            () => ({ status: 401 }),
          ),
        () => alice.request('POST', '/folders', { json: { name: 'late' } }),
        () => alice.request('PATCH', `/files/${id}`, { json: { name: 'late.jpg', folderId: openFolder } }),
        () => alice.request('POST', '/shares', { json: { fileIds: [id], includeOriginals: true } }),
        () => alice.request('POST', '/shares', { json: { folderId: openFolder, includeOriginals: true } }),
        () => alice.request('POST', `/folders/${lockedFolder}/unlock`, { json: { password: PASSWORD } }),
        () => alice.request('POST', '/auth/reauthentication'),
        () => alice.request('DELETE', '/auth/sessions'),
        () => alice.request('GET', `/files/${id}/renditions/preview`),
        () => vault.stranger().request('POST', '/auth/sessions', { json: { ...proof, remember: true } }),
        () => visitor.request('GET', `/shares/${shares[0].id}/files`),
        () => knock(vault, shares[0]),
      ];
      const begun = acts.map(async (act, n) => {
        await delay(Math.random() * 60);
        const { status } = await act();
        statuses.set(`${n}: ${status}`, (statuses.get(`${n}: ${status}`) ?? 0) + 1);
      });
      await delay(Math.random() * 60);
      const answer = await askToDelete(alice);
      await Promise.all(begun);
      expect([round, answer.status]).toEqual([round, 202]);
      await untilDeleted(vault.database, alice);
      await eventually('nothing is left', async () => (await rowsWith(query, [userId])).length === 0);
      await expectNothingOf(
        alice,
        names.filter((name) => /^[0-9a-f-]{36}$/.test(name)),
      );
      expect(
        await query('SELECT FROM sessions s WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = s.user_id)'),
      ).toEqual([]);
    }
    expect([...statuses.keys()].filter((each) => / 5\d\d$/.test(each))).toEqual([]);
    expect(faults(vault)).toEqual([]);
  });
});
