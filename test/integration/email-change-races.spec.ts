import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { PinBudgets } from '../../src/auth/pin/pin-budgets';
import { withClient } from '../../src/platform/database/open-database';
import { UsersService } from '../../src/users/users.service';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';
import { clientOf, readPin, type ReadPin, signIn, trade } from '../support/whole-sign-in';

/** A change of address, and what happens to the same account or the same address at the same moment. */
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const newEmail = () => `racer-${++people}@example.com`;

/** Asks for a PIN to a new address, and reads it there. */
async function askAndRead(client: VaultClient, email: string): Promise<ReadPin> {
  const { body } = await client.request<ReadPin>('PUT', '/users/me/email', { json: { email } });
  return { challengeId: body.challengeId, pin: await vault.logs.pinFor(email) };
}

async function confirm(client: VaultClient, { challengeId, pin }: ReadPin): Promise<Answer> {
  return client.request('POST', '/users/me/email/confirmation', { json: { challengeId, pin } });
}

async function emailOf(client: VaultClient): Promise<unknown> {
  return (await client.request('GET', '/users/me')).body.email;
}

describe('an address that somebody else proves at the same moment', () => {
  it('in order to move there: one has it, the other is told', async () => {
    for (let round = 0; round < 5; round++) {
      const email = newEmail();
      const [one, other] = [await clientOf(vault, newEmail()), await clientOf(vault, newEmail())];
      const [ones, others] = [await askAndRead(one, email), await askAndRead(other, email)];
      const answers = await Promise.all([confirm(one, ones), confirm(other, others)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    }
  });

  it('in order to sign up: one account has it', async () => {
    for (let round = 0; round < 5; round++) {
      const email = newEmail();
      const client = await clientOf(vault, newEmail());
      const [change, signUp] = [await askAndRead(client, email), await readPin(vault, email)];
      const [changed, signedUp] = await Promise.all([confirm(client, change), trade(vault, signUp)]);
      expect(signedUp.status).toBe(201);
      expect([204, 409]).toContain(changed.status);
      // Whoever holds the mailbox is in the account that has it.
      expect(signedUp.body.user.id === client.userId).toBe(changed.status === 204);
    }
  });
});

describe('a change', () => {
  it('ends what was being asked for at the same moment: the old mailbox opens nothing, whatever is still mailed there', async () => {
    const old = newEmail();
    const owner = await clientOf(vault, old);
    const change = await askAndRead(owner, newEmail());
    const emailBidx = vault.app.get(UsersService, { strict: false }).emailIndex(old);
    const { key } = vault.app.get(PinBudgets, { strict: false }).requestsForAccount(emailBidx);
    const asked = await withClient(vault.database.url, async (client) => {
      // Halts the request after it has seen whose address it is.
      await client.query('BEGIN');
      await client.query('SELECT FROM budgets WHERE key = $1 FOR UPDATE', [key]);
      const request = vault
        .stranger()
        .request<ReadPin>('POST', '/auth/pin', { json: { email: old, deviceId: 'thief' } });
      await sleep(300);
      expect((await confirm(owner, change)).status).toBe(204);
      await client.query('ROLLBACK');
      return request;
    });
    const thief = { challengeId: asked.body.challengeId, pin: await vault.logs.pinFor(old) };
    expect((await trade(vault, thief, { deviceId: 'thief' })).status).toBe(401);
    expect(await vault.database.query('SELECT FROM sessions WHERE user_id = $1', [owner.userId])).toHaveLength(1);
  });

  it('of a thief who is being thrown out at the same moment does not come through', async () => {
    const old = newEmail();
    const thief = await clientOf(vault, old, { deviceId: 'thief' });
    const owner = await clientOf(vault, old, { deviceId: 'laptop' });
    const change = await askAndRead(thief, newEmail());
    // Makes the bucket, which a refund leaves.
    await trade(vault, { challengeId: (await askAndRead(owner, newEmail())).challengeId, pin: 'none' });
    const breaker = await vault.app.get(PinBudgets, { strict: false }).breaker(vault.app.get(DataSource).manager);
    const confirmation = await withClient(vault.database.url, async (client) => {
      // Halts the confirmation after the guard has let it in.
      await client.query('BEGIN');
      expect((await client.query('SELECT FROM budgets WHERE key = $1 FOR UPDATE', [breaker.key])).rowCount).toBe(1);
      const confirming = confirm(thief, change);
      await sleep(300);
      expect((await owner.request('DELETE', '/auth/sessions')).status).toBe(204);
      await client.query('ROLLBACK');
      return confirming;
    });
    expect(confirmation.status).toBe(401);
    expect(await emailOf(owner)).toBe(old);
  });

  it('and sign-ins from trusted devices and requests for PINs at the same moment: never a fault', async () => {
    for (let round = 0; round < 6; round++) {
      const old = newEmail();
      const client = await clientOf(vault, old);
      const pins: ReadPin[] = [];
      for (let i = 0; i < 3; i++) {
        const { body } = await signIn(vault, old, { deviceId: `d${i}`, remember: true });
        pins.push(await readPin(vault, old, { deviceId: `d${i}`, deviceToken: body.deviceToken }));
      }
      const asked = await askAndRead(client, newEmail());
      const [changed, requests, signIns] = await Promise.all([
        confirm(client, asked),
        Promise.all(
          [0, 1, 2, 3].map((i) =>
            vault.stranger().request('POST', '/auth/pin', { json: { email: old, deviceId: `d${i}` } }),
          ),
        ),
        Promise.all(pins.map((pin, i) => trade(vault, pin, { deviceId: `d${i}`, remember: true }))),
      ]);
      expect(changed.status).toBe(204);
      expect(requests.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
      for (const { status } of signIns) expect([201, 401]).toContain(status);
    }
  });

  it('that fails at its end has changed nothing, and its PIN is still good', async () => {
    const [old, email] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old);
    const asked = await askAndRead(client, email);
    const broken = vault.app.get(DataSource);
    await broken.query('ALTER TABLE security_events RENAME TO away');
    expect((await confirm(client, asked)).status).toBe(500);
    await broken.query('ALTER TABLE away RENAME TO security_events');
    expect(await emailOf(client)).toBe(old);
    expect((await confirm(client, asked)).status).toBe(204);
  });
});

describe('two changes of one account at the same moment, each proved by a code', () => {
  it('are one change: the other is refused, and neither fails', async () => {
    const stepUp = await startTestApp({ PIN_BREAKER_WRONG: '1' });
    try {
      const email = newEmail();
      const owner = [
        await clientOf(stepUp, email, { deviceId: 'laptop' }),
        await clientOf(stepUp, email, { deviceId: 'phone' }),
      ];
      const wrong = await readPin(stepUp, newEmail());
      expect((await trade(stepUp, { ...wrong, pin: 'none' })).status).toBe(401);
      for (let round = 0; round < 10; round++) {
        const confirmations = await Promise.all(
          owner.map(async (client) => {
            const to = newEmail();
            const { body } = await client.request<ReadPin>('PUT', '/users/me/email', { json: { email: to } });
            return { challengeId: body.challengeId, pin: await stepUp.logs.pinFor(to) };
          }),
        );
        expect(confirmations[0]?.pin).toHaveLength(8);
        const answers = await Promise.all(owner.map((client, i) => confirm(client, confirmations[i] as ReadPin)));
        expect(answers.map(({ status }) => status).sort()).toEqual([204, 401]);
      }
    } finally {
      await stepUp.close();
    }
  });
});
