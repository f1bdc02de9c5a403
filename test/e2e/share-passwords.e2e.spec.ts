import { PasswordErrors } from '../../src/platform/passwords/password.errors';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.service';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { knock, type MadeShare, namesSeen, share, visit } from '../support/shares';
import { startTestAppInTime, type TestApp } from '../support/test-app';
import type { DatabaseClock } from '../support/database-clock';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

const PASSWORD = 'a long walk on the beach';

let vault: TestApp & { clock: DatabaseClock };
let alice: VaultClient;
let fileId: string;

beforeAll(async () => {
  vault = await startTestAppInTime();
  alice = await vault.signUp('alice@example.com');
  fileId = (await alice.put('beach.jpg', jpeg(5000, 'beach'))).body.id;
});
afterAll(() => vault.close());

const withPassword = (password = PASSWORD) => share(alice, { fileIds: [fileId], password });
const guess = (made: MadeShare, password = 'not the password') => knock(vault, made, { password });
/** What the security log of a person's account has of wrong passwords. */
const noted = async ({ userId }: VaultClient) =>
  (
    await vault.database.query("SELECT FROM security_events WHERE user_id = $1 AND kind = 'share.wrong_password'", [
      userId,
    ])
  ).length;
const alerts = (kind: string) => vault.logs.lines.filter((line) => line.includes(`Security alert (${kind}`)).length;

describe('a share with a password', () => {
  it('opens with it, typed on any keyboard', async () => {
    const made = await withPassword('gru\u0308n wie die Wiese');
    expect((await guess(made, 'grün wie die Wiese')).status).toBe(200);
    expect(await namesSeen(await visit(vault, made, { password: 'grün wie die Wiese' }), made)).toEqual(['beach.jpg']);
    const { body } = await alice.request<{ items: { hasPassword: boolean }[] }>('GET', '/shares?limit=1');
    expect(body.items[0]?.hasPassword).toBe(true);
  });

  it('asks for it without counting that as a guess, and only whoever has the link', async () => {
    const made = await withPassword();
    for (const more of [...Array<object>(9).fill({}), { password: null }])
      expectProblem(await knock(vault, made, more), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
    expect((await guess(made, PASSWORD)).status).toBe(200);
    expect(await vault.database.query('SELECT wrong_passwords FROM shares WHERE id = $1', [made.id])).toEqual([
      { wrong_passwords: 0 },
    ]);
  });

  it('needs the password that it was made with: one of no password, or of another share, does not open it', async () => {
    const [one, other] = [await withPassword('the first password'), await withPassword('the second password')];
    expectProblem(await guess(one, 'the second password'), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
    expectProblem(await guess(other, ''), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
  });

  it('does not open under a password that was changed in the database', async () => {
    const [one, other] = [await withPassword('the first password'), await withPassword('the second password')];
    await vault.database.query(
      'UPDATE shares s SET password_salt = o.password_salt, password_params = o.password_params FROM shares o WHERE s.id = $1 AND o.id = $2',
      [one.id, other.id],
    );
    expectProblem(await guess(one, 'the second password'), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
    expectProblem(await guess(one, 'the first password'), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
    // Without the columns it is a share without a password, whose label does not open: an alarm, and nothing of the share.
    await vault.database.query('UPDATE shares SET password_salt = NULL, password_params = NULL WHERE id = $1', [
      one.id,
    ]);
    expectProblem(await knock(vault, one), { status: 500, code: 'VAULT.DAMAGED' });
  });

  it('answers 20 wrong ones with 403, then makes whoever guesses wait longer and longer; the right one too', async () => {
    const made = await withPassword();
    const answers: number[] = [];
    const waits: number[] = [];
    while (answers.length < 20) {
      const { status, headers } = await guess(made);
      answers.push(status);
      if (status === 429) {
        expectProblem(await guess(made, PASSWORD), { status: 429, code: 'PASSWORD.TOO_MANY_GUESSES' });
        waits.push(Number(headers.get('retry-after')));
        await vault.clock.advance(`${waits.at(-1)} seconds`);
      }
    }
    expect(answers.slice(0, 5)).toEqual([403, 403, 403, 403, 403]);
    expect(answers.filter((status) => status === 429).length).toBeGreaterThan(5);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBeGreaterThan(waits[0]);
    await vault.clock.advance('15 minutes');
    expect((await guess(made, PASSWORD)).status).toBe(200);
  });

  it('tells its owner of the third wrong one by mail, and of each in the security log', async () => {
    const bob = await vault.signUp('bob@example.com');
    const { id } = (await bob.put('bob.jpg', jpeg(5000, 'bob'))).body;
    const made = await share(bob, { fileIds: [id], password: PASSWORD });
    for (let i = 0; i < 2; i++) await guess(made);
    await eventually('both are written down', async () => (await noted(bob)) === 2);
    const mails = alerts('share.wrong_password');
    for (let i = 0; i < 2; i++) await guess(made);
    await eventually('all four are written down', async () => (await noted(bob)) === 4);
    await eventually('the mail is out', () => alerts('share.wrong_password') === mails + 1);
    expect(vault.logs.text).not.toContain('not the password');
  });

  it('is suspended after 50, for everybody, until its end; its owner gets a mail and sees it in the list', async () => {
    const made = await withPassword();
    const visitor = await visit(vault, made, { password: PASSWORD });
    await vault.database.query('UPDATE shares SET wrong_passwords = 48 WHERE id = $1', [made.id]);
    expectProblem(await guess(made), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
    expect(await namesSeen(visitor, made)).toEqual(['beach.jpg']);
    expectProblem(await guess(made), { status: 403, code: 'SHARE.WRONG_PASSWORD' });
    for (const answer of [await guess(made, PASSWORD), await visitor.request('GET', `/shares/${made.id}/files`)]) {
      expectProblem(answer, { status: 404, code: 'SHARE.NOT_FOUND' });
    }
    await eventually('the mail is out', () => alerts('share.suspended') === 1);
    const { body } = await alice.request<{ items: { state: string }[] }>('GET', '/shares?limit=1');
    expect(body.items[0]?.state).toBe('suspended');
  });

  it('bounds how many passwords are hashed at once, and what is refused for that is no guess', async () => {
    const made = await withPassword();
    const answers = await Promise.all(Array.from({ length: 60 }, () => guess(made, PASSWORD)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(statuses.has(200)).toBe(true);
    expect((await guess(made, PASSWORD)).status).toBe(200);
  });

  it('that could not be hashed is no guess', async () => {
    const made = await withPassword();
    const hasher = vault.app.get(PasswordHasher, { strict: false });
    for (let i = 0; i < 8; i++) {
      jest.spyOn(hasher, 'hash').mockRejectedValueOnce(PasswordErrors.busy());
      expectProblem(await guess(made, PASSWORD), { status: 503, code: 'PASSWORD.BUSY' });
    }
    expect((await guess(made, PASSWORD)).status).toBe(200);
  });
});
