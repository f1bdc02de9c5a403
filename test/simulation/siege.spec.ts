import { SignIns } from '../support/sign-ins';
import { startTestAppInTime, WITH_LIMITS } from '../support/test-app';

// A week in which a stranger with any number of addresses does whatever could keep the owner out.

const DAYS = 7;
const HOURS = 24;

jest.setTimeout(180_000);

describe('a stranger who spends an account’s guesses, requests and codes for a week', () => {
  let vault: Awaited<ReturnType<typeof startTestAppInTime>>;
  let people: SignIns;
  let deviceToken: string | undefined;
  const email = 'owner@example.com';
  const outcomes = {
    trusted: [] as unknown[],
    stranger: [] as unknown[],
    newDevice: [] as unknown[],
    wasCode: [] as boolean[],
  };

  beforeAll(async () => {
    vault = await startTestAppInTime(WITH_LIMITS);
    people = new SignIns(vault);
    ({ deviceToken } = await people.signUp(email, { deviceId: 'tablet', remember: true }));
    await vault.clock.advance('1 day');
    for (let hour = 0; hour < DAYS * HOURS; hour++) {
      await harass(hour);
      if (hour % HOURS === 13) await ownerSignsIn(hour / HOURS);
      await vault.clock.advance('1 hour');
    }
  });
  afterAll(() => vault.close());

  /** Six requests an hour from as many networks, some with the owner's own label, and guesses at each. */
  async function harass(hour: number): Promise<void> {
    for (let i = 0; i < 6; i++) {
      const deviceId = ['laptop', 'phone', 'tablet', 'x', 'y', `z${hour}`][i] ?? '';
      const challengeId = await people.ask({ email, deviceId });
      outcomes.stranger.push(await people.enter(challengeId, 'none', { deviceId }));
      outcomes.stranger.push(await people.enter(challengeId, 'ZZZZ2222', { deviceId }));
    }
  }

  async function ownerSignsIn(day: number): Promise<void> {
    const home = `203.0.113.${Math.floor(day)}`;
    // What the stranger has caused to be mailed by now is not what the owner waits for.
    await people.settled();
    const tablet = await people.ask({ email, deviceId: 'tablet', deviceToken, ip: home });
    await people.settled();
    const pin = vault.logs.newest(/PIN (\d{4}) for/);
    const signedIn = await people.enter(tablet, pin, { deviceId: 'tablet', ip: home, remember: true });
    outcomes.trusted.push(typeof signedIn === 'string' ? signedIn : true);
    if (typeof signedIn !== 'string') ({ deviceToken } = signedIn);

    const laptop = await people.ask({ email, deviceId: 'laptop', ip: home });
    await people.settled();
    // The newest code in the mailbox: mailed for this request, or for the stranger's a moment ago.
    const code = vault.logs.newest(/PIN ((?=\d*[A-Z])[0-9A-Z]{8}) for/);
    outcomes.wasCode.push(code !== '');
    const there = await people.enter(laptop, code, { deviceId: 'laptop', ip: home });
    outcomes.newDevice.push(typeof there === 'string' ? there : true);
  }

  it('gets nowhere', () => {
    expect(outcomes.stranger).toHaveLength(DAYS * HOURS * 12);
    expect(new Set(outcomes.stranger)).toEqual(new Set(['AUTH.PIN_REFUSED']));
  });

  it('does not keep the owner from signing in every day on a remembered device, with a PIN', () => {
    expect(outcomes.trusted).toEqual(Array.from({ length: DAYS }, () => true));
  });

  it('does not keep the owner from signing in every day on a new device, with the mailed code', () => {
    expect(outcomes.newDevice).toEqual(Array.from({ length: DAYS }, () => true));
    expect(outcomes.wasCode).toEqual(Array.from({ length: DAYS }, () => true));
  });

  it('causes at most one code in 15 minutes to be mailed, and no more PINs than the account has', () => {
    const mails = vault.logs.lines.filter((line) => line.includes(`for ${email}`)).length;
    expect(mails).toBeLessThanOrEqual(DAYS * HOURS * 4 + DAYS * (10 + 2));
  });
});
