import { AccessAdministration } from '../../src/auth/administration/access-administration.service';
import { AppError } from '../../src/platform/errors/app-error';
import { withClient } from '../../src/platform/database/open-database';
import { UsersService } from '../../src/users/users.service';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { clientOf, readPin, type ReadPin, signIn, trade } from '../support/whole-sign-in';

/** What whoever runs the vault does about who gets in, beside people who are signed in, or just signing in. */
let vault: TestApp;
let access: AccessAdministration;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
  access = vault.app.get(AccessAdministration, { strict: false });
});
afterAll(() => vault.close());

const NO_SESSION = { status: 401, code: 'AUTH.SESSION_REQUIRED' };
const REFUSED = { status: 401, code: 'AUTH.PIN_REFUSED' };
const newEmail = () => `person-${++people}@example.com`;
const isSignedIn = async (client: VaultClient) => (await client.request('GET', '/users/me')).status === 200;

/** The code of the refusal. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (error instanceof AppError) return error.definition.code;
  throw new Error('it was not refused', { cause: error });
}

/** How many sessions and trusted devices an account has. */
async function holds(userId: string | undefined): Promise<object | undefined> {
  const rows = await vault.database.query<object>(
    `SELECT (SELECT count(*)::int FROM sessions WHERE user_id = $1 AND ended_at IS NULL) AS sessions,
            (SELECT count(*)::int FROM trusted_devices WHERE user_id = $1) AS devices`,
    [userId],
  );
  return rows[0];
}

async function eventsOf(userId: string | undefined): Promise<string[]> {
  const rows = await vault.database.query<{ kind: string; device: string }>(
    'SELECT kind, device FROM security_events WHERE user_id = $1 AND ip IS NULL ORDER BY created_at, id',
    [userId],
  );
  return rows.map(({ kind, device }) => `${kind}: ${device}`);
}

describe('moving an account to another address', () => {
  it('ends its sessions and its trust in devices, and leaves everything else as it is', async () => {
    const [old, email] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old, { deviceId: 'tablet', remember: true });
    const phone = await clientOf(vault, old, { deviceId: 'phone' });
    const moved = await access.setEmail(old, email);
    expect(moved).toEqual({ id: client.userId, sessions: 2, devices: 1, told: false });
    for (const each of [client, phone]) expectProblem(await each.request('GET', '/users/me'), NO_SESSION);
    expect(await holds(client.userId)).toEqual({ sessions: 0, devices: 0 });
    const again = await clientOf(vault, email);
    expect((await again.request('GET', '/users/me')).body).toMatchObject({ id: client.userId, email });
    expect((await clientOf(vault, old)).userId).not.toBe(client.userId);
    const byOperator = await eventsOf(client.userId);
    expect(byOperator.slice(0, 2).sort()).toEqual(['session.ended: phone', 'session.ended: tablet']);
    expect(byOperator.slice(2)).toEqual(['device.removed: tablet', 'email.changed: vault users set-email']);
  });

  it('makes what was on its way to the old address worthless: PINs of a sign-in and of a change, and the code', async () => {
    const [old, elsewhere] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old);
    const pin = await readPin(vault, old, { deviceId: 'phone' });
    await client.request('PUT', '/users/me/email', { json: { email: elsewhere } });
    await vault.logs.pinFor(elsewhere);
    const index = vault.app.get(UsersService, { strict: false }).emailIndex(old);
    await vault.database.query("INSERT INTO step_up_codes VALUES ($1, '\\x00', now() + interval '15 minutes')", [
      index,
    ]);
    await access.setEmail(old, newEmail());
    expectProblem(await trade(vault, pin, { deviceId: 'phone' }), REFUSED);
    expect(await vault.database.query('SELECT FROM step_up_codes WHERE email_bidx = $1', [index])).toEqual([]);
    expect(
      await vault.database.query('SELECT FROM login_challenges WHERE user_id = $1 AND consumed_at IS NULL', [
        client.userId,
      ]),
    ).toEqual([]);
  });

  it('to an address that another account has, also a disabled one, is refused and changes nothing', async () => {
    const [email, taken] = [newEmail(), newEmail()];
    const client = await clientOf(vault, email);
    const pin = await readPin(vault, email, { deviceId: 'phone' });
    const other = await clientOf(vault, taken);
    expect(await refusal(access.setEmail(email, taken))).toBe('USER.EMAIL_TAKEN');
    expect([await isSignedIn(client), await isSignedIn(other)]).toEqual([true, true]);
    expect((await trade(vault, pin, { deviceId: 'phone' })).status).toBe(201);
    await access.disable(taken);
    expect(await refusal(access.setEmail(email, taken))).toBe('USER.EMAIL_TAKEN');
    expect(await refusal(access.setEmail(newEmail(), newEmail()))).toBe('USER.NOT_FOUND');
  });

  it('leaves a disabled account disabled', async () => {
    const [old, email] = [newEmail(), newEmail()];
    await clientOf(vault, old);
    await access.disable(old);
    await access.setEmail(old, email);
    expect((await access.disable(email)).changed).toBe(false);
  });
});

