import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { freePort } from '../support/free-port';
import { jpeg, jpegBlocks } from '../support/photos';
import { beginDownload, digest, haltedHalfway, send } from '../support/transfers';
import { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The built product as a newcomer meets it: a process, its log, its exit code, its files.

/** EX_CONFIG of sysexits.h: a start that cannot succeed until a person changes something. */
const REFUSED = { code: 78, signal: null };
const ENDED_WELL = { code: 0, signal: null };
/** More than the kernel buffers of a connection hold, so that a download that nobody reads stands still. */
const BIG = 48 * 1024 * 1024;

jest.setTimeout(90_000);

let home: VaultHome;

beforeEach(async () => {
  home = await VaultHome.create();
});
afterEach(() => home.close());

describe('from day to day', () => {
  it('starts without any setting, says where it listens and where PINs go, keeps a photo, and has it the next day', async () => {
    const first = home.start({ DATA_DIR: undefined });
    const url = await first.ready();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(first.messages).toContain(`Photovault listens on ${url} (API documents at /docs)`);
    const alice = await first.signUp('alice@example.com');
    expect(first.messages).toContain('PINs go to this log (set SMTP_URL to send mails)');
    expect(first.stdout.text).toMatch(/NEW MASTER KEY in .*master\.key: BACK IT UP NOW/);
    expect(statSync(home.dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(home.dataDir, 'master.key')).mode & 0o777).toBe(0o400);

    const photo = jpeg(1_000_000, 'first day');
    const created = await alice.put('sommer.jpg', photo);
    expect(created.status).toBe(201);
    expect((await alice.content(created.body.id)).bytes.equals(photo)).toBe(true);
    expect(await first.end('SIGTERM')).toEqual(ENDED_WELL);
    expect(first.messages.at(-1)).toBe('stopped');
    expect(first.stderr.text).toBe('');

    const second = home.start();
    const nextDay = await second.clientOf(alice);
    expect((await nextDay.list()).body.items.map(({ name }) => name)).toEqual(['sommer.jpg']);
    expect((await nextDay.content(created.body.id)).bytes.equals(photo)).toBe(true);
    expect(second.stdout.text).not.toContain('NEW MASTER KEY');
    expect(await second.end('SIGINT')).toEqual(ENDED_WELL);
  });

  it('writes a PIN in exactly the promised words', async () => {
    const server = home.start();
    await server.signUp('alice@example.com');
    const told = server.messages.filter((message) => message.includes('alice@example.com'));
    expect(told).toEqual([expect.stringMatching(/^PIN \d{4} for alice@example\.com$/)]);
  });

  it('lets nobody be locked out by a log level that hides everything else', async () => {
    const port = await freePort();
    const server = home.start({ LOG_LEVEL: 'fatal', PORT: String(port) });
    const alice = new VaultClient(`http://127.0.0.1:${port}`);
    await eventually('the server listens', () =>
      alice.request('GET', '//health/live').then(
        () => true,
        () => false,
      ),
    );
    await alice.signUp('alice@example.com', 'laptop', (email) => server.stdout.pinFor(email));
    expect(server.stdout.lines).toHaveLength(1);
  });

  it('works in a directory with spaces and other letters in its name', async () => {
    await home.close();
    home = await VaultHome.create({}, 'photo vault, ü-');
    const alice = await home.start().signUp('alice@example.com');
    const photo = jpeg(100_000, 'odd path');
    const { body } = await alice.put('a.jpg', photo);
    expect((await alice.content(body.id)).bytes.equals(photo)).toBe(true);
  });

  it('starts again after kill -9, on the database that was left running', async () => {
    const first = home.start();
    const alice = await first.signUp('alice@example.com');
    const photo = jpeg(500_000, 'killed');
    const { body } = await alice.put('a.jpg', photo);
    expect(await first.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });

    const second = home.start();
    expect((await (await second.clientOf(alice)).content(body.id)).bytes.equals(photo)).toBe(true);
    expect(second.messages).toContain(`Took over the PostgreSQL that serves ${join(home.dataDir, 'postgres')}.`);
  });

  it('starts after a very first start that was killed while it made the database', async () => {
    const first = home.start();
    await eventually('the database is being made', () => /Creating the database/.test(first.stdout.text));
    await first.end('SIGKILL');
    const alice = await home.start().signUp('alice@example.com');
    expect((await alice.put('a.jpg', jpeg(1000, 'a'))).status).toBe(201);
  });
});

