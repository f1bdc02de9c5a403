import type { Principal } from '../../src/platform/http/principal';
import { PinGuessesService } from '../../src/auth/pin/pin-guesses.service';
import { PinRequestsService } from '../../src/auth/pin/pin-requests.service';
import { AppError } from '../../src/platform/errors/app-error';
import { UserAdministration } from '../../src/users/user-administration.service';
import { MailServer } from '../support/mail-server';
import { SignIns } from '../support/sign-ins';
import { startTestAppInTime, WITH_LIMITS } from '../support/test-app';
import { eventually } from '../support/waiting';

/** Mails that requests for PINs cause, at whoever they reach: how many, and what becomes of those that do not arrive. */
type Vault = Awaited<ReturnType<typeof startTestAppInTime>>;

interface Scene {
  readonly vault: Vault;
  readonly signIns: SignIns;
  readonly requests: PinRequestsService;
  /** How many lines of the log say this. */
  readonly mailed: (email: string) => number;
}

let people = 0;
const newEmail = () => `person${++people}@example.com`;

/** A vault with the limits as they are by default, for one test. */
async function inVault(env: NodeJS.ProcessEnv, play: (scene: Scene) => Promise<void>): Promise<void> {
  const vault = await startTestAppInTime({ ...WITH_LIMITS, ...env });
  try {
    await play({
      vault,
      signIns: new SignIns(vault),
      requests: vault.app.get(PinRequestsService, { strict: false }),
      mailed: (email) => vault.logs.lines.filter((line) => line.includes(email)).length,
    });
  } finally {
    await vault.close();
  }
}

async function manyPeople({ signIns }: Scene, count: number): Promise<Principal[]> {
  const all: Principal[] = [];
  while (all.length < count) all.push((await signIns.signUp(newEmail())).principal);
  return all;
}

describe('changes of address', () => {
  const target = 'target@example.com';

  it('mail a stranger five PINs an hour, however many people ask for them', async () => {
    await inVault({}, async (scene) => {
      const outcomes: (number | string)[] = [];
      for (const person of await manyPeople(scene, 7)) {
        const asking = scene.requests.requestEmailChange(person, { email: target, ip: scene.signIns.newIp() });
        outcomes.push(await asking.then(({ expiresIn }) => expiresIn).catch(policyOf));
      }
      const refused = '"email-changes-to";q=5;w=3600';
      expect(outcomes).toEqual([300, 300, 300, 300, 300, refused, refused]);
      await scene.signIns.settled();
      expect(scene.mailed(target)).toBe(5);
    });
  });

  it('have ten guesses compared at one new address, however many people guess; then its PIN is a code', async () => {
    await inVault({ PIN_BREAKER_WRONG: '1000000' }, async (scene) => {
      const { vault, signIns, requests } = scene;
      const guesses = vault.app.get(PinGuessesService, { strict: false });
      const everybody = await manyPeople(scene, 5);
      const ip = () => signIns.newIp();
      for (const person of everybody.slice(0, 4)) {
        const { challengeId } = await requests.requestEmailChange(person, { email: target, ip: ip() });
        for (let i = 0; i < 3; i++) {
          const { sessionId } = person;
          const guess = { challengeId, pin: 'none', ip: ip(), purpose: 'email-change', sessionId } as const;
          await expect(guesses.redeem(guess, () => Promise.resolve())).rejects.toMatchObject({
            definition: { code: 'AUTH.PIN_REFUSED' },
          });
        }
      }
      const rows = await vault.database.query(
        "SELECT sum(attempts)::int AS sum FROM login_challenges WHERE purpose = 'email-change'",
      );
      expect(rows).toEqual([{ sum: 10 }]);
      await requests.requestEmailChange(everybody[4], { email: target, ip: ip() });
      expect(await signIns.mailed(target)).toMatch(/^(?=\d*[A-Z])[0-9A-Z]{8}$/);
    });
  });

  function policyOf(error: unknown): string {
    if (!(error instanceof AppError)) throw error;
    return error.headers['RateLimit-Policy'] ?? '';
  }
});

describe('a code that could not be mailed', () => {
  it('does not keep the next one from being mailed', async () => {
    const mail = await MailServer.start();
    try {
      await inVault({ PIN_WRONG_LIMIT: '1', SMTP_URL: mail.url }, async ({ vault, signIns }) => {
        const email = 'somebody@refused.example';
        await vault.app.get(UserAdministration, { strict: false }).add(email);
        const codes = async () => (await vault.database.query('SELECT FROM step_up_codes')).length;
        const challengeId = await signIns.ask({ email });
        expect(await signIns.enter(challengeId, 'none')).toBe('AUTH.PIN_REFUSED');
        await eventually('the code is given up', async () => mail.asked.length > 1 && (await codes()) === 0);
      });
    } finally {
      await mail.stop();
    }
  });
});

describe('sign-ups', () => {
  it('beyond those of an hour are answered as ever, and mail nobody who has no account', async () => {
    await inVault({ SIGN_UPS_PER_HOUR: '3' }, async ({ vault, signIns, requests, mailed }) => {
      const known = newEmail();
      await signIns.signUp(known);
      const signUp = async (email: string, deviceId: string) =>
        (await requests.requestSignUp({ email, deviceId, ip: signIns.newIp() })).expiresIn;
      const strangers = [newEmail(), newEmail(), newEmail()];
      for (const stranger of strangers) expect(await signUp(stranger, 'laptop')).toBe(300);
      const before = mailed(known);
      await signUp(known, 'phone');
      await signIns.settled();
      expect(strangers.map(mailed)).toEqual([1, 1, 0]);
      expect(mailed(known)).toBe(before + 1);
      await vault.clock.advance('1 hour');
      const late = newEmail();
      await signUp(late, 'laptop');
      await signIns.settled();
      expect(mailed(late)).toBe(1);
    });
  });

  it('where registration is closed are answered as ever; only those who have an account are mailed', async () => {
    await inVault({ REGISTRATION: 'closed' }, async ({ vault, signIns, requests, mailed }) => {
      const [stranger, known] = [newEmail(), newEmail()];
      await vault.app.get(UserAdministration, { strict: false }).add(known);
      for (const email of [stranger, known]) {
        expect(await requests.requestSignUp({ email, deviceId: 'laptop', ip: signIns.newIp() })).toEqual({
          challengeId: expect.stringMatching(/^[\w-]{43}$/) as string,
          expiresIn: 300,
        });
      }
      await signIns.settled();
      expect([stranger, known].map(mailed)).toEqual([0, 1]);
      expect(await vault.database.query('SELECT FROM login_challenges WHERE mailbox_sealed IS NOT NULL')).toEqual([]);
    });
  });
});
