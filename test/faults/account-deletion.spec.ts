import { askToDelete, deleteAccount, stageOf, untilDeleted } from '../support/account-deletions';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { namesOf, rowsWith } from '../support/dump';
import { atFaultPoint } from '../support/fault-point';
import { MailServer } from '../support/mail-server';
import { jpegBlocks } from '../support/photos';
import { WITHOUT_LIMITS } from '../support/test-app';
import { haltedHalfway, send, slowly } from '../support/transfers';
import { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';
import { fillAccount } from '../support/whole-account';

// Accounts are deleted by built servers that are killed on the way, at every stage, and by two of them at once.

jest.setTimeout(240_000);

let database: TestDatabase;
let home: VaultHome;
let mailbox: MailServer;
let people = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  mailbox = await MailServer.start();
  home = await VaultHome.create({ ...WITHOUT_LIMITS, DB_URL: database.url, SMTP_URL: mailbox.url });
});
afterAll(async () => {
  await home.close();
  await mailbox.stop();
  await database.drop();
});

const query = <Row extends object>(sql: string, values: unknown[] = []) => home.query<Row>(sql, values);
const mailsAbout = (email = '') =>
  mailbox.mails.filter(({ envelope, text }) => envelope.to.includes(email) && text.includes('was deleted'));

async function newPerson(server: VaultProcess, email = `leaver-${++people}@example.com`): Promise<VaultClient> {
  const client = new VaultClient(await server.ready());
  await client.signUp(email, 'laptop', (address) => mailbox.pinFor(address));
  return client;
}

async function expectNothingOf(names: readonly string[]): Promise<void> {
  expect(await rowsWith(query, names)).toEqual([]);
  expect(home.objects().filter((key) => names.some((name) => key.includes(name)))).toEqual([]);
}

