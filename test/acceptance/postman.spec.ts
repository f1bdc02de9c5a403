import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startTestApp, type TestApp } from '../support/test-app';

const POSTMAN = resolve(__dirname, '../../postman');
const COLLECTION = join(POSTMAN, 'photovault.postman_collection.json');
const ENVIRONMENT = join(POSTMAN, 'photovault.postman_environment.json');
const NEWMAN = join(dirname(require.resolve('newman/package.json')), 'bin/newman.js');
const EMAIL = 'alice@example.com';
const NEW_EMAIL = 'alice@example.org';

/** The part of newman's JSON report that is read here. */
interface Report {
  readonly run: {
    readonly stats: { readonly assertions: { readonly total: number } };
    readonly executions: readonly { readonly item: { readonly id: string } }[];
    readonly failures: readonly {
      readonly source: { readonly name: string };
      readonly error: { readonly message: string };
    }[];
  };
}

let vault: TestApp;
let directory: string;
let environment = ENVIRONMENT;
const ran = new Set<string>();

beforeAll(async () => {
  vault = await startTestApp();
  directory = mkdtempSync(join(tmpdir(), 'photovault-postman-'));
});
afterAll(async () => {
  await vault.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs folders or single requests as a person does: the environment of one run goes into the next. */
async function run(folders: readonly string[], variables: Record<string, string> = {}): Promise<void> {
  const exported = join(directory, 'environment.json');
  const report = join(directory, 'report.json');
  const set = { baseUrl: vault.url, ...variables };
  const outcome = await promisify(execFile)(process.execPath, [
    NEWMAN,
    ...['run', COLLECTION, '--environment', environment, '--export-environment', exported, '--working-dir', POSTMAN],
    ...['--reporters', 'json', '--reporter-json-export', report, '--suppress-exit-code'],
    ...Object.entries(set).flatMap(([name, value]) => ['--env-var', `${name}=${value}`]),
    ...folders.flatMap((folder) => ['--folder', folder]),
  ]);
  expect(outcome.stderr).toBe('');
  environment = exported;
  const { run: result } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  expect(result.failures.map(({ source, error }) => `${source.name}: ${error.message}`)).toEqual([]);
  expect(result.stats.assertions.total).toBeGreaterThan(0);
  for (const { item } of result.executions) ran.add(item.id);
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

  await run(['What happened to your account, page by page, the newest first', 'Move to another e-mail address']);
  await run(['Prove the new e-mail address'], await pinOf(NEW_EMAIL));
  await run(['Ask for a PIN for what needs a fresh one']);
  await run(['Give a fresh PIN'], await pinOf(NEW_EMAIL));
  const rest = ['Where you are signed in', 'Sign out one device', 'Devices that you trust', 'Trust a device no longer'];
  await run([...rest, 'Sign out everywhere else', 'Sign out here']);

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
