import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { MailCatcher } from '../support/mail-catcher';
import { Newman } from '../support/newman';
import { VaultHome } from '../support/vault-home';

const JOURNEY = 'A whole journey';
const ROOT = resolve(__dirname, '../..');

let home: VaultHome;
let catcher: MailCatcher;
let newman: Newman;
let variables: { baseUrl: string; mailUrl: string };

beforeAll(async () => {
  home = await VaultHome.create();
  catcher = await MailCatcher.start();
  newman = new Newman();
  const server = home.start({ SMTP_URL: catcher.smtpUrl, MAIL_FROM: 'vault@example.com' });
  variables = { baseUrl: await server.ready(), mailUrl: catcher.url };
});
afterAll(async () => {
  newman.close();
  await home.close();
  await catcher.stop();
});

/** Without the repetitions of what waits. */
const steps = (items: readonly { readonly name: string }[]) => [...new Set(items.map(({ name }) => name))];

it('the whole journey of the collection runs against the built server, by itself, PIN from the mail catcher and all', async () => {
  const { items, assertions, failures } = await newman.run([JOURNEY], variables);
  expect(failures).toEqual([]);
  expect(steps(items).map((name) => Number.parseInt(name, 10))).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
  // One about the status and, of what the vault answers, one about its request id, for each request at least.
  expect(assertions).toBeGreaterThan(2 * 23);
}, 120_000);

it('it runs again on the same vault, as `npm run postman`, whose exit code says how it went', async () => {
  const { scripts } = (await import(resolve(ROOT, 'package.json'))) as { scripts: { postman: string } };
  const set = Object.entries(variables).map(([name, value]) => `--env-var '${name}=${value}'`);
  const run = (...more: string[]) =>
    promisify(execFile)('sh', ['-c', [scripts.postman, ...set, ...more].join(' ')], {
      cwd: ROOT,
      env: { ...process.env, PATH: `${resolve(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
    });
  expect((await run()).stdout).toContain('25. The session is dead');
  await expect(run(`--env-var baseUrl=${variables.baseUrl}/nowhere`, '--bail')).rejects.toMatchObject({ code: 1 });
}, 120_000);

it('fails where no mail arrives, after a while', async () => {
  const empty = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"messages":[]}');
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((listening) => empty.once('listening', listening));
    const mailUrl = `http://127.0.0.1:${(empty.address() as AddressInfo).port}`;
    const { items, failures } = await newman.run([JOURNEY], { ...variables, mailUrl });
    expect(items.filter(({ name }) => name === '2. Wait for the mail')).toHaveLength(40);
    expect(failures).toContainEqual(expect.stringContaining('2. Wait for the mail: '));
  } finally {
    empty.closeAllConnections();
    empty.close();
  }
}, 120_000);
