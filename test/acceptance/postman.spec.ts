import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { COLLECTION, ENVIRONMENT, Newman, POSTMAN } from '../support/newman';
import { startTestApp, type TestApp } from '../support/test-app';

const EMAIL = 'alice@example.com';
const NEW_EMAIL = 'alice@example.org';

let vault: TestApp;
let newman: Newman;
const ran = new Set<string>();

beforeAll(async () => {
  vault = await startTestApp();
  newman = new Newman();
});
afterAll(async () => {
  newman.close();
  await vault.close();
});

async function run(folders: readonly string[], variables: Record<string, string> = {}): Promise<void> {
  const { items, assertions, failures } = await newman.run(folders, { baseUrl: vault.url, ...variables });
  expect(failures).toEqual([]);
  expect(assertions).toBeGreaterThan(0);
  for (const { id } of items) ran.add(id);
}

/** What a person does who has a PIN mailed and writes it into the environment; the collection knows no mailbox. */
const pinOf = async (email: string) => ({ pin: await vault.logs.pinFor(email) });

it('the collection runs from sign-up to sign-out without a failure, every operation of the API in it', async () => {
  const tradeIn = 'Trade a PIN for a session';
  await run(['Sign up']);
  await run([tradeIn], await pinOf(EMAIL));
  await run(['Ask for a PIN to sign in with'], { deviceId: 'phone-1', deviceToken: '' });
  await run(
    [tradeIn, 'Your account, and how much it stores', 'Files', 'Trash', 'Folders', 'Shares', 'Server'],
    await pinOf(EMAIL),
  );

  await run(['What happened to your account, page by page, the newest first']);
  await run(['Size and ETag of an export without its bytes', 'All that you have, a folder or some files as a ZIP']);
  await run(['Move to another e-mail address']);
  await run(['Prove the new e-mail address'], await pinOf(NEW_EMAIL));
  await run(['Ask for a PIN for what needs a fresh one']);
  await run(['Give a fresh PIN'], await pinOf(NEW_EMAIL));
  const rest = ['Where you are signed in', 'Sign out one device', 'Devices that you trust', 'Trust a device no longer'];
  await run([...rest, 'Sign out everywhere else', 'Sign out here']);
  await run(['Ask for a PIN to sign in with']);
  await run([tradeIn, 'Leaving'], await pinOf(NEW_EMAIL));

  const { body } = await vault
    .stranger()
    .request<{ paths: Record<string, Record<string, { operationId: string }>> }>('GET', '//openapi.json');
  const operations = Object.values(body.paths).flatMap((methods) => Object.values(methods));
  expect([...ran].sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
}, 120_000);

it('names no place of the machine that it was made on', () => {
  for (const file of [COLLECTION, ENVIRONMENT]) {
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(dirname(POSTMAN));
    expect(text).not.toMatch(/"src": "(?!photo\.jpg")/);
  }
});
