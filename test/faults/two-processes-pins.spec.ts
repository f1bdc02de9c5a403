import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { wrongPin } from '../support/sign-ins';
import { WITHOUT_LIMITS } from '../support/test-app';
import { type Answer, VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

// Two servers on one database, the clock of one an hour ahead: PINs are counted, compared and forgotten as if there were one.

jest.setTimeout(120_000);

const HOUR_MS = 3_600_000;
/** Mails leave within a fifth of a second. */
const MAIL_MS = 400;
// In quotes: the clone may lie in a path with spaces.
const SHIFTED = `--require ${JSON.stringify(join(__dirname, '../support/shifted-clock.cjs'))}`;
/** Everything but the guesses, which are the subject. */
const ENV = { ...WITHOUT_LIMITS, PIN_WRONG_LIMIT: '10', PIN_BREAKER_WRONG: '1000000' };

interface SignedIn {
  readonly sessionToken: string;
  readonly deviceToken?: string;
}

describe.each([
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
])('PINs at two processes, one of them an hour %s', (_way, shift) => {
  let database: TestDatabase;
  let home: VaultHome;
  let processes: VaultProcess[];
  let clients: VaultClient[];
  let people = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await VaultHome.create({ ...ENV, DB_URL: database.url });
    processes = [home.start(), home.start({ NODE_OPTIONS: SHIFTED, CLOCK_SHIFT_MS: String(shift) })];
    clients = await Promise.all(processes.map(async (each) => new VaultClient(await each.ready())));
  });
  afterAll(async () => {
    await home.close();
    await database.drop();
  });

  const at = (i: number) => clients[i % 2];

  /** Asks at process `i`, and reads the mail there. */
  async function ask(
    email: string,
    { deviceId = 'laptop', i = 0, route = '/auth/pin' } = {},
  ): Promise<{ challengeId: string; deviceId: string; pin: string }> {
    const json = { email, deviceId };
    const { status, body } = await at(i).request<{ challengeId: string }>('POST', route, { json });
    expect(status).toBe(202);
    return { challengeId: body.challengeId, deviceId, pin: await processes[i % 2].stdout.pinFor(email) };
  }

  const enter = (i: number, json: object): Promise<Answer<SignedIn>> =>
    at(i).request<SignedIn>('POST', '/auth/sessions', { json });

  /** A person with an account, and the token of a device that is remembered. */
  async function newPerson(): Promise<{ email: string; deviceToken?: string }> {
    const email = `person${++people}@example.com`;
    const asked = await ask(email, { deviceId: 'tablet', route: '/users' });
    const { body } = await enter(1, { ...asked, remember: true });
    return { email, deviceToken: body.deviceToken };
  }

  const sessionsOf = (email: string) =>
    database
      .query<{ count: number }>('SELECT count(*)::int AS count FROM sessions')
      .then(([row]) => ({ email, count: row?.count ?? NaN }));

  it.each(Array.from({ length: 10 }, (_, i) => i + 1))(
    'are good for exactly one of 100 that send the right one at the same moment (round %i)',
    async (round) => {
      const { email } = await newPerson();
      const asked = await ask(email, { i: round });
      const before = await sessionsOf(email);
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => enter(i, asked)));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array.from({ length: 99 }, () => 401)]);
      expect((await sessionsOf(email)).count).toBe(before.count + 1);
    },
  );

  it('are compared exactly ten times when 400 wrong ones come together; then a code is mailed, and a remembered device needs none', async () => {
    const { email, deviceToken } = await newPerson();
    const asked = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const json = { email, deviceId: `stranger-${i}` };
        const { body } = await at(i).request<{ challengeId: string }>('POST', '/auth/pin', { json });
        return { challengeId: body.challengeId, deviceId: `stranger-${i}` };
      }),
    );
    const hashes = await database.query<{ id: string }>('SELECT id FROM login_challenges WHERE consumed_at IS NULL');
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => enter(i, { ...(asked[i % 20] as object), pin: 'none' })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    const [compared] = await database.query<{ sum: number }>(
      'SELECT sum(attempts)::int AS sum FROM login_challenges WHERE id = ANY($1)',
      [hashes.map(({ id }) => id)],
    );
    expect(compared).toEqual({ sum: 10 });

    await sleep(MAIL_MS);
    const codes = processes.map(({ stdout }) => stdout.newest(new RegExp(`PIN ((?=\\d*[A-Z])\\w{8}) for ${email}`)));
    expect(codes.filter((code) => code !== '')).toHaveLength(1);
    const code = codes.join('');

    const json = { email, deviceId: 'tablet', deviceToken };
    const { body } = await at(1).request<{ challengeId: string }>('POST', '/auth/pin', { json });
    await sleep(MAIL_MS);
    const pin = processes[1]?.stdout.newest(new RegExp(`PIN (\\d{4}) for ${email}`));
    const trusted = { challengeId: body.challengeId, deviceId: 'tablet', pin };
    expect((await enter(0, trusted)).status).toBe(201);
    expect((await enter(1, { ...(asked[7] as object), pin: code })).status).toBe(201);
    expect((await enter(0, { ...(asked[8] as object), pin: code })).status).toBe(401);
  });

  it('expire by the database’s clock, and so do sessions', async () => {
    const { email } = await newPerson();
    const [young, old] = [await ask(email, { i: 0 }), await ask(email, { deviceId: 'phone', i: 1 })];
    await database.query('UPDATE login_challenges SET expires_at = clock_timestamp() WHERE device_hash = sha256($1)', [
      Buffer.from('phone'),
    ]);
    for (const i of [0, 1]) expect((await enter(i, old)).status).toBe(401);
    const { status, body } = await enter(1, young);
    expect(status).toBe(201);
    const headers = { authorization: `Bearer ${body.sessionToken}` };
    for (const i of [0, 1]) expect((await at(i).request('GET', '/users/me', { headers })).status).toBe(200);
    await database.query("UPDATE sessions SET idle_expires_at = clock_timestamp() WHERE device_id = 'laptop'");
    for (const i of [0, 1]) expect((await at(i).request('GET', '/users/me', { headers })).status).toBe(401);
  });

  it('take a uniform refusal for whatever is wrong', async () => {
    const { email } = await newPerson();
    const old = await ask(email, { i: 0 });
    const fresh = await ask(email, { i: 1 });
    const used = await ask(email, { deviceId: 'phone' });
    expect((await enter(0, used)).status).toBe(201);
    const other = await ask((await newPerson()).email, { deviceId: 'laptop' });
    const refusals = [
      old,
      used,
      { ...fresh, pin: wrongPin(fresh.pin) },
      { ...fresh, challengeId: other.challengeId },
      { ...fresh, deviceId: 'phone' },
      { ...fresh, challengeId: 'A'.repeat(43) },
    ];
    const answers = await Promise.all(refusals.map((json, i) => enter(i, json)));
    const shapes = answers.map(({ status, body }) => JSON.stringify({ status, ...body, requestId: '' }));
    expect(new Set(shapes).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
  });
});
