import { v7 as uuidv7 } from 'uuid';
import { DataSource } from 'typeorm';
import { AppError } from '../../src/platform/errors/app-error';
import { PasswordGuesses } from '../../src/platform/passwords/password-guesses.service';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.service';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;
let guesses: PasswordGuesses;
let subject: string;

beforeAll(async () => {
  vault = await startTestApp();
  guesses = vault.app.get(PasswordGuesses, { strict: false });
});
afterAll(() => vault.close());
beforeEach(() => (subject = uuidv7()));

/** @returns how many wrong guesses count, or for how many seconds nobody may guess */
async function guess(): Promise<{ wrong: number } | { wait: number }> {
  try {
    return { wrong: await guesses.begin(subject) };
  } catch (error) {
    expect((error as AppError).definition.code).toBe('PASSWORD.TOO_MANY_GUESSES');
    return { wait: Number((error as AppError).headers['Retry-After']) };
  }
}

const sql = (text: string) => vault.app.get(DataSource).query(text, [subject]);
/** The pause is over. */
const wait = () => sql('UPDATE password_guesses SET blocked_until = clock_timestamp() WHERE subject_id = $1');

describe('guesses at a password', () => {
  it('are free five times; then everybody waits, twice as long each time, up to a quarter of an hour', async () => {
    for (let wrong = 1; wrong <= 5; wrong++) expect(await guess()).toEqual({ wrong });
    const pauses: number[] = [];
    for (let round = 0; round < 12; round++) {
      const refused = await guess();
      pauses.push('wait' in refused ? refused.wait : -1);
      await wait();
      expect(await guess()).toEqual({ wrong: 6 + round });
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('are counted one by one when 50 come at the same moment', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, guess));
    expect(outcomes.filter((each) => 'wrong' in each)).toHaveLength(5);
  });

  it('take nothing back but themselves when they are right', async () => {
    for (let wrong = 1; wrong <= 3; wrong++) await guess();
    expect(await guess()).toEqual({ wrong: 4 });
    await guesses.forgive(subject);
    expect(await guess()).toEqual({ wrong: 4 });
    expect(await guess()).toEqual({ wrong: 5 });
    expect(await guess()).toEqual({ wait: 2 });
  });

  it('are forgotten after a day without a wrong one', async () => {
    for (let wrong = 1; wrong <= 8; wrong++) {
      await guess();
      await wait();
    }
    await sql(`UPDATE password_guesses SET expires_at = clock_timestamp() - interval '1 second' WHERE subject_id = $1`);
    expect(await guess()).toEqual({ wrong: 1 });
    expect(await guess()).toEqual({ wrong: 2 });
  });

  it('at one thing do not slow down those at another', async () => {
    for (let wrong = 1; wrong <= 6; wrong++) await guess();
    expect(await guess()).toEqual({ wait: 2 });
    subject = uuidv7();
    expect(await guess()).toEqual({ wrong: 1 });
  });
});

describe('hashing', () => {
  it('runs two at a time, lets sixteen wait, and refuses the rest with 503', async () => {
    const hasher = vault.app.get(PasswordHasher, { strict: false });
    const cheap = { memoryKiB: 64, passes: 1, parallelism: 1 };
    const all = await Promise.allSettled(
      Array.from({ length: 30 }, () => hasher.hash('a password', Buffer.alloc(16), cheap)),
    );
    const refused = all.filter((each) => each.status === 'rejected').map(({ reason }) => reason as AppError);
    expect(all.length - refused.length).toBe(18);
    expect(refused.map(({ definition, headers }) => [definition.code, headers['Retry-After']])).toEqual(
      Array(12).fill(['PASSWORD.BUSY', '1']),
    );
  });
});
