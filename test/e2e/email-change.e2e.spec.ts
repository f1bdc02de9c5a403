import { UsersService } from '../../src/users/users.service';
import { MailServer } from '../support/mail-server';
import { expectProblem } from '../support/problem';
import { wrongPin } from '../support/sign-ins';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';
import { clientOf, readPin, type ReadPin, trade } from '../support/whole-sign-in';

/** An account moves to another address: what has to be proved, who is told, and what is worth nothing afterwards. */
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const newEmail = () => `mover-${++people}@example.com`;

async function ask(client: VaultClient, email: string): Promise<Answer<ReadPin & { expiresIn: number }>> {
  return client.request('PUT', '/users/me/email', { json: { email } });
}

/** Asks for a PIN to a new address, and reads it there. */
async function askAndRead(client: VaultClient, email: string): Promise<ReadPin> {
  const { status, body } = await ask(client, email);
  expect(status).toBe(202);
  return { challengeId: body.challengeId, pin: await vault.logs.pinFor(email) };
}

async function confirm(client: VaultClient, { challengeId, pin }: ReadPin): Promise<Answer> {
  return client.request('POST', '/users/me/email/confirmation', { json: { challengeId, pin } });
}

async function emailOf(client: VaultClient): Promise<unknown> {
  return (await client.request('GET', '/users/me')).body.email;
}

/** What the database keeps of a person. */
async function rowOf(client: VaultClient): Promise<{ email_bidx: Buffer; email_sealed: Buffer }> {
  const rows = await vault.database.query<{ email_bidx: Buffer; email_sealed: Buffer }>(
    'SELECT email_bidx, email_sealed FROM users WHERE id = $1',
    [client.userId],
  );
  return rows[0] ?? { email_bidx: Buffer.alloc(0), email_sealed: Buffer.alloc(0) };
}

describe('a new address', () => {
  it('is the account’s once its PIN comes back, and not before', async () => {
    const [old, email] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old);
    const asked = await askAndRead(client, email);
    expect(await emailOf(client)).toBe(old);
    const answer = await confirm(client, asked);
    expect([answer.status, answer.bytes.length]).toEqual([204, 0]);
    expect(await emailOf(client)).toBe(email);
  });

  it('signs in to the same account from then on, and the old one does not', async () => {
    const [old, email] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old);
    await confirm(client, await askAndRead(client, email));
    expect((await clientOf(vault, email)).userId).toBe(client.userId);
    expect((await clientOf(vault, old)).userId).not.toBe(client.userId);
  });

  it('is kept as the old one was: sealed, and found by its blind index only', async () => {
    const client = await clientOf(vault, newEmail());
    const before = await rowOf(client);
    const email = 'find.me.moved@example.com';
    await confirm(client, await askAndRead(client, email));
    const after = await rowOf(client);
    const users = vault.app.get(UsersService, { strict: false });
    expect(after.email_bidx).toEqual(users.emailIndex(email));
    expect(after.email_sealed).not.toEqual(before.email_sealed);
    expect(Buffer.concat([after.email_bidx, after.email_sealed]).includes('find.me')).toBe(false);
  });

  it('is normalised like any other', async () => {
    const client = await clientOf(vault, newEmail());
    const { body } = await ask(client, 'Some.ONE@Example.COM');
    const pin = await vault.logs.pinFor('some.one@example.com');
    expect((await confirm(client, { challengeId: body.challengeId, pin })).status).toBe(204);
    expect(await emailOf(client)).toBe('some.one@example.com');
  });

  it('leaves the sessions as they are, and is written into the security log', async () => {
    const old = newEmail();
    const phone = await clientOf(vault, old, { deviceId: 'phone' });
    const client = await clientOf(vault, old);
    await confirm(client, await askAndRead(client, newEmail()));
    expect((await phone.request('GET', '/users/me')).status).toBe(200);
    const rows = await vault.database.query<{ kind: string; device: string }>(
      "SELECT kind, device FROM security_events WHERE user_id = $1 AND kind = 'email.changed'",
      [client.userId],
    );
    expect(rows).toEqual([{ kind: 'email.changed', device: 'laptop' }]);
  });

  it.each(['no address', 'a@b@c', '', `${'a'.repeat(250)}@example.com`, '"a\nb"@example.com'])(
    'is refused when it is none: %j',
    async (email) => {
      const client = await clientOf(vault, newEmail());
      expectProblem(await ask(client, email), { status: 422, code: 'REQUEST.INVALID' });
    },
  );
});

