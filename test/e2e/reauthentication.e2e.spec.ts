import { fakeOnly } from '../support/fake-time';
import { expectProblem } from '../support/problem';
import { wrongPin } from '../support/sign-ins';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';
import { clientOf, readPin, type ReadPin, trade } from '../support/whole-sign-in';

/** A fresh PIN for what would take an account away (security design, section 4): how long it is fresh, and what wrong ones cost. */
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const newEmail = () => `careful-${++people}@example.com`;

async function isAlive(client: VaultClient): Promise<boolean> {
  return (await client.request('GET', '/users/me')).status === 200;
}

/** Does something that needs a fresh PIN. */
async function act(client: VaultClient): Promise<Answer> {
  return client.request('PUT', '/users/me/email', { json: { email: newEmail() } });
}

async function ask(client: VaultClient): Promise<ReadPin> {
  const { status, body } = await client.request<ReadPin>('POST', '/auth/reauthentication');
  expect([status, Object.keys(body)]).toEqual([202, ['challengeId', 'expiresIn']]);
  return { challengeId: body.challengeId, pin: await vault.logs.pinFor(client.email ?? '') };
}

async function prove(client: VaultClient, { challengeId, pin }: ReadPin): Promise<Answer> {
  return client.request('PUT', '/auth/reauthentication', { json: { challengeId, pin } });
}

/** Tries wrong PINs, with a new challenge whenever one is used up. @returns the statuses */
async function tryWrong(client: VaultClient, count: number): Promise<number[]> {
  const statuses: number[] = [];
  let asked = await ask(client);
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % 3 === 0) asked = await ask(client);
    statuses.push((await prove(client, { ...asked, pin: wrongPin(asked.pin, i + 1) })).status);
  }
  return statuses;
}

/** Makes the last right PIN of a person older. */
async function age(client: VaultClient, interval: string): Promise<void> {
  await vault.database.query('UPDATE sessions SET proved_at = clock_timestamp() - $2::interval WHERE user_id = $1', [
    client.userId,
    interval,
  ]);
}

async function eventsOf(client: VaultClient): Promise<string[]> {
  const rows = await vault.database.query<{ kind: string }>(
    'SELECT kind FROM security_events WHERE user_id = $1 ORDER BY created_at, id',
    [client.userId],
  );
  return rows.map(({ kind }) => kind);
}

describe('what needs a fresh PIN', () => {
  it('passes after a sign-in, which is one', async () => {
    expect((await act(await clientOf(vault, newEmail()))).status).toBe(202);
  });

  it('passes for five minutes, and no longer', async () => {
    const client = await clientOf(vault, newEmail());
    await age(client, '295 seconds');
    expect((await act(client)).status).toBe(202);
    await age(client, '300 seconds');
    expectProblem(await act(client), { status: 403, code: 'AUTH.FRESH_PIN_REQUIRED' });
  });

  it('keeps nobody from the rest', async () => {
    const client = await clientOf(vault, newEmail());
    await age(client, '1 day');
    expect((await client.list()).status).toBe(200);
  });

  it('is by the database’s clock: the server’s own may be an hour off', async () => {
    const [fresh, stale] = [await clientOf(vault, newEmail()), await clientOf(vault, newEmail())];
    await age(stale, '301 seconds');
    for (const hours of [-1, 1]) {
      fakeOnly(['Date'], Date.now() + hours * 3_600_000);
      try {
        expect([(await act(fresh)).status, (await act(stale)).status]).toEqual([202, 403]);
      } finally {
        jest.useRealTimers();
      }
    }
  });

  it('is of one session: a fresh PIN at one makes no other fresh', async () => {
    const email = newEmail();
    const [laptop, phone] = [await clientOf(vault, email), await clientOf(vault, email, { deviceId: 'phone' })];
    await age(laptop, '10 minutes');
    expect((await prove(laptop, await ask(laptop))).status).toBe(204);
    expect([(await act(laptop)).status, (await act(phone)).status]).toEqual([202, 403]);
  });
});

