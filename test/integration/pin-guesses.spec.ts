import { LogLines } from '../support/log-lines';
import { SignIns } from '../support/sign-ins';
import { startTestAppInTime, WITH_LIMITS } from '../support/test-app';
import { eventually } from '../support/waiting';

/** Guesses at PINs: what is compared, what is counted, and what comes after (security design, section 3). */
let vault: Awaited<ReturnType<typeof startTestAppInTime>>;
let people: SignIns;
let person = 0;

beforeAll(async () => {
  vault = await startTestAppInTime({ ...WITH_LIMITS, PIN_BREAKER_WRONG: '1000000' });
  people = new SignIns(vault);
});
afterAll(() => vault.close());

const newEmail = () => `person${++person}@example.com`;
const REFUSED = 'AUTH.PIN_REFUSED';
const CODE = /^[0-9A-Z]{8}$/;

/** A person with an account, on a laptop that is not remembered. */
async function newPerson(): Promise<string> {
  const email = newEmail();
  await people.signUp(email);
  await vault.clock.advance('1 day');
  return email;
}

async function mailsTo(email: string): Promise<number> {
  await people.settled();
  return vault.logs.lines.filter((line) => new RegExp(`PIN \\w+ for ${email}`).test(line)).length;
}

/** Guesses wrong, three to a challenge, each challenge from another device. @returns the challenges */
async function guessWrong(email: string, times: number): Promise<string[]> {
  const challenges: string[] = [];
  for (let i = 0; i < times; i++) {
    const deviceId = `stranger-${Math.floor(i / 3)}`;
    if (i % 3 === 0) challenges.push(await people.ask({ email, deviceId }));
    expect(await people.enter(challenges.at(-1) ?? '', 'none', { deviceId })).toBe(REFUSED);
  }
  await people.settled();
  return challenges;
}

async function compared(email: string): Promise<number> {
  const rows = await vault.database.query<{ sum: number }>(
    `SELECT coalesce(sum(attempts), 0)::int AS sum FROM login_challenges WHERE user_id =
       (SELECT user_id FROM login_challenges WHERE user_id IS NOT NULL AND id_hash IS NOT NULL
         AND email_bidx = (SELECT email_bidx FROM login_challenges ORDER BY created_at DESC LIMIT 1) LIMIT 1)`,
  );
  expect(email).toContain('@');
  return rows[0]?.sum ?? 0;
}

