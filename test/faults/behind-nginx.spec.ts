import { setTimeout as delay } from 'node:timers/promises';
import { getInBulk } from '../support/bulk';
import { lock, newFolder, outcome, putInto, unlock } from '../support/folders';
import { Ledger } from '../support/ledger';
import { describeBehindNginx } from '../support/nginx';
import { jpeg } from '../support/photos';
import { describeWithRedis, hasRedis } from '../support/redis-server';
import { wrongPin } from '../support/sign-ins';
import { TwoServers } from '../support/two-servers';
import type { Answer, VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

// Two servers behind deploy/nginx.conf are one vault, also while one of them dies or both are started anew.

jest.setTimeout(180_000);

const LIMIT = 300;
const LANES = 4;
/** How long nginx leaves a server alone that did not answer (fail_timeout), and a little. */
const KNOWN_AGAIN_MS = 1500;

describeBehindNginx('two servers as one, and what a client sees when one dies')('two servers behind nginx', () => {
  let vault: TwoServers;
  let people = 0;

  beforeAll(async () => {
    vault = await TwoServers.start({ PIN_WRONG_LIMIT: '10' });
  });
  afterAll(() => vault.close());

  const newPerson = () => vault.signUp(`person${++people}@example.com`);
  /** How often each of them was asked. */
  const shares = (): number[] =>
    vault.urls.map((url) => vault.nginx.accessLog.filter(({ upstream }) => upstream === new URL(url).host).length);

  it('are asked in turns', async () => {
    const alice = await newPerson();
    for (let n = 0; n < 38; n++) expect((await alice.list()).status).toBe(200);
    // A line is written when the answer is out already.
    await eventually('all are logged', () => vault.nginx.accessLog.length === 40);
    expect(shares()).toEqual([20, 20]);
  });

  it('take a PIN that the other has mailed, once', async () => {
    for (let n = 0; n < 4; n++) {
      const email = `pin${n}@example.com`;
      const json = { email, deviceId: 'phone' };
      const { body } = await vault.stranger().request('POST', '/users', { json });
      const trade = { challengeId: body.challengeId, deviceId: 'phone', pin: await vault.pinFor(email) };
      // An odd number of requests each time, so that asking and trading in meet in every way.
      if (n % 2) await vault.stranger().request('GET', '/server');
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => vault.stranger().request('POST', '/auth/sessions', { json: trade })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401, 401]);
    }
  });

  it('count wrong guesses together', async () => {
    const { email = '' } = await newPerson();
    const { body } = await vault.stranger().request('POST', '/auth/pin', { json: { email, deviceId: 'phone' } });
    const pin = await vault.pinFor(email);
    const guess = (guessed: string) =>
      vault.stranger().request('POST', '/auth/sessions', {
        json: { challengeId: body.challengeId, deviceId: 'phone', pin: guessed },
      });
    for (let n = 0; n < 3; n++) expect((await guess(wrongPin(pin))).status).toBe(401);
    for (let n = 0; n < 2; n++) expect((await guess(pin)).status).toBe(401);
  });

  it('end a session everywhere at once', async () => {
    const alice = await newPerson();
    for (let n = 0; n < 4; n++) expect((await alice.list()).status).toBe(200);
    expect((await alice.request('DELETE', '/auth/sessions/current')).status).toBe(204);
    for (let n = 0; n < 4; n++) expect((await alice.list()).status).toBe(401);
  });

  it('lock and unlock a folder everywhere at once, for the session that knows the password', async () => {
    const alice = await newPerson();
    const folderId = await newFolder(alice);
    const { id } = await putInto(alice, folderId, 'inside.jpg', jpeg(50_000, 'inside'));
    await lock(alice, folderId);
    const other = vault.stranger();
    await other.signIn(alice.email ?? '', 'tablet', (email) => vault.pinFor(email));
    for (let n = 0; n < 4; n++) expect(await outcome(alice.content(id))).toBe('423 FOLDER.LOCKED');
    expect((await unlock(alice, folderId)).status).toBe(200);
    for (let n = 0; n < 4; n++) expect((await alice.content(id)).status).toBe(200);
    for (let n = 0; n < 4; n++) expect(await outcome(other.content(id))).toBe('423 FOLDER.LOCKED');
  });

  it('retry what may be sent twice, and lose nothing that was answered, when one is killed under load', async () => {
    const alice = await newPerson();
    const ledger = new Ledger();
    const load = startLoad(alice, ledger);
    const reading = getInBulk(alice, '/files?limit=1', () => !load.over, { lanes: LANES });
    for (const place of [0, 1] as const) {
      await delay(700);
      await vault.process(place).end('SIGKILL');
      await delay(500);
      await vault.begin(place);
      await delay(KNOWN_AGAIN_MS);
    }
    const { answers, broken } = await load.stop();
    expect((await reading).statuses).toEqual({ 200: expect.any(Number) as number });
    // What was under way is answered that it can be sent again, or breaks off; everything else is stored.
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, ...onlyWith(answers, 503)]));
    expect(answers.filter(({ status }) => status === 503).length + broken).toBeLessThanOrEqual(4 * LANES);
    await ledger.audit(alice);
    expect(ledger.size).toBeGreaterThanOrEqual(answers.filter(({ status }) => status === 201).length);
    await vault.home.expireLeases();
    // A server sweeps when it starts.
    const sweeper = vault.home.start();
    await sweeper.ready();
    await vault.home.swept();
    await sweeper.end('SIGTERM');
    expect(await vault.home.disagreement()).toEqual({ objects: [], blobs: [] });
  });

  it('are started anew one after the other under load, and every request succeeds, at most at its second try', async () => {
    const alice = await newPerson();
    const load = startLoad(alice, new Ledger(), { tries: 2 });
    const reading = getInBulk(alice, '/files?limit=1', () => !load.over, { lanes: LANES, tries: 2 });
    for (const place of [0, 1] as const) {
      await delay(500);
      expect(await vault.process(place).end('SIGTERM')).toEqual({ code: 0, signal: null });
      await vault.begin(place);
      await delay(KNOWN_AGAIN_MS);
    }
    const { answers, broken } = await load.stop();
    expect({ broken, statuses: [...new Set(answers.map(({ status }) => status))] }).toEqual({
      broken: 0,
      statuses: [201],
    });
    expect((await reading).statuses).toEqual({ 200: expect.any(Number) as number });
    expect(answers.length).toBeGreaterThan(50);
  });

  it('say that they are away, as a problem, when both are, and nothing of an address is in any log of nginx', async () => {
    const alice = await newPerson();
    const { body } = await alice.put('secret-holiday.jpg', jpeg(1000, 'logs'));
    await alice.put('secret-holiday.txt', Buffer.from('no photo'));
    await alice.request('GET', '/Files/By-Name/secret-holiday.jpg/content');
    await alice.request('GET', '/secret-holiday/mistyped');
    await Promise.all([vault.process(0).end('SIGKILL'), vault.process(1).end('SIGKILL')]);
    for (const path of ['/files/by-name/secret-holiday.jpg/content', '/files%2Fby-name/secret-holiday.jpg/content']) {
      const { status, headers, body: problem } = await alice.request('GET', path);
      expect({ status, type: headers.get('content-type'), retry: headers.get('retry-after') }).toEqual({
        status: 503,
        type: 'application/problem+json',
        retry: '2',
      });
      expect(problem).toMatchObject({ status: 503, code: 'SERVER.NOT_READY', requestId: headers.get('x-request-id') });
    }
    expect((await alice.put('secret-holiday.jpg', jpeg(3_000_000, 'away'))).status).toBe(503);
    expect(vault.nginx.logs).toContain('"part":"files"');
    for (const told of ['secret', 'holiday', body.id, alice.token ?? '', 'person']) {
      expect(vault.nginx.logs).not.toContain(told);
    }
    await Promise.all([vault.begin(0), vault.begin(1)]);
    await delay(KNOWN_AGAIN_MS);
    expect((await alice.list()).status).toBe(200);
  });
});

