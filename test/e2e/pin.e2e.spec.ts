import { randomBytes } from 'node:crypto';
import { MailServer } from '../support/mail-server';
import { askForPin, type AskedPin, challengeHash, type SignedIn, tradeIn } from '../support/pins';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer } from '../support/vault-client';

/** The 4-digit PIN through the door (security design, section 3). */
let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const REFUSED = { status: 401, code: 'AUTH.PIN_REFUSED' };
let people = 0;

/** Asks for a PIN, for a new address unless one is given. */
async function ask(email = `person${++people}@example.com`, deviceId?: string, route?: string): Promise<AskedPin> {
  return askForPin(vault, email, { deviceId, route });
}

async function verify(asked: Omit<AskedPin, 'email'>): Promise<Answer<SignedIn>> {
  return tradeIn(vault, asked);
}

function wrong(pin: string): string {
  return String((Number(pin) + 1) % 10_000).padStart(4, '0');
}

async function count(sql: string, ...values: unknown[]): Promise<number> {
  const [row] = await vault.database.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${sql}`, values);
  return row.count;
}

async function expire(challengeId: string): Promise<void> {
  const sql = `UPDATE login_challenges SET expires_at = clock_timestamp() WHERE id_hash = $1`;
  await vault.database.query(sql, [challengeHash(challengeId)]);
}

describe('the right PIN', () => {
  it('works once', async () => {
    const asked = await ask();
    expect(asked.pin).toMatch(/^\d{4}$/);
    expect((await verify(asked)).status).toBe(201);
    expectProblem(await verify(asked), REFUSED);
  });

  it('works once when 20 send it at the same moment', async () => {
    const asked = await ask();
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify(asked)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 401)]);
    const { user } = answers.find(({ status }) => status === 201)?.body ?? {};
    expect(await count('sessions WHERE user_id = $1', user?.id)).toBe(1);
  });

  it('keeps its leading zeros', async () => {
    let asked = await ask();
    for (let tries = 0; !asked.pin.startsWith('0') && tries < 300; tries++) asked = await ask();
    expect(asked.pin).toMatch(/^0\d{3}$/);
    expectProblem(await verify({ ...asked, pin: asked.pin.replace(/^0+(?=.)/, '') }), REFUSED);
    expectProblem(await verify({ ...asked, pin: `${asked.pin} ` }), REFUSED);
    expect((await verify(asked)).status).toBe(201);
  });

  it('must be a string: a number would lose its zeros', async () => {
    const asked = await ask();
    for (const pin of [Number(asked.pin), [asked.pin], { pin: asked.pin }, null, true]) {
      const answer = await verify({ ...asked, pin: pin as unknown as string });
      expectProblem(answer, { status: 422, code: 'REQUEST.INVALID' });
    }
    expect((await verify(asked)).status).toBe(201);
  });

  it('is found by the address however it is written', async () => {
    const asked = await ask('Case.Person@EXAMPLE.com');
    const { body } = await verify(asked);
    expect(body.user.email).toBe('case.person@example.com');
    const again = await verify(await ask('case.person@example.COM', 'phone', '/auth/pin'));
    expect(again.body.user.id).toBe(body.user.id);
  });
});

describe('guesses', () => {
  it('three wrong ones end a PIN: the right one is refused then', async () => {
    const asked = await ask();
    for (let i = 0; i < 3; i++) expectProblem(await verify({ ...asked, pin: wrong(asked.pin) }), REFUSED);
    expectProblem(await verify(asked), REFUSED);
  });

  it('two wrong ones do not', async () => {
    const asked = await ask();
    for (let i = 0; i < 2; i++) await verify({ ...asked, pin: wrong(asked.pin) });
    expect((await verify(asked)).status).toBe(201);
  });

  it('are counted when 30 come at the same moment: three are compared, whatever the order', async () => {
    const asked = await ask();
    const others = Array.from({ length: 30 }, (_, i) => String((Number(asked.pin) + 1 + i) % 10_000).padStart(4, '0'));
    const answers = await Promise.all(others.map((pin) => verify({ ...asked, pin })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    const [row] = await vault.database.query('SELECT attempts FROM login_challenges WHERE id_hash = $1', [
      challengeHash(asked.challengeId),
    ]);
    expect(row).toEqual({ attempts: 3 });
    expectProblem(await verify(asked), REFUSED);
  });

  it('at a challenge that nobody asked for are counted nowhere', async () => {
    const before = await count('login_challenges WHERE attempts > 0');
    for (let i = 0; i < 5; i++) {
      const challengeId = randomBytes(32).toString('base64url');
      expectProblem(await verify({ challengeId, deviceId: 'laptop', pin: '0000' }), REFUSED);
    }
    expect(await count('login_challenges WHERE attempts > 0')).toBe(before);
  });
});

describe('every refusal has one text', () => {
  const cases: [what: string, make: () => Promise<Omit<AskedPin, 'email'>>][] = [
    ['a wrong PIN', () => ask().then((asked) => ({ ...asked, pin: wrong(asked.pin) }))],
    ['a PIN of another length', () => ask().then((asked) => ({ ...asked, pin: `${asked.pin}0` }))],
    ['an expired PIN', () => ask().then((asked) => expire(asked.challengeId).then(() => asked))],
    ['a used PIN', () => ask().then((asked) => verify(asked).then(() => asked))],
    ['another device', () => ask().then((asked) => ({ ...asked, deviceId: 'phone' }))],
    ['another spelling of the device', () => ask().then((asked) => ({ ...asked, deviceId: 'Laptop' }))],
    ['another challenge’s PIN', otherChallengesPin],
    ['an unknown challenge', () => ask().then((asked) => ({ ...asked, challengeId: 'A'.repeat(43) }))],
    ['a challenge of another form', () => ask().then((asked) => ({ ...asked, challengeId: "' OR 1=1 --" }))],
    ['a truncated challenge', () => ask().then((asked) => ({ ...asked, challengeId: asked.challengeId.slice(1) }))],
    ['the stored hash as a challenge', hashAsChallenge],
    ['a decoy', decoy],
  ];
  it.each(cases)('%s: 401, the same bytes, no session', async (_, make) => {
    const sessions = await count('sessions');
    const attempt = await make();
    const made = (await count('sessions')) - sessions;
    const [answer, reference] = [await verify(attempt), await verify({ ...attempt, challengeId: 'B'.repeat(43) })];
    expectProblem(answer, REFUSED);
    expect(uniform(answer)).toEqual(uniform(reference));
    expect((await count('sessions')) - sessions).toBe(made);
  });

  async function otherChallengesPin(): Promise<AskedPin> {
    const first = await ask();
    let second = await ask(first.email);
    while (second.pin === first.pin) second = await ask(first.email);
    return { ...second, pin: first.pin };
  }

  async function hashAsChallenge(): Promise<AskedPin> {
    const asked = await ask();
    return { ...asked, challengeId: challengeHash(asked.challengeId).toString('base64url') };
  }

  async function decoy(): Promise<Omit<AskedPin, 'email'>> {
    const json = { email: 'nobody@example.com', deviceId: 'laptop' };
    const { body } = await vault.stranger().request<AskedPin>('POST', '/auth/pin', { json });
    return { challengeId: body.challengeId, deviceId: 'laptop', pin: '1234' };
  }

  function uniform({ headers, bytes }: Answer<unknown>): object {
    const kept = [...headers].filter(([name]) => !/^(date|x-request-id|ratelimit)$/.test(name));
    return { kept, body: bytes.toString().replace(headers.get('x-request-id') ?? '', '') };
  }
});

describe('asking', () => {
  it('looks the same for known and unknown addresses, at both doors', async () => {
    const { email } = await ask().then(async (asked) => (await verify(asked)).body.user);
    for (const route of ['/users', '/auth/pin']) {
      const answers: Answer[] = [];
      for (const address of [email, `unknown${++people}@example.com`]) {
        answers.push(await vault.stranger().request('POST', route, { json: { email: address, deviceId: 'laptop' } }));
      }
      const [known, unknown] = answers.map(({ status, headers, body }) => ({
        status,
        headers: [...headers.keys()],
        length: headers.get('content-length'),
        keys: Object.keys(body),
        expiresIn: body.expiresIn,
      }));
      expect(known).toEqual(unknown);
      expect(known).toMatchObject({ status: 202, keys: ['challengeId', 'expiresIn'], expiresIn: 300 });
    }
  });

  it('makes no account before the first right PIN', async () => {
    const before = await count('users');
    const asked = await ask();
    await verify({ ...asked, pin: wrong(asked.pin) });
    expect(await count('users')).toBe(before);
    await verify(asked);
    expect(await count('users')).toBe(before + 1);
  });

  it('again does not end the PIN that is already on its way', async () => {
    const first = await ask();
    await ask(first.email, 'phone');
    expect((await verify(first)).status).toBe(201);
  });
});

describe('sign-up race', () => {
  it('ten sign-ups of one new address, all verified at once, make one account with one key', async () => {
    const email = 'race@example.com';
    const asked: AskedPin[] = [];
    for (let i = 0; i < 10; i++) asked.push(await ask(email, `device-${i}`));
    const answers = await Promise.all(asked.map(verify));
    expect(answers.map(({ status }) => status)).toEqual(asked.map(() => 201));
    const ids = new Set(answers.map(({ body }) => body.user.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect(await count('user_keys WHERE user_id = $1', id)).toBe(1);
    expect(await count('sessions WHERE user_id = $1', id)).toBe(10);
  });
});

describe('where a PIN is seen', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  it('in one line of the log that says so, in no other, and in no answer', async () => {
    const long = await startTestApp({ PIN_DIGITS: '9', LOG_LEVEL: 'trace' });
    opened.push(long);
    const answers: Answer[] = [];
    const send = async (path: string, json: object): Promise<Answer> => {
      const answer = await long.stranger().request('POST', path, { json });
      answers.push(answer);
      return answer;
    };
    const who = { email: 'seen@example.com', deviceId: 'laptop' };
    const pins: string[] = [];
    for (const route of ['/users', '/auth/pin']) {
      const { challengeId } = (await send(route, who)).body;
      const pin = await long.logs.pinFor(who.email);
      pins.push(pin);
      const good = { challengeId, deviceId: who.deviceId, pin };
      await send('/auth/sessions', { ...good, deviceId: 'phone' });
      await send('/auth/sessions', { ...good, pin: [pin] });
      await send('/auth/sessions', { ...good, [pin]: pin });
      await send('/auth/sessions', { ...good, pin: pin.split('').reverse().join('') });
      expect((await send('/auth/sessions', good)).status).toBe(201);
    }
    for (const pin of pins) {
      const lines = long.logs.lines.filter((line) => line.includes(pin));
      expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([`PIN ${pin} for ${who.email}`]);
      const spoken = answers.filter(({ bytes, headers }) =>
        JSON.stringify([...headers, bytes.toString()]).includes(pin),
      );
      // A client that uses the PIN as a field's name gets that name back as an unknown field; nobody else.
      expect(spoken.map(({ status }) => status)).toEqual([422]);
    }
  });

  it('in a mail that says whether the address has an account already; none goes to an unknown one', async () => {
    const mail = await MailServer.start();
    const mailing = await startTestApp({ SMTP_URL: mail.url });
    opened.push(mailing, { close: () => mail.stop() });
    const send = async (route: string, email: string): Promise<string> => {
      const json = { email, deviceId: 'laptop' };
      return (await mailing.stranger().request<AskedPin>('POST', route, { json })).body.challengeId;
    };
    const signIn = async (challengeId: string): Promise<Answer<SignedIn>> => {
      const json = { challengeId, deviceId: 'laptop', pin: await mail.pinFor('new@example.com') };
      return mailing.stranger().request<SignedIn>('POST', '/auth/sessions', { json });
    };
    const first = await send('/users', 'new@example.com');
    expect((await mail.mailTo('new@example.com')).text).not.toContain('already');
    const { body: made } = await signIn(first);

    const second = await send('/users', 'new@example.com');
    expect((await mail.mailTo('new@example.com')).text).toContain('You already have one: the PIN signs you in.');
    expect((await signIn(second)).body.user).toEqual(made.user);
    expect(await mailing.database.query('SELECT id FROM users')).toEqual([{ id: made.user.id }]);

    await send('/auth/pin', 'unknown@example.com');
    await signIn(await send('/auth/pin', 'new@example.com'));
    expect(mail.mails).toEqual([]);
  });
});
