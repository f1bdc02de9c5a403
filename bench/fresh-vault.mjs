// A vault of its own for a measurement: built, started on an empty directory, with one person signed in.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { run, ServerProcess } from './server-process.mjs';

/**
 * A vault that is thrown away.
 * @typedef {object} FreshVault
 * @property {string} api where its routes begin
 * @property {string} dataDir
 * @property {ServerProcess} server
 * @property {() => Promise<void>} stop
 */

/**
 * @param {Record<string, string>} env settings; limits on requests are off, because they are not the subject and would end it
 * @returns {Promise<FreshVault>}
 */
export async function startFreshVault(env = {}) {
  await run([process.execPath, 'scripts/build.mjs', '--if-changed'], process.cwd());
  const dir = await mkdtemp(join(tmpdir(), 'photovault-bench-'));
  const [dataDir, port] = [join(dir, 'data'), await freePort()];
  const server = await ServerProcess.start({
    command: process.execPath,
    args: ['--max-semi-space-size=4', 'dist/src/main.js'],
    env: {
      PORT: String(port),
      DATA_DIR: dataDir,
      PIN_REQUESTS_PER_IP_HOUR: '1000000',
      PIN_REQUESTS_PER_IP_DAY: '1000000',
      PIN_REQUESTS_PER_ACCOUNT_HOUR: '1000000',
      PIN_VERIFIES_PER_IP: '1000000',
      RATE_LIMIT_PUBLIC_PER_MINUTE: '1000000',
      RATE_LIMIT_PER_MINUTE: '1000000',
      ...env,
    },
    cwd: process.cwd(),
    dir,
  });
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await server.untilReady(async () => (await fetch(`${origin}/health/ready`).catch(() => null))?.ok ?? false);
  } catch (error) {
    await stop();
    throw error;
  }
  return { api: `${origin}/api/v1`, dataDir, server, stop };
}

/**
 * @param {FreshVault} vault @param {string} email
 * @returns {Promise<string>} the session's token
 */
export async function signUp({ api, server }, email) {
  const { challengeId } = await (await postJson(`${api}/users`, { email, deviceId: 'bench' })).json();
  const [, pin] = await server.waitForLog(new RegExp(`PIN (\\w+) for ${email.replace(/\./g, '\\.')}`));
  const answer = await postJson(`${api}/auth/sessions`, { challengeId, deviceId: 'bench', pin });
  if (answer.status !== 201) throw new Error(`sign-up answered ${answer.status}`);
  return (await answer.json()).sessionToken;
}

/** @param {string} url @param {object} body @param {{ method?: string, token?: string }} options */
export function postJson(url, body, { method = 'POST', token } = {}) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  return fetch(url, { method, headers, body: JSON.stringify(body) });
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
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
