import { DeletionMachine } from '../../src/account/deletion/deletion-machine.service';
import { SecurityLog } from '../../src/users/events/security-log.service';
import { askToDelete, deleteAccount, stageOf, untilDeleted, whileHeld } from '../support/account-deletions';
import { namesOf, rowsWith } from '../support/dump';
import { outcome } from '../support/folders';
import { expectProblem } from '../support/problem';
import { knock, namesSeen, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import { tracesOf } from '../support/traces';
import type { VaultClient } from '../support/vault-client';
import { fillAccount, type WholeAccount } from '../support/whole-account';
import { clientOf, readPin, signIn, trade } from '../support/whole-sign-in';

jest.setTimeout(120_000);

/** The end of an account: what it needs, what is dead at once, what is left afterwards, and who comes next. */
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp({ BACKUP_RETENTION_DAYS: '30' });
});
afterAll(() => vault.close());

const newEmail = () => `leaver-${++people}@example.com`;
const query = <Row extends object>(sql: string, values: unknown[] = []) => vault.database.query<Row>(sql, values);

/** Runs `work` while nobody can go on with a deletion beyond its first commit. */
async function atTheFirstCommit(client: VaultClient, work: () => Promise<void>): Promise<void> {
  const { userId = '' } = client;
  await whileHeld(vault.database, userId, async () => {
    await deleteAccount(client);
    await work();
    expect(await stageOf(vault.database, userId)).toBe('closed');
  });
  vault.app.get(DeletionMachine, { strict: false }).begin(userId);
  await untilDeleted(vault.database, client);
}