describe('wrong PINs at an account', () => {
  it('are compared ten times in thirty days, however many arrive together over 20 challenges', async () => {
    const email = await newPerson();
    await vault.database.query('DELETE FROM login_challenges');
    const challenges = await Promise.all(
      Array.from({ length: 20 }, (_, i) => people.ask({ email, deviceId: `stranger-${i}` })),
    );
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        people.enter(challenges[i % 20] ?? '', 'none', { deviceId: `stranger-${i % 20}` }),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([REFUSED]));
    expect(await compared(email)).toBe(10);
  });

  it('lead to a code in the mailbox at once, which every pending challenge takes, and which works once', async () => {
    const email = await newPerson();
    const mine = await people.ask({ email });
    const phone = await people.ask({ email, deviceId: 'phone' });
    const pin = await people.mailed(email);
    // Five requests in all, as many as are answered with a PIN: what follows is the tenth guess's doing.
    await guessWrong(email, 9);
    expect(pinsOf(vault.logs, email).join('')).not.toMatch(/[A-Z]/);
    expect(await people.enter(mine, 'none')).toBe(REFUSED);
    await eventually(
      'the code is mailed',
      () => vault.logs.text.includes(`for ${email}`) && /[A-Z]/.test(pinsOf(vault.logs, email).join('')),
    );
    const code = pinsOf(vault.logs, email).find((each) => CODE.test(each)) ?? '';
    expect(code).toMatch(CODE);
    expect(await people.enter(mine, pin)).toBe(REFUSED);
    expect(await people.enter(mine, code.toLowerCase())).toMatchObject({
      token: expect.stringMatching(/^pvs_/) as string,
    });
    expect(await people.enter(phone, code, { deviceId: 'phone' })).toBe(REFUSED);
  });

  it('are forgotten one by one as they grow old', async () => {
    const email = await newPerson();
    await guessWrong(email, 5);
    await vault.clock.advance('20 days');
    await guessWrong(email, 5);
    await vault.clock.advance('1 hour');
    const challenge = await people.ask({ email });
    expect(await people.mailed(email)).toMatch(CODE);
    expect(await people.enter(challenge, '0000')).toBe(REFUSED);
    await vault.clock.advance('10 days');
    const later = await people.ask({ email });
    const pin = await people.mailed(email);
    expect(pin).toMatch(/^\d{4}$/);
    expect(await people.enter(later, pin)).toMatchObject({ principal: expect.anything() as object });
  });

  it('are not reset by a sign-in of the owner', async () => {
    const email = await newPerson();
    await guessWrong(email, 9);
    await vault.clock.advance('1 day');
    expect(await people.signIn({ email })).toMatchObject({ token: expect.any(String) as string });
    await guessWrong(email, 1);
    await vault.clock.advance('1 day');
    await people.ask({ email });
    expect(await people.mailed(email)).toMatch(CODE);
  });

  it('cost nothing when nothing was compared: at a used, expired, spent or superseded PIN', async () => {
    const email = await newPerson();
    const dead = await people.ask({ email });
    await vault.clock.advance('2 minutes');
    await people.ask({ email });
    const used = await people.ask({ email, deviceId: 'phone' });
    await people.enter(used, await people.mailed(email), { deviceId: 'phone' });
    const [spent] = await guessWrong(email, 3);
    for (const [challenge, deviceId] of [
      [dead, 'laptop'],
      [used, 'phone'],
      [spent, 'stranger-0'],
    ] as const) {
      for (let i = 0; i < 10; i++) expect(await people.enter(challenge ?? '', '0000', { deviceId })).toBe(REFUSED);
    }
    await vault.clock.advance('1 day');
    expect(await people.signIn({ email })).toMatchObject({ token: expect.any(String) as string });
  });

  it('do not count against a remembered device, which signs in with a PIN while strangers are stepped up', async () => {
    const email = newEmail();
    const { deviceToken } = await people.signUp(email, { deviceId: 'tablet', remember: true });
    await vault.clock.advance('1 day');
    await guessWrong(email, 10);
    await mailsTo(email);
    const challenge = await people.ask({ email, deviceId: 'tablet', deviceToken });
    const pin = await people.mailed(email);
    expect(pin).toMatch(/^\d{4}$/);
    expect(await people.enter(challenge, pin, { deviceId: 'tablet' })).toMatchObject({
      token: expect.any(String) as string,
    });
  });

  it('at a code are five for each challenge, and the sixth is refused even when it is right', async () => {
    const email = await newPerson();
    await guessWrong(email, 10);
    await vault.clock.advance('1 hour');
    const challenge = await people.ask({ email });
    const other = await people.ask({ email, deviceId: 'phone' });
    const code = await people.mailed(email);
    for (let i = 0; i < 5; i++) expect(await people.enter(challenge, 'ZZZZZZZZ')).toBe(REFUSED);
    expect(await people.enter(challenge, code)).toBe(REFUSED);
    expect(await people.enter(other, code, { deviceId: 'phone' })).toMatchObject({
      token: expect.any(String) as string,
    });
  });

  it('bring the code to the device that asked only', async () => {
    const email = await newPerson();
    await guessWrong(email, 10);
    await vault.clock.advance('1 hour');
    const challenge = await people.ask({ email });
    const code = await people.mailed(email);
    expect(await people.enter(challenge, code, { deviceId: 'phone' })).toBe(REFUSED);
    expect(await people.enter(challenge, code)).toMatchObject({ token: expect.any(String) as string });
  });
});

