import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { clientOf, readPin, type ReadPin, signIn, trade } from '../support/whole-sign-in';

/** How many sessions an account may have (security design, section 4): one more ends the one that was used the longest ago. */
const LIMIT = 5;
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp({ SESSION_LIMIT: String(LIMIT) });
});
afterAll(() => vault.close());

const newEmail = () => `many-sessions-${++people}@example.com`;
const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Sessions of one person, one after the other. */
async function signIns(email: string, count: number, first = 0): Promise<VaultClient[]> {
  const clients: VaultClient[] = [];
  for (let i = first; i < first + count; i++) clients.push(await clientOf(vault, email, { deviceId: `d${i}` }));
  return clients;
}

/** Which of some sessions are alive, by their place. */
async function alive(clients: readonly VaultClient[]): Promise<number[]> {
  const answers = await Promise.all(clients.map((client) => client.request('GET', '/users/me')));
  return answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
}

async function liveCount(on: TestApp, userId: string | undefined): Promise<number> {
  const rows = await on.database.query(
    `SELECT FROM sessions WHERE user_id = $1 AND ended_at IS NULL
        AND idle_expires_at > clock_timestamp() AND expires_at > clock_timestamp()`,
    [userId],
  );
  return rows.length;
}

describe('a session beyond the limit', () => {
  it('ends the first one, when none was used since', async () => {
    const clients = await signIns(newEmail(), LIMIT + 1);
    expect(await alive(clients)).toEqual(upTo(1, LIMIT + 1));
  });

  it('ends the one that was used the longest ago', async () => {
    const email = newEmail();
    const clients = await signIns(email, LIMIT);
    const [{ userId } = { userId: '' }] = clients;
    await vault.database.query(
      "UPDATE sessions SET last_seen_at = last_seen_at - interval '10 minutes' WHERE user_id = $1",
      [userId],
    );
    const used = [0, 2, 3];
    for (const i of used) await clients[i]?.request('GET', '/users/me');
    await eventually('their use is written down', async () => {
      const rows = await vault.database.query(
        "SELECT FROM sessions WHERE user_id = $1 AND last_seen_at > clock_timestamp() - interval '1 minute'",
        [userId],
      );
      return rows.length === used.length;
    });
    const more = await signIns(email, 1, LIMIT);
    // Nobody has used 1 and 4; 1 is the older one.
    expect(await alive([...clients, ...more])).toEqual([0, 2, 3, 4, 5]);
  });

  it('ends nothing when another one is over already', async () => {
    const email = newEmail();
    const clients = await signIns(email, LIMIT);
    await clients[1]?.request('DELETE', '/auth/sessions/current');
    await vault.database.query(
      "UPDATE sessions SET idle_expires_at = clock_timestamp() WHERE user_id = $1 AND device_id = 'd3'",
      [clients[0]?.userId],
    );
    const more = await signIns(email, 2, LIMIT);
    expect(await alive([...clients, ...more])).toEqual([0, 2, 4, 5, 6]);
  });

  it('ends nothing of other accounts', async () => {
    const [neighbour] = await signIns(newEmail(), 1);
    await signIns(newEmail(), LIMIT + 1);
    expect((await neighbour?.request('GET', '/users/me'))?.status).toBe(200);
  });

  it('ends several when the limit has become smaller', async () => {
    const email = newEmail();
    const clients = await signIns(email, LIMIT);
    const strict = await startTestApp({ DB_URL: vault.database.url, DATA_DIR: vault.dataDir, SESSION_LIMIT: '2' });
    try {
      await clientOf(strict, email, { deviceId: 'last' });
      expect(await alive(clients)).toEqual([LIMIT - 1]);
      expect(await liveCount(vault, clients[0]?.userId)).toBe(2);
    } finally {
      await strict.close();
    }
  });
});

describe('sign-ins from trusted devices at once, which have no budget in common', () => {
  it('leave exactly as many sessions as there may be', async () => {
    const email = newEmail();
    const pins: ReadPin[] = [];
    let userId = '';
    for (let i = 0; i < 10; i++) {
      const { body } = await signIn(vault, email, { deviceId: `d${i}`, remember: true });
      userId = body.user.id;
      pins.push(await readPin(vault, email, { deviceId: `d${i}`, deviceToken: body.deviceToken }));
    }
    const answers = await Promise.all(pins.map((pin, i) => trade(vault, pin, { deviceId: `d${i}` })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
    expect(await liveCount(vault, userId)).toBe(LIMIT);
  });
});

describe('thirty sign-ins of one account at once', () => {
  it('leave exactly twenty sessions, whoever was there before', async () => {
    const usual = await startTestApp();
    /** An account with some sessions, and thirty right PINs. */
    const prepare = async (sessions: number) => {
      const email = newEmail();
      const pins: ReadPin[] = [];
      for (let i = 0; i < 30; i++) pins.push(await readPin(usual, email, { deviceId: `d${i}` }));
      let userId = '';
      for (let i = 0; i < sessions; i++) ({ userId = '' } = await clientOf(usual, email, { deviceId: `earlier${i}` }));
      return { pins, userId };
    };
    try {
      const accounts = await Promise.all([1, 1, 2, 20].map(prepare));
      for (const { pins, userId } of accounts) {
        const answers = await Promise.all(pins.map((pin, i) => trade(usual, pin, { deviceId: `d${i}` })));
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 201));
        expect(await liveCount(usual, userId)).toBe(20);
      }
    } finally {
      await usual.close();
    }
  }, 60_000);
});