describe('a server that is killed', () => {
  let bob: VaultClient;
  let ofBob: Buffer;
  let bobsFile: string;
  let bobsObjects: number;

  beforeAll(async () => {
    const server = home.start();
    bob = await newPerson(server, 'bob@example.com');
    const { files, photos } = await fillAccount(bob);
    [bobsFile, ofBob] = [files[0]?.id ?? '', photos[0] ?? Buffer.alloc(0)];
    bobsObjects = home.objects().length;
    await server.end('SIGTERM');
  });

  it('before the first commit has changed nothing: the account is as it was, and can be deleted again', async () => {
    const server = home.start();
    const alice = await newPerson(server);
    const { files, photos } = await fillAccount(alice);
    await atFaultPoint(database.url, 'INSERT ON account_deletions', async (reached) => {
      const asked = askToDelete(alice).catch(() => null);
      await reached();
      await server.end('SIGKILL');
      expect(await asked).toBeNull();
    });

    const again = home.start();
    const survivor = await again.clientOf(alice);
    expect((await survivor.request('GET', '/users/me')).body).toMatchObject({
      email: alice.email,
      usage: { files: 5 },
    });
    expect((await survivor.content(files[1]?.id ?? '')).bytes.equals(photos[1] ?? Buffer.alloc(0))).toBe(true);
    expect(mailsAbout(alice.email)).toEqual([]);
    await deleteAccount(survivor);
    await untilDeleted(database, survivor);
    await again.end('SIGTERM');
  });

  it.each([
    ['right after the first commit', 'DELETE ON share_items', 'closed', 1],
    ['with half of the keys destroyed', 'DELETE ON shares', 'closed', 1],
    [
      'with all keys destroyed, and that not written down',
      "UPDATE ON account_deletions WHEN (NEW.stage = 'shredded')",
      'closed',
      1,
    ],
    ['with no file deleted yet', 'DELETE ON renditions', 'shredded', 1],
    ['with some files deleted', 'DELETE ON files WHEN (OLD.trashed_at IS NOT NULL)', 'shredded', 1],
    ['with folders left', 'DELETE ON folders', 'shredded', 1],
    ['with the row of the account left', 'DELETE ON users', 'shredded', 1],
    [
      'with all rows gone, and that not written down',
      "UPDATE ON account_deletions WHEN (NEW.stage = 'emptied')",
      'shredded',
      1,
    ],
    ['with objects removed whose rows are left', 'DELETE ON blobs', 'emptied', 1],
    [
      'with all bytes gone, and that not written down',
      "UPDATE ON account_deletions WHEN (NEW.stage = 'removed')",
      'emptied',
      1,
    ],
    // The one place where it may come twice: it was taken, and nobody could write that down.
    ['with the mail taken, and that not written down', 'DELETE ON account_deletions', 'removed', 2],
  ] as const)('%s is followed by one that comes to the end', async (_, where, stage, mails) => {
    const server = home.start();
    const alice = await newPerson(server);
    const { bytes } = await fillAccount(alice);
    const names = await namesOf(query, alice.userId ?? '');
    expect(home.objects().filter((key) => names.some((name) => key.includes(name)))).toHaveLength(6);
    await atFaultPoint(database.url, where, async (reached) => {
      await deleteAccount(alice);
      await reached();
      // The sweeper of everybody's blobs may have come there before.
      await eventually('it is at this stage', async () => (await stageOf(database, alice.userId)) === stage);
      await server.end('SIGKILL');
    });
    expect(await stageOf(database, alice.userId)).toBe(stage);

    const again = home.start();
    await again.ready();
    await untilDeleted(database, alice);
    await expectNothingOf(names);
    expect((await (await again.clientOf(alice)).request('GET', '/users/me')).status).toBe(401);
    expect(mailsAbout(alice.email)).toHaveLength(mails);
    for (const { text } of mailsAbout(alice.email)) {
      expect(text).toMatch(
        new RegExp(`^Files: +5\nBytes: +${bytes.toLocaleString('en')}\nFolders: +3\nShares: +2$`, 'm'),
      );
    }
    // Whoever was there before is still there, and whole.
    expect((await (await again.clientOf(bob)).content(bobsFile)).bytes.equals(ofBob)).toBe(true);
    expect(home.objects()).toHaveLength(bobsObjects);
    expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
    // The address is free, whatever happened to whoever had it.
    expect((await newPerson(again, alice.email)).userId).not.toBe(alice.userId);
    expect(again.stdout.text).not.toContain('"level":50');
    await again.end('SIGTERM');
  });

  it('again and again is followed by one that comes to the end', async () => {
    let server = home.start();
    const alice = await newPerson(server);
    await fillAccount(alice);
    const names = await namesOf(query, alice.userId ?? '');
    const points = [
      'DELETE ON shares',
      'DELETE ON files WHEN (OLD.trashed_at IS NOT NULL)',
      'DELETE ON users',
      // Its blobs may be gone by now: the sweeper of everybody's has had the time.
      "UPDATE ON account_deletions WHEN (NEW.stage = 'removed')",
    ];
    for (const [n, where] of points.entries()) {
      await atFaultPoint(database.url, where, async (reached) => {
        if (n === 0) await deleteAccount(alice);
        else server = home.start();
        await reached();
        await server.end('SIGKILL');
      });
    }
    server = home.start();
    await untilDeleted(database, alice);
    await expectNothingOf(names);
    expect(mailsAbout(alice.email)).toHaveLength(1);
    await server.end('SIGTERM');
  });
});

describe('a server that is asked to stop', () => {
  it('in the middle stops at once, and the next one goes on', async () => {
    const server = home.start();
    const alice = await newPerson(server);
    await fillAccount(alice);
    const names = await namesOf(query, alice.userId ?? '');
    // Its mail is on its way, to a mail server that takes its time.
    mailbox.dawdles = new Promise((resolve) => setTimeout(resolve, 30_000).unref());
    try {
      await deleteAccount(alice);
      await eventually('only the mail is left', async () => (await stageOf(database, alice.userId)) === 'removed');
      expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(await stageOf(database, alice.userId)).toBe('removed');
    } finally {
      mailbox.dawdles = Promise.resolve();
    }
    const again = home.start();
    await untilDeleted(database, alice);
    await expectNothingOf(names);
    expect(mailsAbout(alice.email).length).toBeGreaterThan(0);
    await again.end('SIGTERM');
  });
});