describe('ending sessions', () => {
  it('of one account ends those, and PINs that are under way, and nobody else’s; devices stay trusted', async () => {
    const [email, other] = [newEmail(), await clientOf(vault, newEmail())];
    const client = await clientOf(vault, email, { remember: true });
    const pin = await readPin(vault, email, { deviceId: 'phone' });
    expect(await access.revokeSessions(email, { devices: false })).toEqual({
      id: client.userId,
      sessions: 1,
      devices: 0,
    });
    expect([await isSignedIn(client), await isSignedIn(other)]).toEqual([false, true]);
    expectProblem(await trade(vault, pin, { deviceId: 'phone' }), REFUSED);
    expect(await holds(client.userId)).toEqual({ sessions: 0, devices: 1 });
    expect((await access.revokeSessions(email, { devices: false })).sessions).toBe(0);
  });

  it('with devices ends the trust in them as well: their tokens are worth nothing', async () => {
    const email = newEmail();
    const { body } = await signIn(vault, email, { deviceId: 'tablet', remember: true });
    expect(await access.revokeSessions(email, { devices: true })).toMatchObject({ sessions: 1, devices: 1 });
    expect(await holds(body.user.id)).toEqual({ sessions: 0, devices: 0 });
    await readPin(vault, email, { deviceId: 'tablet', deviceToken: body.deviceToken });
    const trusted = await vault.database.query(
      'SELECT FROM login_challenges WHERE user_id = $1 AND trusted_device_id IS NOT NULL',
      [body.user.id],
    );
    expect(trusted).toEqual([]);
  });

  it('ends one of them by its id, and never somebody else’s', async () => {
    const [email, other] = [newEmail(), newEmail()];
    const [laptop, phone] = [await clientOf(vault, email), await clientOf(vault, email, { deviceId: 'phone' })];
    await clientOf(vault, other);
    const [newest, oldest] = await access.listSessions(email);
    expect([newest, oldest]).toEqual([
      expect.objectContaining({ deviceId: 'phone', ip: '127.0.0.1', trusted: false }),
      expect.objectContaining({ deviceId: 'laptop' }),
    ]);
    expect(JSON.stringify(newest)).not.toMatch(/token|hash/i);
    const id = newest?.id ?? '';
    expect(await refusal(access.revokeSession(other, id))).toBe('SESSION.NOT_FOUND');
    expect(await access.revokeSession(email, id)).toMatchObject({ sessions: 1 });
    expect([await isSignedIn(laptop), await isSignedIn(phone)]).toEqual([true, false]);
    expect(await refusal(access.revokeSession(email, id))).toBe('SESSION.NOT_FOUND');
  });
});

describe('while an account is moving to another address', () => {
  /** Moves an account with everybody else waiting for it, and lets go once `act` waits. */
  async function whileMoving<T>(userId: string | undefined, act: () => Promise<T>): Promise<T> {
    const [acting] = await withClient(vault.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query("UPDATE users SET email_bidx = email_bidx || '\\x00' WHERE id = $1", [userId]);
      const started = act();
      started.catch(() => undefined);
      await eventually('it waits for the account', async () => {
        const waiting = await vault.database.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return waiting.length === 1;
      });
      await client.query('COMMIT');
      return [started] as const;
    });
    return acting;
  }

  it('nothing is done to it by its old address', async () => {
    const email = newEmail();
    const client = await clientOf(vault, email);
    expect(await refusal(whileMoving(client.userId, () => access.revokeSessions(email, { devices: true })))).toBe(
      'USER.NOT_FOUND',
    );
    expect(await isSignedIn(client)).toBe(true);
  });

  it('a PIN of a sign-up with the old one, from before the account was made, does not sign in to it', async () => {
    const email = newEmail();
    const early = await readPin(vault, email, { deviceId: 'early' });
    const client = await clientOf(vault, email);
    expectProblem(await whileMoving(client.userId, () => trade(vault, early, { deviceId: 'early' })), REFUSED);
    expect(await holds(client.userId)).toMatchObject({ sessions: 1 });
  });
});

describe('at the moment in which many sign in with right PINs', () => {
  const acts: readonly (readonly [string, (email: string) => Promise<unknown>])[] = [
    ['disabling', (email) => access.disable(email)],
    ['ending sessions', (email) => access.revokeSessions(email, { devices: true })],
    ['moving', (email) => access.setEmail(email, newEmail())],
  ];

  it.each(acts)('%s comes before or after each of them, and leaves no session', async (_, act) => {
    for (let round = 0; round < 5; round++) {
      const email = newEmail();
      const client = await clientOf(vault, email);
      const devices = [0, 1, 2, 3, 4, 5].map((i) => `device-${i}`);
      const pins: ReadPin[] = [];
      for (const deviceId of devices) pins.push(await readPin(vault, email, { deviceId }));
      const [, ...answers] = await Promise.all([
        act(email),
        ...pins.map((pin, i) => trade(vault, pin, { deviceId: devices[i], remember: i % 2 === 0 })),
      ]);
      for (const { status } of answers) expect([201, 401]).toContain(status);
      const { sessions } = (await holds(client.userId)) as { sessions: number };
      expect(sessions).toBe(0);
    }
  });
});
