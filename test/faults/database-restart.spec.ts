import { randomInt } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase } from '../support/database';
import { Ledger } from '../support/ledger';
import { OwnPostgres, type StopMode } from '../support/own-postgres';
import { jpeg, jpegBlocks } from '../support/photos';
import { expectProblem } from '../support/problem';
import { send } from '../support/transfers';
import type { Answer, VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The database goes away and comes back under a busy server: every answer is a success or an honest 503, no 201 is lost, and the
// server is never started again.

jest.setTimeout(120_000);

describe.each<StopMode>(['fast', 'immediate'])('PostgreSQL stopped and started (%s)', (mode) => {
  let postgres: OwnPostgres;

  beforeAll(async () => {
    postgres = await OwnPostgres.create();
  });
  afterAll(() => postgres.remove());

  it('in the middle of uploads and downloads', async () => {
    const home = await VaultHome.create({ DB_URL: postgres.url });
    try {
      await survive(home, async (isReady) => {
        await postgres.restart(mode);
        await eventually('the server is ready again', isReady);
        await postgres.stop(mode);
        await eventually('the server says that it is not ready', async () => !(await isReady()));
        await delay(500);
        await postgres.start();
      });
    } finally {
      await home.close();
    }
  });
});

describe.each<NodeJS.Signals>(['SIGINT', 'SIGQUIT', 'SIGKILL'])(
  'the embedded PostgreSQL ended by somebody else (%s)',
  (signal) => {
    it('in the middle of uploads and downloads', async () => {
      const home = await VaultHome.create();
      try {
        await survive(home, async (isReady) => {
          for (let time = 0; time < 2; time++) {
            process.kill(home.postmaster(), signal);
            await eventually('the server says that it is not ready', async () => !(await isReady()));
            await eventually('the server is ready again', isReady);
          }
        });
      } finally {
        await home.close();
      }
    });
  },
);

describe('a crash that takes the row of a pending blob with it', () => {
  it('costs the upload a 503, and leaves no object behind', async () => {
    const database = await createTestDatabase();
    const home = await VaultHome.create({ DB_URL: database.url });
    try {
      const alice = await home.start().signUp('alice@example.com');
      const body = new PassThrough();
      const upload = send(alice, 'PUT', '/files/by-name/lost.jpg', body);
      const [head, ...rest] = jpegBlocks(300_000, 'lost');
      body.write(head);
      await eventually('the upload is pending', async () => (await home.query('SELECT FROM blobs')).length === 1);
      // That row is not synced, because nothing has been promised: deleting it is what a crash does.
      await home.query('DELETE FROM blobs');
      for (const block of rest) body.write(block);
      body.end();
      expect((await upload).status).toBe(503);
      expect(home.objects()).toEqual([]);
    } finally {
      await home.close();
      await database.drop();
    }
  });
});

/** Keeps a server busy while `disturb` does what it likes with the database, and then holds the server to every promise. */
async function survive(home: VaultHome, disturb: (isReady: () => Promise<boolean>) => Promise<void>): Promise<void> {
  const server = home.start();
  const alice = await server.signUp('alice@example.com');
  const ledger = new Ledger();
  const answers = new Map<number, number>();
  const judge = (answer: Answer<unknown>): Answer<unknown> => {
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
    if (answer.status === 503) {
      expectProblem(answer, { status: 503, code: 'SERVER.DATABASE_AWAY' });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    return answer;
  };
  const isReady = async (): Promise<boolean> => {
    const { status } = await alice.request('GET', '//health/ready');
    expect([200, 503]).toContain(status);
    return status === 200;
  };

  const photo = jpeg(300_000, 'first');
  const { body: first } = await alice.put('first.jpg', photo);
  ledger.promise(first.id, first);

  let stop = false;
  const busy = Array.from({ length: 6 }, async (_, lane) => {
    for (let n = 0; !stop; n++) {
      if (lane < 4) await uploadStubbornly(alice, ledger, judge, `${lane}-${n}.jpg`);
      const { status, bytes } = judge(await alice.content(first.id));
      if (status === 503) await delay(50);
      else expect({ status, same: bytes.equals(photo) }).toEqual({ status: 200, same: true });
    }
  });
  try {
    await delay(500);
    await disturb(isReady);
    await eventually('the server is ready again', isReady);
    await delay(500);
  } finally {
    stop = true;
    await Promise.all(busy);
  }

  expect([...answers.keys()].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
  expect(answers.get(503)).toBeGreaterThan(0);
  expect(server.running).toBe(true);
  expect(server.stderr.text).toBe('');
  await ledger.audit(alice);
  await expectNothingLeft(home, server);
}

/** The same upload until it is there: what was committed before the answer got lost comes back as a duplicate. */
async function uploadStubbornly(
  alice: VaultClient,
  ledger: Ledger,
  judge: (answer: Answer<unknown>) => Answer<unknown>,
  name: string,
): Promise<void> {
  const photo = jpeg(randomInt(200_000, 1_000_000), name);
  for (;;) {
    const answer = await ledger.record(name, photo, () => alice.put(name, photo));
    if (answer === null) throw new Error('an upload was not answered at all');
    if (judge(answer).status !== 503) return;
    await delay(100);
  }
}

async function expectNothingLeft(home: VaultHome, server: VaultProcess): Promise<void> {
  await home.expireLeases();
  await server.end('SIGTERM');
  await home.start().ready();
  await home.swept();
  expect((await home.disagreement()).blobs).toEqual([]);
  await home.searchForStrays();
  expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
}