describe('a right PIN', () => {
  it('makes the session fresh again, and is written into the security log', async () => {
    const client = await clientOf(vault, newEmail());
    await age(client, '10 minutes');
    expect((await act(client)).status).toBe(403);
    expect((await prove(client, await ask(client))).status).toBe(204);
    expect((await act(client)).status).toBe(202);
    expect((await eventsOf(client)).at(-1)).toBe('session.reauthenticated');
  });

  it('works once', async () => {
    const client = await clientOf(vault, newEmail());
    const asked = await ask(client);
    expect((await prove(client, asked)).status).toBe(204);
    expectProblem(await prove(client, asked), { status: 401, code: 'AUTH.PIN_REFUSED' });
  });

  it('may come for a session that has run out meanwhile, which stays over', async () => {
    const client = await clientOf(vault, newEmail());
    const asked = await ask(client);
    await vault.database.query('UPDATE sessions SET ended_at = clock_timestamp() WHERE user_id = $1', [client.userId]);
    expectProblem(await prove(client, asked), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
    expect(await isAlive(client)).toBe(false);
  });
});

describe('a PIN is refused, and the session stays stale,', () => {
  const refusal = { status: 401, code: 'AUTH.PIN_REFUSED' };
  let client: VaultClient;
  beforeEach(async () => {
    client = await clientOf(vault, newEmail());
    await age(client, '10 minutes');
  });
  afterEach(async () => {
    expect((await act(client)).status).toBe(403);
    expect(await isAlive(client)).toBe(true);
  });

  it('when it is wrong', async () => {
    const asked = await ask(client);
    expectProblem(await prove(client, { ...asked, pin: wrongPin(asked.pin) }), refusal);
  });

  it('when another session of the same person has asked for it', async () => {
    const phone = await clientOf(vault, client.email ?? '', { deviceId: 'phone' });
    expectProblem(await prove(client, await ask(phone)), refusal);
  });

  it('when somebody else has asked for it', async () => {
    expectProblem(await prove(client, await ask(await clientOf(vault, newEmail()))), refusal);
  });

  it('when it was asked for in order to sign in', async () => {
    expectProblem(await prove(client, await readPin(vault, client.email ?? '')), refusal);
  });

  it('when it was asked for in order to change the address', async () => {
    const email = newEmail();
    await age(client, '0 seconds');
    const { body } = await client.request<ReadPin>('PUT', '/users/me/email', { json: { email } });
    await age(client, '10 minutes');
    expectProblem(await prove(client, { challengeId: body.challengeId, pin: await vault.logs.pinFor(email) }), refusal);
  });

  it('when a newer one was asked for', async () => {
    const old = await ask(client);
    await ask(client);
    expectProblem(await prove(client, old), refusal);
  });

  it('when it is used to sign in, where it is refused as well', async () => {
    expectProblem(await trade(vault, await ask(client)), refusal);
  });

  it('when the challenge is nonsense', async () => {
    expectProblem(await prove(client, { challengeId: 'nonsense', pin: '0000' }), refusal);
  });
});

describe('wrong PINs', () => {
  it('end the session, five of them, over however many challenges; no other session', async () => {
    const email = newEmail();
    const phone = await clientOf(vault, email, { deviceId: 'phone' });
    const client = await clientOf(vault, email);
    expect(await tryWrong(client, 4)).toEqual([401, 401, 401, 401]);
    expect(await isAlive(client)).toBe(true);
    expect(await tryWrong(client, 1)).toEqual([401]);
    expect(await Promise.all([client, phone].map(isAlive))).toEqual([false, true]);
    expect(await eventsOf(client)).toContain('session.ended');
  });

  it('are forgotten after a right one', async () => {
    const client = await clientOf(vault, newEmail());
    await tryWrong(client, 4);
    expect((await prove(client, await ask(client))).status).toBe(204);
    await tryWrong(client, 4);
    expect(await isAlive(client)).toBe(true);
  });

  it('end the session also when they come at once', async () => {
    const client = await clientOf(vault, newEmail());
    await tryWrong(client, 3);
    const asked = await ask(client);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => prove(client, { ...asked, pin: wrongPin(asked.pin, i + 1) })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(await isAlive(client)).toBe(false);
    const [row] = await vault.database.query('SELECT wrong_proofs FROM sessions WHERE user_id = $1', [client.userId]);
    expect(row).toEqual({ wrong_proofs: 5 });
  });

  it('of a sign-in, and at other challenges, are not counted against the session', async () => {
    const client = await clientOf(vault, newEmail());
    const asked = await readPin(vault, client.email ?? '');
    for (let i = 1; i <= 3; i++) await trade(vault, { ...asked, pin: wrongPin(asked.pin, i) });
    for (let i = 1; i <= 6; i++) await prove(client, { challengeId: 'A'.repeat(43), pin: '0000' });
    expect(await isAlive(client)).toBe(true);
  });
});

describe('a request that is not acceptable', () => {
  it.each([
    ['no challenge', { pin: '0427' }],
    ['no PIN', { challengeId: 'A'.repeat(43) }],
    ['a number for a PIN', { challengeId: 'A'.repeat(43), pin: 427 }],
    ['a field too much', { challengeId: 'A'.repeat(43), pin: '0427', deviceId: 'laptop' }],
  ])('is one with %s', async (_what, json) => {
    const client = await clientOf(vault, newEmail());
    const answer = await client.request('PUT', '/auth/reauthentication', { json });
    expectProblem(answer, { status: 422, code: 'REQUEST.INVALID' });
  });

  it.each(['POST', 'PUT'])('is a %s without a session', async (method) => {
    const answer = await vault.stranger().request(method, '/auth/reauthentication', { json: {} });
    expectProblem(answer, { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });
});