describe('asked to stop', () => {
  let server: VaultProcess;
  let alice: VaultClient;
  let big: string;

  async function startWithBigFile(env: NodeJS.ProcessEnv = {}): Promise<void> {
    server = home.start(env);
    alice = await server.signUp('alice@example.com');
    big = (await send(alice, 'PUT', '/files/by-name/big.jpg', jpegBlocks(BIG, 'big'))).body.id;
  }

  it('lets a download and an upload finish, takes nothing new, and ends', async () => {
    await startWithBigFile();
    const download = await beginDownload(alice, big);
    let goOn: () => void = () => undefined;
    const halt = new Promise<void>((go) => (goOn = go));
    const upload = send(alice, 'PUT', '/files/by-name/last.jpg', haltedHalfway(jpegBlocks(2_000_000, 'last'), halt));
    await eventually(
      'the upload has begun',
      async () => (await home.query("SELECT FROM blobs WHERE state = 'pending'")).length === 1,
    );

    server.signal('SIGTERM');
    await eventually('it is stopping', () => server.messages.includes('SIGTERM: stopping'));
    await eventually('nobody is let in', () =>
      alice.list().then(
        () => false,
        () => true,
      ),
    );
    goOn();
    expect((await upload).status).toBe(201);
    expect(await digest(download)).toBe(await digest(jpegBlocks(BIG, 'big')));
    expect(await server.ending()).toEqual(ENDED_WELL);

    const again = await home.start().clientOf(alice);
    expect((await again.request('GET', '/files/by-name/last.jpg/content')).bytes).toHaveLength(2_000_000);
  });

  it('says that it is not ready, and serves, for as long as load balancers need to see it', async () => {
    server = home.start({ SHUTDOWN_DELAY_SECONDS: '4' });
    alice = await server.signUp('alice@example.com');
    expect((await alice.request('GET', '//health/ready')).status).toBe(200);
    server.signal('SIGTERM');
    await eventually('it is stopping', () => server.messages.includes('SIGTERM: stopping'));
    const { status, body } = await alice.request('GET', '//health/ready');
    expect({ status, code: body.code, detail: body.detail }).toEqual({
      status: 503,
      code: 'SERVER.NOT_READY',
      detail: 'shutting_down',
    });
    expect((await alice.request('GET', '//health/live')).status).toBe(200);
    expect((await alice.put('late.jpg', jpeg(1000, 'late'))).status).toBe(201);
    expect(await server.ending()).toEqual(ENDED_WELL);
  });

  it('breaks off what outlasts the time of grace', async () => {
    await startWithBigFile({ SHUTDOWN_GRACE_SECONDS: '1' });
    const download = await beginDownload(alice, big);
    expect(await server.end('SIGTERM')).toEqual(ENDED_WELL);
    await expect(digest(download)).rejects.toThrow(/aborted/);
  });

  it('ends at once when asked twice, and loses nothing', async () => {
    await startWithBigFile();
    const download = await beginDownload(alice, big);
    server.signal('SIGTERM');
    await eventually('it is stopping', () => server.messages.includes('SIGTERM: stopping'));
    expect(await server.end('SIGTERM')).toEqual({ code: 1, signal: null });
    await expect(digest(download)).rejects.toThrow(/aborted/);

    const again = await home.start().clientOf(alice);
    expect(await digest(await beginDownload(again, big))).toBe(await digest(jpegBlocks(BIG, 'big')));
  });
});

