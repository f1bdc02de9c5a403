import { DataSource } from 'typeorm';
import { ChallengesRepository } from '../../src/auth/pin/challenges.repository';
import { PinGuessesService } from '../../src/auth/pin/pin-guesses.service';
import { PinRequestsService } from '../../src/auth/pin/pin-requests.service';
import { SignInService } from '../../src/auth/sessions/sign-in.service';
import { AppError } from '../../src/platform/errors/app-error';
import { fakeOnly } from '../support/fake-time';
import { startTestApp, type TestApp } from '../support/test-app';

const DEVICE = 'laptop-1';
const DAY_MS = 24 * 3600 * 1000;

let vault: TestApp;
let pins: PinRequestsService;
let guesses: PinGuessesService;
let sessions: SignInService;

beforeAll(async () => {
  vault = await startTestApp({ PIN_GUESSES_PER_CHALLENGE: '3', PIN_TTL_SECONDS: '300' });
  pins = vault.app.get(PinRequestsService, { strict: false });
  guesses = vault.app.get(PinGuessesService, { strict: false });
  sessions = vault.app.get(SignInService, { strict: false });
});
afterEach(() => vault.database.query('TRUNCATE budgets, step_up_codes, login_challenges, sessions, users CASCADE'));
afterAll(() => vault.close());

interface Answer {
  readonly challengeId: string;
  readonly pin: string;
  readonly deviceId?: string;
}

/** A PIN as its reader has it. */
async function requestPin(email = 'alice@example.com'): Promise<Answer> {
  const { challengeId } = await pins.requestSignUp({ email, deviceId: DEVICE, ip: '127.0.0.1' });
  return { challengeId, pin: await vault.logs.pinFor(email) };
}

/** Tries a PIN without opening a session. */
async function redeem(answer: Answer, proven: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  await guesses.redeem({ ...answer, deviceId: DEVICE, ip: '127.0.0.1', purpose: 'sign-in' }, proven);
}

/** Trades a PIN in. @returns whether it was taken; anything but a refusal is thrown */
async function signIn(answer: Answer): Promise<boolean> {
  try {
    await sessions.signIn({ deviceId: DEVICE, ip: '127.0.0.1', ...answer });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.definition.code === 'AUTH.PIN_REFUSED') return false;
    throw error;
  }
}

async function countTaken(times: number, answer: (i: number) => Answer): Promise<number> {
  const taken = await Promise.all(Array.from({ length: times }, (_, i) => signIn(answer(i))));
  return taken.filter(Boolean).length;
}

function wrong({ challengeId, pin }: Answer, by = 1): Answer {
  return { challengeId, pin: String((Number(pin) + by) % 10_000).padStart(4, '0') };
}

/** What the database knows of the only challenge, and of what came of it. */
async function state(): Promise<unknown> {
  const rows = await vault.database.query(
    `SELECT attempts, consumed_at IS NOT NULL AS consumed, (SELECT count(*)::int FROM sessions) AS sessions,
            (SELECT count(*)::int FROM users) AS users FROM login_challenges`,
  );
  expect(rows).toHaveLength(1);
  return rows[0];
}

/** Moves the end of the newest challenge to so many seconds from now. */
async function expire(seconds: number): Promise<void> {
  await vault.database.query(
    `UPDATE login_challenges SET expires_at = clock_timestamp() + make_interval(secs => $1)
      WHERE created_at = (SELECT max(created_at) FROM login_challenges)`,
    [seconds],
  );
}