describe('moving', () => {
  const refusal = { status: 401, code: 'AUTH.PIN_REFUSED' };

  it('needs a fresh PIN to begin with', async () => {
    const client = await clientOf(vault, newEmail());
    await vault.database.query(
      "UPDATE sessions SET proved_at = clock_timestamp() - interval '6 minutes' WHERE user_id = $1",
      [client.userId],
    );
    expectProblem(await ask(client, newEmail()), { status: 403, code: 'AUTH.FRESH_PIN_REQUIRED' });
  });

  it('needs no second one to end with', async () => {
    const client = await clientOf(vault, newEmail());
    const asked = await askAndRead(client, newEmail());
    await vault.database.query(
      "UPDATE sessions SET proved_at = clock_timestamp() - interval '6 minutes' WHERE user_id = $1",
      [client.userId],
    );
    expect((await confirm(client, asked)).status).toBe(204);
  });

  it('needs a session for both steps', async () => {
    const { challengeId, pin } = await askAndRead(await clientOf(vault, newEmail()), newEmail());
    const stranger = vault.stranger();
    expectProblem(await ask(stranger, newEmail()), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
    expectProblem(await confirm(stranger, { challengeId, pin }), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  it('takes the right PIN once', async () => {
    const client = await clientOf(vault, newEmail());
    const asked = await askAndRead(client, newEmail());
    const answers = await Promise.all(Array.from({ length: 10 }, () => confirm(client, asked)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 9 }, () => 401)]);
  });

  it('takes three guesses', async () => {
    const client = await clientOf(vault, newEmail());
    const asked = await askAndRead(client, newEmail());
    for (let i = 1; i <= 3; i++) {
      expectProblem(await confirm(client, { ...asked, pin: wrongPin(asked.pin, i) }), refusal);
    }
    expectProblem(await confirm(client, asked), refusal);
  });

  it('is refused to another session, of the same person or of another', async () => {
    const email = newEmail();
    const client = await clientOf(vault, email);
    const asked = await askAndRead(client, newEmail());
    for (const other of [await clientOf(vault, email, { deviceId: 'phone' }), await clientOf(vault, newEmail())]) {
      expectProblem(await confirm(other, asked), refusal);
    }
    expect(await emailOf(client)).toBe(email);
  });

  it('is refused with a PIN that was asked for in order to sign in, or to re-authenticate', async () => {
    const email = newEmail();
    const client = await clientOf(vault, email);
    expectProblem(await confirm(client, await readPin(vault, email)), refusal);
    const { body } = await client.request<ReadPin>('POST', '/auth/reauthentication');
    const pin = await vault.logs.pinFor(email);
    expectProblem(await confirm(client, { challengeId: body.challengeId, pin }), refusal);
  });

  it('opens no session: its PIN is refused at the sign-in', async () => {
    const email = newEmail();
    const asked = await askAndRead(await clientOf(vault, newEmail()), email);
    expectProblem(await trade(vault, asked), refusal);
  });
});

describe('what was on its way to the old address', () => {
  it('opens nothing any more: PINs for a sign-in, for a re-authentication, for another change', async () => {
    const old = newEmail();
    const client = await clientOf(vault, old);
    const signIn = await readPin(vault, old, { deviceId: 'phone' });
    const { body } = await client.request<ReadPin>('POST', '/auth/reauthentication');
    const proof = { challengeId: body.challengeId, pin: await vault.logs.pinFor(old) };
    const phone = await clientOf(vault, old, { deviceId: 'tablet' });
    const other = await askAndRead(phone, newEmail());
    await confirm(client, await askAndRead(client, newEmail()));

    const refusal = { status: 401, code: 'AUTH.PIN_REFUSED' };
    expectProblem(await trade(vault, signIn, { deviceId: 'phone' }), refusal);
    expectProblem(await client.request('PUT', '/auth/reauthentication', { json: proof }), refusal);
    expectProblem(await confirm(phone, other), refusal);
  });

  it('includes the longer code', async () => {
    const old = newEmail();
    const client = await clientOf(vault, old);
    const { email_bidx } = await rowOf(client);
    await vault.database.query(
      "INSERT INTO step_up_codes VALUES ($1, '\\x00', clock_timestamp() + interval '15 minutes')",
      [email_bidx],
    );
    await confirm(client, await askAndRead(client, newEmail()));
    const left = await vault.database.query('SELECT FROM step_up_codes WHERE email_bidx = $1', [email_bidx]);
    expect(left).toEqual([]);
  });

  it('is still good when the change is refused', async () => {
    const [old, email] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old);
    const signIn = await readPin(vault, old, { deviceId: 'phone' });
    const asked = await askAndRead(client, email);
    await clientOf(vault, email);
    expect((await confirm(client, asked)).status).toBe(409);
    expect((await trade(vault, signIn, { deviceId: 'phone' })).status).toBe(201);
  });
});

describe('an address of somebody else', () => {
  it('is answered like any other, and cannot be had', async () => {
    const [taken, free] = [newEmail(), newEmail()];
    const owner = await clientOf(vault, taken);
    const client = await clientOf(vault, newEmail());
    const [one, other] = [await ask(client, taken), await ask(client, free)];
    expect([one.status, Object.keys(one.body), one.body.expiresIn]).toEqual([
      other.status,
      Object.keys(other.body),
      other.body.expiresIn,
    ]);
    expectProblem(await confirm(client, { challengeId: one.body.challengeId, pin: '0000' }), {
      status: 401,
      code: 'AUTH.PIN_REFUSED',
    });
    expect(await emailOf(owner)).toBe(taken);
  });

  it('who has proved it meanwhile: 409, and nothing is changed', async () => {
    const [old, email] = [newEmail(), newEmail()];
    const client = await clientOf(vault, old);
    const asked = await askAndRead(client, email);
    const owner = await clientOf(vault, email);
    expectProblem(await confirm(client, asked), { status: 409, code: 'USER.EMAIL_TAKEN' });
    expect(await Promise.all([client, owner].map(emailOf))).toEqual([old, email]);
  });
});

describe('the mail to the old address', () => {
  it('says when, from about where and on which device, and not where the account has gone', async () => {
    const mail = await MailServer.start();
    const posted = await startTestApp({ SMTP_URL: mail.url, PUBLIC_URL: 'https://photos.example.com' });
    try {
      const client = posted.stranger();
      await client.signUp('old@example.com', 'laptop-1', (address) => mail.pinFor(address));
      const { body } = await ask(client, 'new.home@example.org');
      const pin = await mail.pinFor('new.home@example.org');
      expect((await confirm(client, { challengeId: body.challengeId, pin })).status).toBe(204);
      const { text, html, headers } = await mail.mailTo('old@example.com');
      expect(headers.get('subject')).toBe('Your Photovault has a new e-mail address');
      expect(text).toContain('laptop-1');
      expect(text).toContain('127.0.x.x');
      expect(text).toMatch(/^Time: +\d{4}-\d\d-\d\d \d\d:\d\d UTC$/m);
      expect(text + html).not.toContain('new.home');
      expect(text + html).not.toContain(pin);
    } finally {
      await posted.close();
      await mail.stop();
    }
  });
});
