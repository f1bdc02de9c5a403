// What figures cost: requests a second with METRICS_PORT and without, in turn, in one run; scraped every second meanwhile.
//   npm run bench:metrics [-- --rounds 8 --seconds 5]
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { median, signUp, startFreshVault } from './fresh-vault.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '8' }, seconds: { type: 'string', default: '5' } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
if (!(rounds >= 1 && rounds <= 100 && seconds >= 1 && seconds <= 600))
  throw new Error('--rounds 1 to 100, --seconds 1 to 600');

const CLIENTS = 16;

const METRICS = 19_464;
const kinds = [
  { name: 'off', vault: await startFreshVault() },
  { name: 'on', vault: await startFreshVault({ METRICS_PORT: String(METRICS) }) },
];
try {
  for (const kind of kinds) {
    kind.token = await signUp(kind.vault, 'bench@example.com');
    kind.rates = [];
    kind.cpu = [];
    await load(kind, 2);
  }
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes: A B B A.
    for (const kind of round % 2 ? kinds.toReversed() : kinds) {
      const used = kind.vault.server.tree?.measure();
      const scrapes = setInterval(() => {
        if (kind.name === 'on') void fetch(`http://127.0.0.1:${METRICS}/metrics`).then((answer) => answer.text());
      }, 1000);
      const count = await load(kind, seconds);
      clearInterval(scrapes);
      kind.rates.push(count / seconds);
      kind.cpu.push(((used?.().serverCpuSeconds ?? NaN) * 1e6) / count);
    }
  }
  const [off, on] = kinds;
  const row = (what, digits, of) => {
    const [a, b] = [median(of(off)), median(of(on))];
    return `| ${what} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${(b / a).toFixed(3)} |`;
  };
  console.log(
    `| GET /users/me, ${CLIENTS} clients, medians of ${rounds} | off | on | on ÷ off |\n|---|---:|---:|---:|`,
  );
  console.log(row('requests a second', 0, ({ rates }) => rates));
  console.log(row('CPU of the server, µs a request', 0, ({ cpu }) => cpu));
} finally {
  for (const { vault } of kinds) await vault.stop();
}

/** Asks for the profile from several connections. @returns how often it was answered */
async function load({ vault, token }, forSeconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const until = performance.now() + forSeconds * 1000;
  let answered = 0;
  const lane = async () => {
    while (performance.now() < until) {
      await ask(agent, `${vault.api}/users/me`, token);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, lane));
  agent.destroy();
  return answered;
}

function ask(agent, url, token) {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
      answer.resume().once('end', resolve);
    });
    outgoing.once('error', reject).end();
  });
}