describe('two servers', () => {
  let [a, b]: VaultProcess[] = [];

  beforeAll(() => {
    [a, b] = [home.start(), home.start()];
  });

  it.each(['PUT', 'POST'] as const)(
    'refuse an upload (%s) whose account is deleted at the other while its bytes come, and keep nothing of it',
    async (method) => {
      const alice = await newPerson(a);
      const aliceAtB = await b.clientOf(alice);
      await fillAccount(aliceAtB);
      let goOn = (): void => undefined;
      const halfway = new Promise<void>((resolve) => (goOn = resolve));
      const blocks = [...jpegBlocks(3_000_000, `in flight ${method}`)];
      const crlf = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'));
      const part = crlf('--xx\nContent-Disposition: form-data; name="file"; filename="late.jpg"\n\n');
      const upload =
        method === 'PUT'
          ? send(aliceAtB, 'PUT', '/files/by-name/late.jpg', haltedHalfway(blocks, halfway))
          : send(aliceAtB, 'POST', '/files', haltedHalfway([part, ...blocks, crlf('\n--xx--\n')], halfway), {
              'content-type': 'multipart/form-data; boundary=xx',
            });
      const ofAlice = (state: string) =>
        query('SELECT FROM blobs WHERE owner_id = $1 AND state = $2', [alice.userId, state]);
      await eventually('bytes come', async () => (await ofAlice('pending')).length === 1);
      const names = await namesOf(query, alice.userId ?? '');
      await deleteAccount(alice);
      await eventually('all but its blob is gone', async () => (await stageOf(database, alice.userId)) === 'emptied');
      goOn();
      const { status, body } = await upload;
      expect([status, body.code]).toEqual([401, 'AUTH.SESSION_REQUIRED']);
      await untilDeleted(database, alice);
      await expectNothingOf(names);
      expect(mailsAbout(alice.email)).toHaveLength(1);
      expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
    },
  );

  it('end an upload that would go on for long, and do not wait for its last byte', async () => {
    const alice = await newPerson(a);
    const aliceAtB = await b.clientOf(alice);
    const upload = send(
      aliceAtB,
      'PUT',
      '/files/by-name/endless.jpg',
      slowly(jpegBlocks(20_000_000, 'endless'), 170_000),
    );
    await eventually(
      'bytes come',
      async () => (await query('SELECT FROM blobs WHERE owner_id = $1', [alice.userId])).length === 1,
    );
    const names = await namesOf(query, alice.userId ?? '');
    await deleteAccount(alice);
    const { status, body } = await upload;
    expect([status, body.code]).toEqual([503, 'UPLOAD.INTERRUPTED']);
    await untilDeleted(database, alice);
    await expectNothingOf(names);
  });

  it('that are both busy with many deletions do each once', async () => {
    const leavers: VaultClient[] = [];
    for (let n = 0; n < 8; n++) {
      const client = await newPerson(n % 2 ? a : b);
      await client.put('photo.jpg', Buffer.concat([...jpegBlocks(20_000, client.email)]));
      leavers.push(client);
    }
    await Promise.all(leavers.map(deleteAccount));
    for (const leaver of leavers) await untilDeleted(database, leaver);
    for (const { email } of leavers) expect(mailsAbout(email)).toHaveLength(1);
    for (const { userId = '' } of leavers) await expectNothingOf([userId]);
    for (const server of [a, b]) expect(server?.stdout.text).not.toContain('"level":50');
  });
});
