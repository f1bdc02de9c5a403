import { randomInt } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { Ledger } from '../support/ledger';
import { jpeg, jpegBlocks, sha256 } from '../support/photos';
import { expectProblem } from '../support/problem';
import { describeWithS3, S3Server, withPrefix } from '../support/s3-server';
import { beginDownload, digest, haltedHalfway, send } from '../support/transfers';
import type { Answer, VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The object store goes away and comes back under a busy server: every answer is a success or an honest 503, no 201 is lost, a broken
// download looks broken, the server is never started again, and in the end there is one object for each file and no upload left open.

const MIB = 1024 * 1024;
/** In several parts. */
const LARGE = 24 * MIB;

jest.setTimeout(180_000);

describeWithS3('what an object store that is away does to a server')('An object store', () => {
  let store: S3Server;
  let database: TestDatabase;
  let home: VaultHome;
  let server: VaultProcess;
  let alice: VaultClient;
  let ledger: Ledger;

  beforeAll(async () => {
    store = await S3Server.start();
  });
  afterAll(() => store.remove());
  beforeEach(async () => {
    database = await createTestDatabase();
    home = await VaultHome.create({ DB_URL: database.url, S3_TIMEOUT_SECONDS: '3', ...withPrefix(store.env) });
    server = home.start();
    alice = await server.signUp('alice@example.com');
    ledger = new Ledger();
  });
  afterEach(async () => {
    await home.close();
    await database.drop();
  });

  async function isReady(): Promise<boolean> {
    const { status, body } = await alice.request('GET', '//health/ready');
    if (status !== 200) expect({ status, detail: body.detail }).toEqual({ status: 503, detail: 'blobs' });
    return status === 200;
  }

  const becomes = (ready: boolean): Promise<void> =>
    eventually(`the server says ${ready ? 'that it is ready' : 'that its blobs are away'}`, async () => {
      return (await isReady()) === ready;
    });

  describe.each<[string, () => Promise<void>]>([
    [
      'that is killed and started again, twice',
      async () => {
        for (let time = 0; time < 2; time++) {
          await store.stop('SIGKILL');
          await becomes(false);
          await delay(500);
          await store.startAgain();
          await becomes(true);
        }
      },
    ],
    [
      'that hangs for a moment, and then for longer than anybody waits for it',
      async () => {
        for (const ms of [1000, 15_000]) {
          store.freeze();
          await delay(ms);
          store.thaw();
          await becomes(true);
        }
      },
    ],
  ])('%s', (_, disturb) => {
    it('in the middle of uploads and downloads', async () => {
      const photo = jpeg(LARGE, 'first');
      const { body: first } = await alice.put('first.jpg', photo);
      ledger.promise(first.id, first);
      const answers = new Map<number | 'broken', number>();
      const count = (what: number | 'broken'): void => void answers.set(what, (answers.get(what) ?? 0) + 1);

      let stop = false;
      const uploading = async (lane: number): Promise<void> => {
        for (let n = 0; !stop; n++) await uploadStubbornly(`${lane}-${n}.jpg`, n % 3 === 0, count);
      };
      const downloading = async (): Promise<void> => {
        while (!stop) {
          // A transfer that breaks is one that the client knows to be broken.
          const answer = await alice.content(first.id).catch(() => null);
          count(answer?.status ?? 'broken');
          if (answer?.status === 503) await expectAway(answer);
          else if (answer) expect({ status: answer.status, same: answer.bytes.equals(photo) }).toEqual(GOOD);
        }
      };
      const busy = [...[0, 1, 2, 3].map(uploading), downloading(), downloading()];
      try {
        await delay(1000);
        await disturb();
        await delay(1000);
      } finally {
        stop = true;
        await Promise.all(busy);
      }

      expect([...answers.keys()].filter((each) => ![200, 201, 503, 'broken'].includes(each))).toEqual([]);
      expect(answers.get(503)).toBeGreaterThan(0);
      expect(answers.get(201)).toBeGreaterThan(0);
      expect(server.running).toBe(true);
      expect(server.stderr.text).toBe('');
      expectNoSecrets();
      await ledger.audit(alice);
      await expectNothingLeft();
    });
  });

  const GOOD = { status: 200, same: true };

  /** The same upload until it is there. */
  async function uploadStubbornly(name: string, isLarge: boolean, count: (status: number) => void): Promise<void> {
    const photo = jpeg(isLarge ? randomInt(6 * MIB, 12 * MIB) : randomInt(200_000, 2 * MIB), name);
    for (;;) {
      const answer = await ledger.record(name, photo, () => alice.put(name, photo));
      if (answer === null) throw new Error('an upload was not answered at all');
      count(answer.status);
      if (answer.status !== 503) return;
      await expectAway(answer);
    }
  }

  async function expectAway(answer: Answer<unknown>): Promise<void> {
    // The second is what an upload hears whose completion was heard of too late.
    expectProblem(answer, { status: 503, code: /^(VAULT\.STORAGE_AWAY|UPLOAD\.INTERRUPTED)$/ });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    await delay(100);
  }

  it.each(['raw', 'as a form'])(
    'that dies in the middle of an upload (%s) costs it a 503, and nothing is left',
    async (how) => {
      let goOn = (): void => undefined;
      const halfway = new Promise<void>((resolve) => (goOn = resolve));
      const blocks = haltedHalfway(how === 'raw' ? jpegBlocks(LARGE) : asForm(jpegBlocks(LARGE)), halfway);
      const upload =
        how === 'raw'
          ? send(alice, 'PUT', '/files/by-name/half.jpg', blocks, { 'content-length': String(LARGE) })
          : send(alice, 'POST', '/files', blocks, { 'content-type': 'multipart/form-data; boundary=b' });
      await eventually('parts of it are stored', async () => (await home.stored()).length === 1);
      await store.stop();
      goOn();
      const { status, headers, body } = await upload;
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'VAULT.STORAGE_AWAY' });
      expect(headers['retry-after']).toMatch(/^\d+$/);
      expect((await alice.list()).body.items).toEqual([]);

      await store.startAgain();
      expect(await home.stored()).toEqual([expect.stringMatching(/^tmp\//)]);
      expect((await alice.put('half.jpg', jpeg(LARGE))).status).toBe(201);
      await expectNothingLeft();
    },
  );

  it('that dies in the middle of a download breaks it, and a new one is refused until it is back', async () => {
    const { body: file } = await alice.put('photo.jpg', jpeg(3 * LARGE));
    const response = await beginDownload(alice, file.id);
    expect(response.statusCode).toBe(200);
    await store.stop();
    let received = 0;
    const rest = async (): Promise<void> => {
      for await (const chunk of response) received += (chunk as Buffer).length;
    };
    await expect(rest()).rejects.toThrow('aborted');
    expect(received).toBeLessThan(3 * LARGE);
    await expectAway(await alice.content(file.id));
    await store.startAgain();
    expect(await digest(await beginDownload(alice, file.id))).toBe(file.sha256);
  });

  it.each<[string, () => Promise<void> | void, () => Promise<void> | void]>([
    ['not there', () => store.stop(), () => store.startAgain()],
    ['silent', () => store.freeze(), () => store.thaw()],
  ])('that is %s at the start is waited for, by a vault that is not new', async (_, leave, comeBack) => {
    await alice.put('photo.jpg', jpeg(1000));
    await server.end('SIGTERM');
    await leave();
    try {
      // Longer than a server may take until it listens.
      server = home.start({ S3_TIMEOUT_SECONDS: '60' });
      alice = await server.clientOf(alice);
      expect(await isReady()).toBe(false);
      expect((await alice.list()).body.items).toHaveLength(1);
    } finally {
      await comeBack();
    }
    await becomes(true);
    expect(sha256((await alice.content((await alice.list()).body.items[0]?.id ?? '')).bytes)).toBe(sha256(jpeg(1000)));
  });

  it('is left without what was unfinished when the server is killed, several times', async () => {
    let interrupted = 0;
    for (let round = 0; round < 3; round++) {
      let sent = 0;
      const lanes = Array.from({ length: 4 }, async (_, lane) => {
        for (let n = 0; server.running; n++) {
          const name = `${round}-${lane}-${n}.jpg`;
          const photo = jpeg(randomInt(200_000, 16 * MIB), name);
          const answer = await ledger.record(name, photo, () => alice.put(name, photo));
          sent++;
          if (answer !== null) expect(answer.status).toBe(201);
        }
      });
      await eventually('some are stored', () => sent > 2);
      await delay(randomInt(500));
      await server.end('SIGKILL');
      await Promise.all(lanes);
      interrupted += (await home.stored()).filter((key) => key.startsWith('tmp/')).length;
      server = home.start();
      alice = await server.clientOf(alice);
      await ledger.audit(alice, 4);
    }
    expect(interrupted).toBeGreaterThan(0);
    await expectNothingLeft();
  });

  it('keeps a server that stops from stopping no longer than it waits for an answer', async () => {
    await server.end('SIGTERM');
    server = home.start({ SHUTDOWN_GRACE_SECONDS: '1' });
    alice = await server.clientOf(alice);
    const body = new PassThrough();
    const upload = send(alice, 'PUT', '/files/by-name/half.jpg', body).catch(() => undefined);
    for (const block of jpegBlocks(6 * MIB)) body.write(block);
    await eventually('a part of it is stored', async () => (await home.stored()).length === 1);
    store.freeze();
    try {
      await server.end('SIGTERM');
    } finally {
      store.thaw();
    }
    await upload;
  });

  /** What the sweeper finds at the next start, after all leases, is all that was left. */
  async function expectNothingLeft(): Promise<void> {
    await home.expireLeases();
    await server.end('SIGTERM');
    server = home.start();
    await server.ready();
    await home.swept();
    expect((await home.disagreement()).blobs).toEqual([]);
    // A request that the store has heard and the server has given up may have been carried out after everything else.
    await home.searchForStrays();
    expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
  }

  function expectNoSecrets(): void {
    const { S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = store.env;
    for (const secret of [S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, 'X-Amz-', 'AWS4-HMAC']) {
      expect(server.stdout.text).not.toContain(secret);
    }
    expect(server.messages.filter((line) => line.startsWith('the object store is')).length).toBeGreaterThan(1);
  }
});

function* asForm(blocks: Iterable<Buffer>): Generator<Buffer> {
  yield Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="half.jpg"\r\n\r\n');
  yield* blocks;
  yield Buffer.from('\r\n--b--\r\n');
}