describe('deleting an account', () => {
  let alice: VaultClient;

  beforeAll(async () => {
    alice = await clientOf(vault, newEmail());
  });
  afterEach(async () => {
    expect((await alice.request('GET', '/users/me')).status).toBe(200);
    expect(await query('SELECT FROM account_deletions')).toEqual([]);
  });

  it('needs a session', async () => {
    const answer = await vault.stranger().request('POST', '/users/me/deletion', { json: { email: alice.email } });
    expectProblem(answer, { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  it('needs a fresh PIN', async () => {
    const client = await clientOf(vault, alice.email ?? '');
    await query("UPDATE sessions SET proved_at = clock_timestamp() - interval '6 minutes' WHERE user_id = $1", [
      alice.userId,
    ]);
    expectProblem(await askToDelete(client), { status: 403, code: 'AUTH.FRESH_PIN_REQUIRED' });
    await query('UPDATE sessions SET proved_at = clock_timestamp() WHERE user_id = $1', [alice.userId]);
  });

  it.each(['somebody-else@example.com', 'leaver-1@example.org', 'leaver-1@xn--a.com'])(
    'is refused for another address: %s',
    async (email) => {
      expectProblem(await askToDelete(alice, email), { status: 422, code: 'ACCOUNT.WRONG_EMAIL' });
    },
  );

  it('is refused for the address of somebody else who is there', async () => {
    const bob = await clientOf(vault, newEmail());
    expectProblem(await askToDelete(alice, bob.email), { status: 422, code: 'ACCOUNT.WRONG_EMAIL' });
    expect((await bob.request('GET', '/users/me')).status).toBe(200);
  });

  it.each([{}, { email: 'no address' }, { email: 5 }, { email: 'leaver-1@example.com', sure: true }])(
    'is refused when it is not understood: %j',
    async (json) => {
      const answer = await alice.request('POST', '/users/me/deletion', { json });
      expectProblem(answer, { status: 422, code: 'REQUEST.INVALID' });
    },
  );

  it('does not end what was asked for meanwhile when it is refused', async () => {
    const asked = await readPin(vault, alice.email ?? '');
    await askToDelete(alice, 'somebody-else@example.com');
    expect((await trade(vault, asked)).status).toBe(201);
  });
});

describe('an account, when its deletion is answered', () => {
  it('is dead in every way at once, before anything else has been done', async () => {
    const email = newEmail();
    const trusted = await signIn(vault, email, { deviceId: 'trusted', remember: true });
    const alice = await clientOf(vault, email);
    const phone = await clientOf(vault, email, { deviceId: 'phone' });
    const cookie = (await signIn(vault, email, { transport: 'cookie', deviceId: 'browser' })).headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const browser = () => vault.stranger().request('GET', '/users/me', { headers: { cookie } });
    const { files, openFolder, lockedFolder, shares } = await fillAccount(alice);
    const visitors = [await visit(vault, shares[0]), await visit(vault, shares[1])] as const;
    const pending = await readPin(vault, email, { deviceId: 'pending' });
    const fresh = await alice.request<{ challengeId: string }>('POST', '/auth/reauthentication');
    const pin = await vault.logs.pinFor(email);
    for (const [n, visitor] of visitors.entries()) expect(await namesSeen(visitor, shares[n] as never)).toHaveLength(1);
    expect((await browser()).status).toBe(200);

    await atTheFirstCommit(alice, async () => {
      for (const client of [alice, phone]) {
        for (const [method, path] of [
          ['GET', '/users/me'],
          ['GET', '/files'],
          ['GET', `/files/${files[0]?.id}/content`],
          ['GET', `/files/${files[3]?.id}/content`],
          ['GET', `/folders/${openFolder}`],
          ['POST', `/folders/${lockedFolder}/relock`],
          ['GET', '/shares'],
          ['POST', '/auth/reauthentication'],
        ] as const) {
          expect([path, await outcome(client.request(method, path))]).toEqual([path, '401 AUTH.SESSION_REQUIRED']);
        }
      }
      expectProblem(await askToDelete(alice), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
      expect((await browser()).status).toBe(401);

      for (const [n, visitor] of visitors.entries()) {
        const { id } = shares[n] as { id: string };
        for (const path of [
          `/shares/${id}/files`,
          `/shares/${id}/files/${files[0]?.id}/content`,
          `/shares/${id}/archive`,
        ]) {
          expectProblem(await visitor.request('GET', path), { status: [401, 404] });
        }
        expectProblem(await knock(vault, shares[n]), { status: 404, code: 'SHARE.NOT_FOUND' });
      }

      // What was on its way opens nothing: no PIN, no trust.
      expectProblem(await trade(vault, pending, { deviceId: 'pending' }), { status: 401, code: 'AUTH.PIN_REFUSED' });
      const proof = { challengeId: fresh.body.challengeId, pin };
      expect((await alice.request('PUT', '/auth/reauthentication', { json: proof })).status).toBe(401);
      const { deviceToken } = trusted.body;
      await vault.stranger().request('POST', '/auth/pin', { json: { email, deviceId: 'trusted', deviceToken } });
      const trust = await query('SELECT FROM login_challenges WHERE trusted_device_id IS NOT NULL');
      expect(trust).toEqual([]);
    });
  });

  it('tells a browser to forget what it has kept', async () => {
    const alice = await clientOf(vault, newEmail());
    const answer = await askToDelete(alice);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('clear-site-data')).toBe('"cache", "cookies", "storage"');
    await untilDeleted(vault.database, alice);
  });

  it('has left its address: a new account with it is another and empty one, also while the old one is still on its way out', async () => {
    const email = newEmail();
    const alice = await clientOf(vault, email);
    await fillAccount(alice);
    let again: VaultClient | undefined;
    await atTheFirstCommit(alice, async () => {
      again = await clientOf(vault, email, { deviceId: 'again' });
      expect(again.userId).not.toBe(alice.userId);
      expect((await again.request('GET', '/users/me')).body).toMatchObject({ email, usage: { files: 0, bytes: 0 } });
      expect((await again.list()).body.items).toEqual([]);
      await again.put('new.jpg', (await fillAccount(again)).photos[1]);
    });
    expect((await again?.request('GET', '/users/me'))?.status).toBe(200);
    expect((await again?.list())?.body.items.length).toBeGreaterThan(2);
    expect((await tracesOf(vault, again?.userId)).objects).not.toEqual([]);
  });

  it('asks for a PIN to sign in with like an address that nobody has', async () => {
    const email = newEmail();
    const alice = await clientOf(vault, email);
    await atTheFirstCommit(alice, async () => {
      const { status } = await vault.stranger().request('POST', '/auth/pin', { json: { email, deviceId: 'x' } });
      expect(status).toBe(202);
      expect(await query('SELECT FROM login_challenges WHERE user_id = $1', [alice.userId])).toEqual([]);
    });
  });

  it.each(['Some.ONE@Example.COM', ' '])('takes the address however it is written: %j', async (typed) => {
    const email = typed === ' ' ? newEmail() : 'some.one@example.com';
    const alice = await clientOf(vault, email);
    expect((await askToDelete(alice, typed === ' ' ? email.toUpperCase() : typed)).status).toBe(202);
    await untilDeleted(vault.database, alice);
  });

  it('is gone once, when two of its sessions ask at the same moment', async () => {
    const email = newEmail();
    const [alice, phone] = [await clientOf(vault, email), await clientOf(vault, email, { deviceId: 'phone' })];
    const statuses = (await Promise.all([askToDelete(alice), askToDelete(phone)])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([202, 401]);
    await untilDeleted(vault.database, alice);
  });
});

describe('when a deletion is at its end', () => {
  let bob: VaultClient;
  let kept: WholeAccount;

  beforeAll(async () => {
    bob = await clientOf(vault, newEmail());
    kept = await fillAccount(bob);
  });

  it('nothing of the account is left in any table or in the store, and all of others is', async () => {
    const alice = await clientOf(vault, newEmail());
    const { files } = await fillAccount(alice);
    const [names, ofBob] = [await namesOf(query, alice.userId ?? ''), await namesOf(query, bob.userId ?? '')];
    expect(names.length).toBeGreaterThan(20);
    expect(names).toEqual(expect.arrayContaining(files.map(({ id }) => id)));
    expect(names.filter((name) => ofBob.includes(name))).toEqual([]);
    const before = await rowsWith(query, ofBob);

    expect((await askToDelete(alice)).status).toBe(202);
    await untilDeleted(vault.database, alice);

    expect(await rowsWith(query, names)).toEqual([]);
    const { objects, temporary } = await tracesOf(vault, alice.userId);
    expect([objects, temporary]).toEqual([[], []]);
    expect((await rowsWith(query, ofBob)).length).toBe(before.length);
    for (const [n, { id }] of kept.files.entries()) {
      if (n !== 2 && n !== 4) expect((await bob.content(id)).bytes.equals(kept.photos[n])).toBe(true);
    }
    expect(await namesSeen(await visit(vault, kept.shares[0]), kept.shares[0])).toEqual(['open.jpg']);
  });

  it('its owner is told once what was destroyed, and the log knows nobody', async () => {
    const alice = await clientOf(vault, newEmail());
    const { bytes } = await fillAccount(alice);
    expect((await askToDelete(alice)).body).toEqual({ files: 5, bytes, folders: 3, shares: 2 });
    await untilDeleted(vault.database, alice);
    const said = vault.logs.lines.filter((line) => line.includes(`bytes: ${bytes},`));
    expect(said.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      `An account was deleted (files: 5, bytes: ${bytes}, folders: 3, shares: 2); its owner would be told so.`,
    ]);
    expect(said.join()).not.toContain('@');
  });

  it('what was noted of it at the last moment is no fault', async () => {
    const alice = await clientOf(vault, newEmail());
    await askToDelete(alice);
    await untilDeleted(vault.database, alice);
    vault.app.get(SecurityLog, { strict: false }).alert({ userId: alice.userId ?? '', kind: 'device.new' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(vault.logs.lines.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });
});