describeWithRedis('one request rate over two servers behind nginx')('a rate', () => {
  (hasRedis ? describeBehindNginx('one request rate over two servers') : describe.skip)('behind nginx', () => {
    let vault: TwoServers;
    beforeAll(async () => (vault = await TwoServers.start({ RATE_LIMIT_PER_MINUTE: String(LIMIT) })));
    afterAll(() => vault.close());

    it('is one over both, and its 429 says how long to wait', async () => {
      const alice = await vault.signUp('alice@example.com');
      const { statuses } = await getInBulk(alice, '/users/me', 1.5 * LIMIT);
      expect(Object.keys(statuses)).toEqual(['200', '429']);
      expect(statuses[200]).toBeGreaterThanOrEqual(LIMIT);
      // For moments in which Redis answers too late, each of them counts for itself; all the time, that would be all requests.
      expect(statuses[200]).toBeLessThan(1.2 * LIMIT);
      const { status, headers, body } = await alice.request('GET', '/users/me');
      expect({ status, code: body.code }).toEqual({ status: 429, code: 'REQUEST.TOO_MANY' });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    });
  });
});

const onlyWith = (answers: readonly Answer<unknown>[], status: number): number[] =>
  answers.some((answer) => answer.status === status) ? [status] : [];

/** Uploads and renames until it is stopped, and keeps book of what was answered. A try that breaks or is answered 503 is made again, when the 503 says. */
function startLoad(client: VaultClient, ledger: Ledger, { tries = 1 } = {}) {
  const answers: Answer<unknown>[] = [];
  const load = { over: false, broken: 0 };
  let n = 0;
  const attempt = async (name: string, photo: Buffer): Promise<Answer<unknown> | null> => {
    const form = Number(name.split('.')[0]) % 2 === 1;
    const upload = () => (form ? client.post(name, photo) : client.put(name, photo));
    let answer: Answer<unknown> | null = null;
    for (let time = 0; time < tries && (answer === null || answer.status === 503); time++) {
      if (time > 0) await delay(1000 * Number(answer?.headers.get('retry-after') ?? 1));
      answer = await ledger.record(name, photo, upload);
      // The same bytes again are a duplicate of what the first try has stored after all.
      if (time > 0 && answer?.status === 200) answer = { ...answer, status: 201 };
    }
    return answer;
  };
  const lane = async (): Promise<void> => {
    while (!load.over) {
      const name = `${n++}.jpg`;
      const answer = await attempt(name, jpeg(100_000 + n, name));
      if (answer) answers.push(answer);
      else load.broken++;
    }
  };
  const lanes = Promise.all(Array.from({ length: LANES }, lane));
  return {
    get over() {
      return load.over;
    },
    stop: async () => {
      load.over = true;
      await lanes;
      return { answers, broken: load.broken };
    },
  };
}
