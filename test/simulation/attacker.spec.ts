import { randomInt } from 'node:crypto';
import { DataSource } from 'typeorm';
import { hashChallengeId } from '../../src/auth/pin/challenge-hashes';
import { LoginChallengeEntity } from '../../src/auth/pin/login-challenge.entity';
import { SignIns, wrongPin } from '../support/sign-ins';
import { startTestAppInTime, WITH_LIMITS } from '../support/test-app';

// An attacker with any number of addresses and all the time in the world, against the real services on a database whose clock runs as
// fast as we say. `ATTACK_ACCOUNTS=1000 npm run simulate` prints the table of docs/threat-model.md; as a test it is a short run of it.

const ACCOUNTS = Number(process.env.ATTACK_ACCOUNTS ?? 3);
const YEAR_DAYS = 365;
const LIMIT = 10;
const WINDOW_DAYS = 30;
const PINS = 10_000;
/** In a year, bursts of ten on day 0, 30, … 360. */
const MOST_IN_A_YEAR = LIMIT * Math.ceil(YEAR_DAYS / WINDOW_DAYS);
const AT_ONCE = 8;

jest.setTimeout(ACCOUNTS > 10 ? 3_600_000 : 180_000);

/** What an attack on one account came to. */
interface Siege {
  /** PINs that were compared, by the day of the siege. */
  readonly comparedOn: number[];
  takenOn: number | null;
}

describe('an attacker who knows an address and guesses for a year', () => {
  let vault: Awaited<ReturnType<typeof startTestAppInTime>>;
  let people: SignIns;
  let sieges: Siege[];
  let dataSource: DataSource;

  beforeAll(async () => {
    // The breaker, which would stop an attack on many accounts at once, is off: every account stands alone.
    vault = await startTestAppInTime({ ...WITH_LIMITS, PIN_BREAKER_WRONG: '1000000', LOG_LEVEL: 'fatal' });
    people = new SignIns(vault);
    dataSource = vault.app.get(DataSource);
    const emails = Array.from({ length: ACCOUNTS }, (_, i) => `victim${i}@example.com`);
    for (const email of emails) await people.signUp(email);
    sieges = emails.map(() => ({ comparedOn: [], takenOn: null }));
    await vault.clock.advance('2 days');
    for (let day = 0; day < YEAR_DAYS; day++) {
      const open = emails.map((email, i) => ({ email, siege: sieges[i] }));
      const queue = open.filter(({ siege }) => siege.takenOn === null && isWorthTrying(siege, day));
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let next = queue.pop(); next; next = queue.pop()) await assault(next.email, next.siege, day);
        }),
      );
      vault.logs.lines.length = 0;
      await vault.clock.advance('1 day');
    }
  });
  afterAll(() => vault.close());

  /** An attacker who can count tries when there is something to win, and once a week to see whether the vault can. */
  function isWorthTrying({ comparedOn }: Siege, day: number): boolean {
    return day % 7 === 0 || comparedOn.filter((on) => on > day - WINDOW_DAYS).length < LIMIT;
  }

  /** Guesses until nothing is compared any more: three to a challenge, never the same one twice. */
  async function assault(email: string, siege: Siege, day: number): Promise<void> {
    for (let challenges = 0; ; challenges++) {
      const deviceId = `attacker-${challenges}`;
      const challengeId = await people.ask({ email, deviceId });
      let guess = String(randomInt(PINS)).padStart(4, '0');
      for (let tries = 0; tries < 3; tries++, guess = wrongPin(guess, 1)) {
        const outcome = await people.enter(challengeId, guess, { deviceId });
        if (typeof outcome !== 'string') {
          siege.comparedOn.push(day);
          siege.takenOn = day;
          return;
        }
        if ((await attemptsOf(challengeId)) === tries) return;
        siege.comparedOn.push(day);
      }
    }
  }

  async function attemptsOf(challengeId: string): Promise<number> {
    const idHash = hashChallengeId(challengeId);
    return (await dataSource.getRepository(LoginChallengeEntity).findOneByOrFail({ idHash })).attempts;
  }

  it('has at most ten guesses compared in any 30 days', () => {
    for (const { comparedOn } of sieges) {
      for (const day of new Set(comparedOn)) {
        expect(comparedOn.filter((on) => on >= day && on < day + WINDOW_DAYS).length).toBeLessThanOrEqual(LIMIT);
      }
    }
  });

  it('has all of those compared: the vault promises no more than it keeps', () => {
    for (const { comparedOn, takenOn } of sieges) {
      if (takenOn === null) expect(comparedOn).toHaveLength(MOST_IN_A_YEAR);
    }
  });

  it('takes an account over as often as ten guesses in ten thousand say', () => {
    const guesses = sieges.reduce((sum, { comparedOn }) => sum + comparedOn.length, 0);
    const taken = sieges.filter(({ takenOn }) => takenOn !== null).length;
    const expected = ACCOUNTS * (1 - (1 - 1 / PINS) ** MOST_IN_A_YEAR);
    const lines = [
      ['account-years attacked', ACCOUNTS],
      ['guesses compared', guesses],
      ['most in 30 days', LIMIT],
      ['accounts taken', taken],
      ['expected', expected.toFixed(1)],
    ];
    console.log(lines.map((line) => `| ${line.join(' | ')} |`).join('\n'));
    // Five standard deviations of a Poisson distribution, and never wrong about nothing.
    expect(taken).toBeLessThanOrEqual(expected + 5 * Math.sqrt(expected) + 1);
  });
});