describe('the code', () => {
  it('is mailed at most every 15 minutes, and stays the same in between', async () => {
    const email = await newPerson();
    await guessWrong(email, 10);
    await vault.clock.advance('1 hour');
    const before = await mailsTo(email);
    for (let i = 0; i < 5; i++) await people.ask({ email, deviceId: `device-${i}` });
    expect((await mailsTo(email)) - before).toBe(1);
    await vault.clock.advance('14 minutes');
    await people.ask({ email });
    expect((await mailsTo(email)) - before).toBe(1);
    await vault.clock.advance('2 minutes');
    await people.ask({ email, deviceId: 'late' });
    expect((await mailsTo(email)) - before).toBe(2);
  });

  it('is good for 15 minutes, by the database’s clock', async () => {
    const email = await newPerson();
    await guessWrong(email, 10);
    await vault.clock.advance('1 hour');
    await people.ask({ email });
    const code = await people.mailed(email);
    await vault.clock.advance('14 minutes');
    const inTime = await people.ask({ email, deviceId: 'phone' });
    await vault.clock.advance('2 minutes');
    expect(await people.enter(inTime, code, { deviceId: 'phone' })).toBe(REFUSED);
  });

  it('is mailed again at once after it was used', async () => {
    const email = await newPerson();
    await guessWrong(email, 10);
    await vault.clock.advance('1 hour');
    expect(await people.signIn({ email })).toMatchObject({ token: expect.any(String) as string });
    expect(await people.signIn({ email, deviceId: 'phone' })).toMatchObject({ token: expect.any(String) as string });
  });
});

describe('a remembered device', () => {
  it('loses its trust with the tenth wrong PIN, and its owner is told', async () => {
    const email = newEmail();
    const { deviceToken, principal } = await people.signUp(email, { remember: true });
    let challenge = '';
    for (let i = 0; i < 10; i++) {
      if (i % 3 === 0) {
        await vault.clock.advance('1 hour');
        challenge = await people.ask({ email, deviceToken });
      }
      expect(await people.enter(challenge, 'none')).toBe(REFUSED);
    }
    expect(await vault.database.query('SELECT FROM trusted_devices WHERE user_id = $1', [principal.userId])).toEqual(
      [],
    );
    await eventually('the loss is written down', async () => {
      const events = await vault.database.query<{ kind: string }>(
        'SELECT kind FROM security_events WHERE user_id = $1',
        [principal.userId],
      );
      return events.some(({ kind }) => kind === 'device.removed');
    });
  });

  it('has its own ten requests in an hour, beyond which it waits', async () => {
    const email = newEmail();
    const { deviceToken } = await people.signUp(email, { remember: true });
    for (let i = 0; i < 10; i++) {
      await vault.clock.advance('61 seconds');
      await people.ask({ email, deviceToken });
    }
    await vault.clock.advance('61 seconds');
    await expect(people.ask({ email, deviceToken })).rejects.toMatchObject({
      definition: { code: 'REQUEST.TOO_MANY' },
    });
  });
});

describe('three wrong PINs', () => {
  it('are told to the owner once, with the second and the fourth only written down', async () => {
    const email = await newPerson();
    const alerts = () => vault.logs.lines.filter((line) => line.includes('pin.wrong')).length;
    const before = alerts();
    await guessWrong(email, 5);
    await eventually('the alert is out', () => alerts() > before);
    await mailsTo(email);
    expect(alerts() - before).toBe(1);
    const events = await vault.database.query(
      "SELECT FROM security_events WHERE kind = 'pin.wrong' AND device LIKE 'stranger-%' AND user_id = (SELECT user_id FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1)",
    );
    expect(events).toHaveLength(5);
  });
});

describe('wrong PINs after the third', () => {
  it('are told again, once a day at most, however slowly they come', async () => {
    const email = await newPerson();
    const alerts = () => vault.logs.lines.filter((line) => line.includes('pin.wrong')).length;
    await people.settled();
    const before = alerts();
    for (let round = 1; round <= 3; round++) {
      await guessWrong(email, 3);
      await eventually(`${round} alerts are out`, () => alerts() - before === round);
      await vault.clock.advance('9 days');
    }
  });
});

function pinsOf(logs: LogLines, email: string): string[] {
  return logs.lines.flatMap((line) => new RegExp(`PIN (\\w+) for ${email}\\b`).exec(line)?.[1] ?? []);
}
