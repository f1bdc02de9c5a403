// Can the time of an answer tell whether an address has an account? Asks for PINs for known and unknown addresses, one after the other,
// on a fresh server, and compares statuses, headers, bodies and medians.
//   npm run bench:known-unknown [-- --requests 200]
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ServerProcess, run } from './server-process.mjs';

/** How far apart the medians may be. */
const TOLERANCE = 0.1;
const { values } = parseArgs({ options: { requests: { type: 'string', default: '200' } } });
const requests = Number(values.requests);
if (!Number.isInteger(requests) || requests < 1 || requests > 2000) throw new Error('--requests takes 1 to 2000');

await run([process.execPath, 'scripts/build.mjs', '--if-changed'], process.cwd());
const dir = await mkdtemp(join(tmpdir(), 'photovault-known-'));
const port = await freePort();
const api = `http://127.0.0.1:${port}/api/v1`;
const server = await ServerProcess.start({
  command: process.execPath,
  args: ['--max-semi-space-size=4', 'dist/src/main.js'],
  // Limits on requests are not the subject, and would end it; everything else is as it is by default.
  env: {
    PORT: String(port),
    DATA_DIR: join(dir, 'data'),
    PIN_REQUESTS_PER_IP_HOUR: '1000000',
    PIN_REQUESTS_PER_IP_DAY: '1000000',
    PIN_REQUESTS_PER_ACCOUNT_HOUR: '1000000',
    PIN_VERIFIES_PER_IP: '1000000',
    RATE_LIMIT_PUBLIC_PER_MINUTE: '1000000',
  },
  cwd: process.cwd(),
  dir,
});
try {
  await server.untilReady(
    async () => (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null))?.ok ?? false,
  );
  await signUp('known@example.com');
  for (let i = 0; i < 50; i++) await ask(i % 2 ? 'known@example.com' : 'warm@example.com', `warm-${i}`);
  const [known, unknown] = [[], []];
  for (let i = 0; i < requests; i++) {
    known.push(await ask('known@example.com', `device-${i}`));
    unknown.push(await ask('unknown@example.com', `device-${i}`));
  }
  const shapes = new Set([...known, ...unknown].map(({ shape }) => shape));
  const medians = [known, unknown].map((answers) => median(answers.map(({ ms }) => ms)));
  const apart = Math.abs(medians[0] / medians[1] - 1);
  console.log(`| address | requests | median ms |\n|---|---|---|`);
  console.log(
    `| known | ${requests} | ${medians[0].toFixed(2)} |\n| unknown | ${requests} | ${medians[1].toFixed(2)} |`,
  );
  console.log(
    `\nmedians ${(100 * apart).toFixed(1)} % apart; ${shapes.size} kind(s) of answer: ${[...shapes].join(' / ')}`,
  );
  process.exitCode = shapes.size === 1 && apart <= TOLERANCE ? 0 : 1;
} finally {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}

/** @param {string} email @param {string} deviceId @returns {Promise<{ ms: number, shape: string }>} */
async function ask(email, deviceId) {
  const began = process.hrtime.bigint();
  const answer = await post('/auth/pin', { email, deviceId });
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  const body = await answer.json();
  const shape = JSON.stringify([
    answer.status,
    [...answer.headers.keys()],
    Object.keys(body),
    body.challengeId.length,
    body.expiresIn,
  ]);
  return { ms, shape };
}

/** @param {string} email */
async function signUp(email) {
  const { challengeId } = await (await post('/users', { email, deviceId: 'bench' })).json();
  const [, pin] = await server.waitForLog(/PIN (\w+) for known@example\.com/);
  const { status } = await post('/auth/sessions', { challengeId, deviceId: 'bench', pin });
  if (status !== 201) throw new Error(`sign-up answered ${status}`);
}

/** @param {string} path @param {object} body */
function post(path, body) {
  return fetch(api + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(free));
    });
  });
}
