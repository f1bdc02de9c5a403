// Can the time of an answer tell whether an address has an account? Asks for PINs for known and unknown addresses, one after the other,
// on a fresh server, and compares statuses, headers, bodies and medians.
//   npm run bench:known-unknown [-- --requests 200]
import process from 'node:process';
import { parseArgs } from 'node:util';
import { median, postJson, signUp, startFreshVault } from './fresh-vault.mjs';

/** How far apart the medians may be. */
const TOLERANCE = 0.1;
const { values } = parseArgs({ options: { requests: { type: 'string', default: '200' } } });
const requests = Number(values.requests);
if (!Number.isInteger(requests) || requests < 1 || requests > 2000) throw new Error('--requests takes 1 to 2000');

const vault = await startFreshVault();
try {
  await signUp(vault, 'known@example.com');
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
  await vault.stop();
}

/** @param {string} email @param {string} deviceId @returns {Promise<{ ms: number, shape: string }>} */
async function ask(email, deviceId) {
  const began = process.hrtime.bigint();
  const answer = await postJson(`${vault.api}/auth/pin`, { email, deviceId });
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