describe('a PIN', () => {
  it.each(Array.from({ length: 10 }, (_, i) => i + 1))(
    'is good once, when 100 send it at the same moment (round %i)',
    async () => {
      const answer = await requestPin();
      expect(await countTaken(100, () => answer)).toBe(1);
      expect(await state()).toEqual({ attempts: 1, consumed: true, sessions: 1, users: 1 });
      expect(await signIn(answer)).toBe(false);
    },
  );

  it('is used up by its own statement, and needs no lock of a budget for that', async () => {
    await requestPin();
    const [{ id, pin, device }] = await vault.database.query<Record<'id' | 'pin' | 'device', Buffer>>(
      'SELECT id_hash AS id, pin_mac AS pin, device_hash AS device FROM login_challenges',
    );
    const { manager } = vault.app.get(DataSource);
    const challenges = vault.app.get(ChallengesRepository, { strict: false });
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => manager.transaction((tx) => challenges.consumeByPin(tx, id, pin, device))),
    );
    expect(outcomes.filter((right) => right === true)).toHaveLength(1);
    expect(outcomes.filter((right) => right === null)).toHaveLength(99);
  });

  it('is dead after three wrong guesses, when 100 guess at the same moment', async () => {
    const answer = await requestPin();
    expect(await countTaken(100, (i) => wrong(answer, i + 1))).toBe(0);
    expect(await state()).toEqual({ attempts: 3, consumed: false, sessions: 0, users: 0 });
    expect(await signIn(answer)).toBe(false);
    expect(await state()).toEqual({ attempts: 3, consumed: false, sessions: 0, users: 0 });
  });

  it('is good for the third guess, and not for the fourth', async () => {
    const [third, fourth] = [await requestPin('third@example.com'), await requestPin('fourth@example.com')];
    for (let i = 1; i <= 2; i++) expect(await signIn(wrong(third, i))).toBe(false);
    expect(await signIn(third)).toBe(true);
    for (let i = 1; i <= 3; i++) expect(await signIn(wrong(fourth, i))).toBe(false);
    expect(await signIn(fourth)).toBe(false);
  });

  it('is good for the device that asked for it, and another one costs a guess', async () => {
    const answer = await requestPin();
    expect(await signIn({ ...answer, deviceId: 'laptop-2' })).toBe(false);
    expect(await state()).toEqual({ attempts: 1, consumed: false, sessions: 0, users: 0 });
    expect(await signIn(answer)).toBe(true);
  });

  it('is good for its own challenge only', async () => {
    const [one, two] = [await requestPin('one@example.com'), await requestPin('two@example.com')];
    if (one.pin !== two.pin) expect(await signIn({ ...one, pin: two.pin })).toBe(false);
    expect(await signIn(one)).toBe(true);
    expect(await signIn(two)).toBe(true);
  });

  it('is not used up when the session that it should open fails', async () => {
    const answer = await requestPin();
    const failing = redeem(answer, () => Promise.reject(new Error('no session')));
    await expect(failing).rejects.toThrow('no session');
    expect(await state()).toEqual({ attempts: 0, consumed: false, sessions: 0, users: 0 });
    expect(await signIn(answer)).toBe(true);
  });

  it.each([
    ['unknown', 'A'.repeat(43)],
    ['malformed', 'no challenge'],
    ['empty', ''],
  ])('is refused for a challenge that is %s', async (_kind, challengeId) => {
    expect(await signIn({ challengeId, pin: '0000' })).toBe(false);
  });
});

describe('the time of a PIN is the database’s', () => {
  const setClock = (ms: number) => fakeOnly(['Date'], Date.now() + ms);
  afterEach(() => jest.useRealTimers());

  it.each([DAY_MS, -DAY_MS])('when the process’s clock is wrong by %i ms at the answer', async (ms) => {
    const [good, late] = [await requestPin('good@example.com'), await requestPin('late@example.com')];
    await expire(0);
    setClock(ms);
    expect(await signIn(good)).toBe(true);
    expect(await signIn(late)).toBe(false);
  });

  it.each([DAY_MS, -DAY_MS])('when the process’s clock is wrong by %i ms at the request', async (ms) => {
    setClock(ms);
    await requestPin();
    const rows = await vault.database.query<{ seconds: number }>(
      'SELECT extract(epoch FROM expires_at - now())::int AS seconds FROM login_challenges',
    );
    expect(rows[0]?.seconds).toBeGreaterThan(290);
    expect(rows[0]?.seconds).toBeLessThanOrEqual(300);
  });
});

describe('old challenges', () => {
  it('go when they have been over for long enough, by the database’s clock, and the others stay', async () => {
    const answer = await requestPin();
    const challenges = vault.app.get(ChallengesRepository, { strict: false });
    const left = async () => (await vault.database.query('SELECT FROM login_challenges')).length;
    await challenges.deleteExpired(0);
    expect(await left()).toBe(1);
    expect(await signIn(answer)).toBe(true);
    await expire(3600 - 24 * 3600);
    await challenges.deleteExpired(1);
    expect(await left()).toBe(1);
    await expire(-3600 - 24 * 3600);
    await challenges.deleteExpired(1);
    expect(await left()).toBe(0);
    expect(await vault.database.query('SELECT FROM sessions')).toHaveLength(1);
  });
});