describe('refuses to start, with a sentence and a code', () => {
  it('a second time on the same embedded database', async () => {
    const first = home.start();
    const alice = await first.signUp('alice@example.com');
    const second = home.start();
    expect(await second.ending()).toEqual(REFUSED);
    expect(second.messages.at(-1)).toBe(
      `Photovault is already running on the database in ${join(home.dataDir, 'postgres')} (photovault process ${first.pid}). ` +
        'Stop it first, or start this one with another DATA_DIR.',
    );
    expect((await alice.put('still.jpg', jpeg(1000, 'still'))).status).toBe(201);
  });

  it('when settings are bad: all of them are named at once, and no value is repeated', async () => {
    const bad = {
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      DB_URL: 'mysql://vault:hunter2@localhost/vault',
      PIN_DIGITS: '2',
      UPLOAD_TYPES: 'image/jpeg,application/x-hunter2',
      SHUTDOWN_GRACE_SECONDS: '-1',
    };
    const server = home.start(bad);
    expect(await server.ending()).toEqual(REFUSED);
    for (const name of Object.keys(bad)) expect(server.messages.at(-1)).toContain(`- ${name} must be`);
    expect(server.stdout.text + server.stderr.text).not.toMatch(/hunter2|eighty|loud/);
    expect(existsSync(home.dataDir)).toBe(false);
  });

  it('when the database of DB_URL does not answer, without showing its password', async () => {
    const server = home.start({ DB_URL: `postgresql://vault:hunter2@127.0.0.1:${await freePort()}/vault` });
    expect(await server.ending()).toEqual(REFUSED);
    expect(server.messages.at(-1)).toMatch(/^The database of DB_URL cannot be reached: .*ECONNREFUSED/);
    expect(server.stdout.text + server.stderr.text).not.toContain('hunter2');
  });

  it('when the port is taken, and stops the database that it has started', async () => {
    const other = createServer();
    const port = await listen(other);
    try {
      const server = home.start({ PORT: String(port) });
      expect(await server.ending()).toEqual(REFUSED);
      expect(server.messages.at(-1)).toBe(
        `Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Choose another with HOST and PORT.`,
      );
      expect(existsSync(join(home.dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
    } finally {
      other.close();
    }
  });

  describe('without its master key', () => {
    let database: TestDatabase;
    let key: string;

    beforeEach(async () => {
      database = await createTestDatabase('empty');
      await home.close();
      home = await VaultHome.create({ DB_URL: database.url });
      key = join(home.dataDir, 'master.key');
      const server = home.start();
      const alice = await server.signUp('alice@example.com');
      expect((await alice.put('a.jpg', jpeg(1000, 'a'))).status).toBe(201);
      await server.end('SIGTERM');
    });
    afterEach(() => database.drop());

    it.each<[string, RegExp, () => void]>([
      [
        'missing',
        /is missing, but the database holds data that only it can open/,
        () => renameSync(key, `${key}.away`),
      ],
      [
        'of another vault',
        /does not belong to this database/,
        () => replaceKey(`1 ${Buffer.alloc(32, 7).toString('base64')}\n`),
      ],
      [
        'of another number',
        /does not hold key 1, which the database uses/,
        () => replaceKey(readFileSync(key, 'utf8').replace(/^1 /m, '2 ')),
      ],
      ['damaged', /is damaged/, () => replaceKey('not a key\n')],
      ['empty', /holds no key/, () => replaceKey('')],
    ])('(%s), and changes nothing', async (_, sentence, spoil) => {
      const good = readFileSync(key, 'utf8');
      spoil();
      const before = { files: home.files(), dump: await home.dump() };
      const server = home.start();
      expect(await server.ending()).toEqual(REFUSED);
      expect(server.messages.at(-1)).toMatch(sentence);
      expect(server.stdout.text).not.toContain(good.split(' ').at(-1)?.trim());
      expect({ files: home.files(), dump: await home.dump() }).toEqual(before);

      replaceKey(good);
      await home.start().ready();
    });

    function replaceKey(text: string): void {
      if (existsSync(key)) chmodSync(key, 0o600);
      writeFileSync(key, text);
    }
  });
});

describe('as an ordinary user', () => {
  const NOBODY = { uid: 65534, gid: 65534 };
  const main = resolve(__dirname, '../../dist/src/main.js');
  const reason = whyNot();
  if (reason) process.stderr.write(`NOT RUN: the start as an ordinary user, because ${reason}.\n`);

  (reason ? it.skip : it)('keeps everything in files of that user', async () => {
    chownSync(home.directory, NOBODY.uid, NOBODY.gid);
    const first = home.start({}, NOBODY);
    const alice = await first.signUp('alice@example.com');
    const photo = jpeg(300_000, 'nobody');
    const { body } = await alice.put('a.jpg', photo);
    expect(await first.end('SIGTERM')).toEqual(ENDED_WELL);

    const second = home.start({}, NOBODY);
    expect((await (await second.clientOf(alice)).content(body.id)).bytes.equals(photo)).toBe(true);
    const paths = ['', 'master.key', 'blobs', 'postgres', 'postgres.log'].map((name) => join(home.dataDir, name));
    expect(new Set(paths.map((path) => statSync(path).uid))).toEqual(new Set([NOBODY.uid]));
  });

  function whyNot(): string | null {
    if (process.getuid?.() !== 0) return 'only root can start a process as somebody else';
    const readable = spawnSync(process.execPath, ['-e', `require('fs').accessSync(${JSON.stringify(main)})`], NOBODY);
    return readable.status === 0 ? null : 'this clone is in a directory that only root may enter';
  }
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
