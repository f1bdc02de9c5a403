import { Client } from 'pg';
import { AccessAdministration } from '../../src/auth/administration/access-administration.service';
import { PinRequestsService } from '../../src/auth/pin/pin-requests.service';
import { AppError } from '../../src/platform/errors/app-error';
import { SignIns } from '../support/sign-ins';
import { startTestAppInTime, WITH_LIMITS } from '../support/test-app';

/** Requests for PINs: who may ask how often, and what they get (security design, section 3). */
type Vault = Awaited<ReturnType<typeof startTestAppInTime>>;

const CODE = /^(?=\d*[A-Z])[0-9A-Z]{8}$/;
const PIN = /^\d{4}$/;
const SIGNED_IN = { token: expect.stringMatching(/^pvs_/) as string };
let people = 0;
const newEmail = () => `person${++people}@example.com`;

/** How a request ended: `asked`, or the refusal's code and when to come back. */
async function outcome(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'asked';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${error.definition.code} ${error.headers['RateLimit-Policy']} ${error.headers['Retry-After']}`;
  }
}

async function repeat<T>(times: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await work(i));
  return results;
}

const asked = (times: number) => Array.from({ length: times }, () => 'asked');

describe('requests', () => {
  let vault: Vault;
  let signIns: SignIns;

  beforeAll(async () => {
    vault = await startTestAppInTime({ ...WITH_LIMITS, PIN_BREAKER_WRONG: '1000000' });
    signIns = new SignIns(vault);
  });
  afterAll(() => vault.close());

  it('of one address are ten in an hour, then it waits for as long as it is told', async () => {
    const ip = '203.0.113.1';
    expect(await repeat(10, () => outcome(signIns.ask({ email: newEmail(), ip })))).toEqual(asked(10));
    const refused = await outcome(signIns.ask({ email: newEmail(), ip }));
    expect(refused).toMatch(/^REQUEST\.TOO_MANY "pin-requests";q=10;w=3600 (3600|3599|3598)$/);
    expect(await outcome(signIns.ask({ email: newEmail(), ip: '203.0.113.2' }))).toBe('asked');
    await vault.clock.advance('1 hour');
    expect(await outcome(signIns.ask({ email: newEmail(), ip }))).toBe('asked');
  });

  it('of one address are thirty in a day', async () => {
    const ip = '203.0.113.3';
    for (let hour = 0; hour < 3; hour++) {
      await repeat(10, () => signIns.ask({ email: newEmail(), ip }));
      await vault.clock.advance('61 minutes');
    }
    expect(await outcome(signIns.ask({ email: newEmail(), ip }))).toMatch(/"pin-requests";q=30;w=86400/);
    await vault.clock.advance('21 hours');
    expect(await outcome(signIns.ask({ email: newEmail(), ip }))).toBe('asked');
  });

  it('of one IPv6 network of 64 bits count together', async () => {
    const ip = (i: number) => `2001:db8:0:7::${i.toString(16)}`;
    await repeat(10, (i) => signIns.ask({ email: newEmail(), ip: ip(i) }));
    expect(await outcome(signIns.ask({ email: newEmail(), ip: ip(99) }))).toMatch(/^REQUEST\.TOO_MANY/);
    expect(await outcome(signIns.ask({ email: newEmail(), ip: '2001:db8:0:8::1' }))).toBe('asked');
  });

  it.each([
    ['an account', true],
    ['no account', false],
  ])('for one address with %s and one device are a minute apart', async (_with, known) => {
    const email = newEmail();
    if (known) await signIns.signUp(email, { deviceId: 'first' });
    const ip = signIns.newIp();
    const ask = () => outcome(signIns.ask({ email, ip }));
    expect(await ask()).toBe('asked');
    expect(await ask()).toMatch(/^REQUEST\.TOO_MANY "pin-resend";q=1;w=60 (60|59)$/);
    expect(await outcome(signIns.ask({ email, ip, deviceId: 'phone' }))).toBe('asked');
    await vault.clock.advance('61 seconds');
    expect(await ask()).toBe('asked');
  });

  it('that are refused are not counted', async () => {
    const [email, ip] = [newEmail(), signIns.newIp()];
    await signIns.ask({ email, ip });
    await repeat(20, () => outcome(signIns.ask({ email, ip })));
    expect(await outcome(signIns.ask({ email: newEmail(), ip }))).toBe('asked');
  });

  it('may follow a sign-in at once', async () => {
    const [email, ip] = [newEmail(), signIns.newIp()];
    await signIns.signUp(email);
    expect(await signIns.signIn({ email, ip })).toMatchObject(SIGNED_IN);
    expect(await signIns.signIn({ email, ip })).toMatchObject(SIGNED_IN);
  });

  it('of a stranger with the same label neither end the owner’s PIN nor make the owner wait', async () => {
    const email = newEmail();
    await signIns.signUp(email);
    await vault.clock.advance('1 day');
    const mine = await signIns.ask({ email, ip: '203.0.113.50' });
    const pin = await signIns.mailed(email);
    await signIns.ask({ email, ip: '203.0.113.51' });
    expect(await signIns.enter(mine, pin)).toMatchObject(SIGNED_IN);
    await signIns.ask({ email, ip: '203.0.113.51', deviceId: 'other' });
    expect(await outcome(signIns.ask({ email, ip: '203.0.113.50' }))).toBe('asked');
  });

  it('leave one live PIN to each requester: an old one is dead after a new request', async () => {
    const [email, ip] = [newEmail(), signIns.newIp()];
    await signIns.signUp(email);
    await vault.clock.advance('1 day');
    const old = await signIns.ask({ email, ip });
    const pin = await signIns.mailed(email);
    await vault.clock.advance('61 seconds');
    const young = await signIns.ask({ email, ip });
    expect(await signIns.enter(old, pin)).toBe('AUTH.PIN_REFUSED');
    expect(await signIns.enter(young, await signIns.mailed(email))).toMatchObject(SIGNED_IN);
  });

  it('for one account are five PINs in an hour and ten in a day; what comes after gets the code, and is never refused', async () => {
    const email = newEmail();
    await signIns.signUp(email);
    await vault.clock.advance('2 days');
    const mails = () => vault.logs.lines.filter((line) => line.includes(`for ${email}`)).length;
    const deviceId = (i: number) => `device-${i}`;
    const before = mails();
    const challenges = await repeat(12, (i) => signIns.ask({ email, deviceId: deviceId(i) }));
    await signIns.settled();
    expect(mails() - before).toBe(5 + 1);
    const code = vault.logs.newest(new RegExp(`PIN ((?=\\d*[A-Z])\\w{8}) for ${email}`));
    expect(await signIns.enter(challenges[11] ?? '', code, { deviceId: deviceId(11) })).toMatchObject(SIGNED_IN);
    await vault.clock.advance('2 hours');
    expect(
      await repeat(5, (i) => signIns.ask({ email, deviceId: deviceId(i) }).then(() => signIns.mailed(email))),
    ).toEqual(Array.from({ length: 5 }, () => expect.stringMatching(PIN) as string));
    await vault.clock.advance('2 hours');
    await signIns.ask({ email });
    expect(await signIns.mailed(email)).toMatch(CODE);
    await vault.clock.advance('24 hours');
    await signIns.ask({ email });
    expect(await signIns.mailed(email)).toMatch(PIN);
  });

  it('with a device token of somebody else, of nobody, or under another label, are those of a stranger', async () => {
    const [alice, bob] = [newEmail(), newEmail()];
    const { deviceToken } = await signIns.signUp(alice, { remember: true });
    await signIns.signUp(bob);
    const device = async (email: string, token?: string, deviceId?: string) => {
      await vault.clock.advance('2 days');
      await signIns.ask({ email, deviceToken: token, deviceId });
      const [row] = await vault.database.query<{ trusted: boolean }>(
        'SELECT trusted_device_id IS NOT NULL AS trusted FROM login_challenges ORDER BY id DESC LIMIT 1',
      );
      return row?.trusted;
    };
    expect(await device(alice, deviceToken)).toBe(true);
    expect(await device(bob, deviceToken)).toBe(false);
    expect(await device(newEmail(), deviceToken)).toBe(false);
    expect(await device(alice, 'pvd_nonsense')).toBe(false);
    expect(await device(alice, deviceToken, 'kali')).toBe(false);
    await vault.clock.advance('181 days');
    expect(await device(alice, deviceToken)).toBe(false);
  });

  it('of a remembered device are its own: a network that strangers have used up does not keep it out', async () => {
    const [email, ip] = [newEmail(), '203.0.113.77'];
    const { deviceToken } = await signIns.signUp(email, { remember: true });
    await repeat(10, () => signIns.ask({ email: newEmail(), ip }));
    await repeat(21, () => signIns.enter('A'.repeat(43), '0000', { ip }));
    expect(await outcome(signIns.ask({ email: newEmail(), ip }))).toMatch(/^REQUEST\.TOO_MANY/);
    expect(await signIns.enter('A'.repeat(43), '0000', { ip })).toBe('REQUEST.TOO_MANY');
    expect(await signIns.signIn({ email, ip, deviceToken })).toMatchObject(SIGNED_IN);
  });

  it('are answered alike for an address with an account, one without, and a disabled one, down to what is written', async () => {
    const [known, disabled] = [newEmail(), newEmail()];
    await signIns.signUp(known);
    await signIns.signUp(disabled);
    await vault.app.get(AccessAdministration, { strict: false }).disable(disabled);
    const shape = async (email: string) => {
      const challenge = await signIns.challenge({ email });
      const [row] = await vault.database.query<object>(
        `SELECT purpose, attempts, code_attempts, max_attempts, length(pin_mac) AS mac, length(requester_hash) AS requester,
                mailbox_sealed IS NULL AS mailbox, session_id, trusted_device_id, consumed_at
           FROM login_challenges ORDER BY id DESC LIMIT 1`,
      );
      return { ...challenge, challengeId: challenge.challengeId.length, ...row };
    };
    const ofKnown = await shape(known);
    for (const email of [newEmail(), disabled]) expect(await shape(email)).toEqual(ofKnown);
  });

  it('take the same statements for an address with an account, one without, and a disabled one, at both doors', async () => {
    const [known, disabled] = [newEmail(), newEmail()];
    await signIns.signUp(known);
    await signIns.signUp(disabled);
    await vault.app.get(AccessAdministration, { strict: false }).disable(disabled);
    await signIns.settled();
    const requests = vault.app.get(PinRequestsService, { strict: false });
    const statements = async (door: 'requestSignUp' | 'requestSignIn', email: string): Promise<string[]> => {
      const spy = jest.spyOn(Client.prototype, 'query');
      try {
        await requests[door]({ email, deviceId: 'door', ip: signIns.newIp() });
        return spy.mock.calls.map(([text]: unknown[]) => String(text));
      } finally {
        spy.mockRestore();
      }
    };
    for (const door of ['requestSignUp', 'requestSignIn'] as const) {
      const ofKnown = await statements(door, known);
      expect(ofKnown.length).toBeGreaterThan(8);
      for (const email of [newEmail(), disabled]) expect(await statements(door, email)).toEqual(ofKnown);
    }
  });

  it('of a stranger for an address without an account do not keep its owner from signing up with the code', async () => {
    const email = newEmail();
    await repeat(7, (i) => signIns.ask({ email, deviceId: `stranger-${i}` }));
    const requests = vault.app.get(PinRequestsService, { strict: false });
    const { challengeId } = await requests.requestSignUp({ email, deviceId: 'laptop', ip: signIns.newIp() });
    const code = await signIns.mailed(email);
    expect(code).toMatch(CODE);
    // Typed where it is good for nothing, it stays good where it is.
    const decoy = await signIns.ask({ email, deviceId: 'phone' });
    expect(await signIns.enter(decoy, code, { deviceId: 'phone' })).toBe('AUTH.PIN_REFUSED');
    expect(await signIns.enter(challengeId, code)).toMatchObject(SIGNED_IN);
  });

  it('for nobody’s address can be guessed at for ever, and lead to step-up like any other', async () => {
    const email = newEmail();
    for (let i = 0; i < 12; i++) {
      const deviceId = `stranger-${Math.floor(i / 3)}`;
      const challengeId = i % 3 === 0 ? await signIns.ask({ email, deviceId }) : '';
      if (i % 3 === 0) for (let n = 0; n < 3; n++) await signIns.enter(challengeId, '0000', { deviceId });
    }
    await signIns.settled();
    expect(vault.logs.text).not.toContain(email);
    const codes = await vault.database.query('SELECT FROM step_up_codes');
    expect(codes.length).toBeGreaterThan(0);
  });
});

describe('tries', () => {
  let vault: Vault;
  let signIns: SignIns;

  beforeAll(async () => {
    vault = await startTestAppInTime(WITH_LIMITS);
    signIns = new SignIns(vault);
  });
  afterAll(() => vault.close());

  it('of one address are twenty in ten minutes, also at challenges that do not exist', async () => {
    const ip = '203.0.113.9';
    const outcomes = await repeat(21, () => signIns.enter('A'.repeat(43), '0000', { ip }));
    expect(outcomes).toEqual([...Array.from({ length: 20 }, () => 'AUTH.PIN_REFUSED'), 'REQUEST.TOO_MANY']);
    await vault.clock.advance('10 minutes');
    expect(await signIns.enter('A'.repeat(43), '0000', { ip })).toBe('AUTH.PIN_REFUSED');
  });
});

describe('the breaker', () => {
  let vault: Vault;
  let signIns: SignIns;

  beforeAll(async () => {
    vault = await startTestAppInTime(WITH_LIMITS);
    signIns = new SignIns(vault);
  });
  afterAll(() => vault.close());

  it('asks everybody untrusted for the code after ten wrong PINs at any accounts, for 24 hours, and no remembered device', async () => {
    const [owner, tablet] = [newEmail(), newEmail()];
    await signIns.signUp(owner);
    const { deviceToken } = await signIns.signUp(tablet, { deviceId: 'tablet', remember: true });
    const pending = await signIns.ask({ email: owner, deviceId: 'phone' });
    const pin = await signIns.mailed(owner);
    for (let i = 0; i < 5; i++) {
      const challengeId = await signIns.ask({ email: newEmail() });
      for (let n = 0; n < 2; n++) await signIns.enter(challengeId, 'none');
    }
    expect(await signIns.enter(pending, pin, { deviceId: 'phone' })).toBe('AUTH.PIN_REFUSED');
    expect(await signIns.enter(pending, await signIns.mailed(owner), { deviceId: 'phone' })).toMatchObject(SIGNED_IN);

    await signIns.ask({ email: owner });
    expect(await signIns.mailed(owner)).toMatch(CODE);
    const trusted = await signIns.ask({ email: tablet, deviceId: 'tablet', deviceToken });
    const trustedPin = await signIns.mailed(tablet);
    expect(trustedPin).toMatch(PIN);
    expect(await signIns.enter(trusted, trustedPin, { deviceId: 'tablet' })).toMatchObject(SIGNED_IN);

    await vault.clock.advance('24 hours');
    expect(await signIns.signIn({ email: owner, deviceId: 'desk' })).toMatchObject(SIGNED_IN);
    await signIns.ask({ email: owner, deviceId: 'sofa' });
    expect(await signIns.mailed(owner)).toMatch(PIN);
  });
});
