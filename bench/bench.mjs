import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCorpus } from './corpus.mjs';
import { readPeer } from './peer.mjs';
import { createPlan, createWarmUp } from './plan.mjs';
import { canMeasure } from './process-tree.mjs';
import { describeMachine, disturbanceOf, toMarkdown } from './report.mjs';
import { runRound } from './round.mjs';

const USAGE = `npm run bench -- [options]
  --quick           small numbers, one round, under a minute
  --rounds N        1 to 20; default 3 (1 with --quick)
  --peers A,B       files of bench/peers, or paths of peer descriptions; default photovault,nginx,nginx-tls
  --phases REGEX    only the phases whose name matches; default all
  --out FILE        put the tables into this Markdown file too, between its bench markers
  --dir DIR         where the servers store; default the system's directory for temporary files
  --seed TEXT       another corpus, for a server that still has the files of an earlier run
  --help`;

const RESULTS = join(dirname(fileURLToPath(import.meta.url)), 'results');
const MARKERS = ['<!-- bench:start -->', '<!-- bench:end -->'];

/** Free space to leave untouched, in bytes: twice what Photovault itself insists on. */
const SPARE_BYTES = 2 * 2 ** 30;

/** statfs(2): memory, where an fsync costs nothing and a server that does it looks better than it is. */
const TMPFS_MAGIC = 0x01021994;

function readOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      peers: { type: 'string', default: 'photovault,nginx,nginx-tls' },
      phases: { type: 'string', default: '' },
      out: { type: 'string' },
      dir: { type: 'string', default: tmpdir() },
      seed: { type: 'string', default: '1' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20) throw new Error('--rounds takes a number from 1 to 20');
  return { ...values, rounds, peers: values.peers.split(','), pattern: new RegExp(values.phases) };
}

/**
 * @param {string} dir
 * @param {number} needed bytes
 * @returns {Promise<string>} what kind of place it is
 */
async function inspectStorage(dir, needed) {
  const { type, bavail, bsize } = await statfs(dir);
  if (bavail * bsize < needed + SPARE_BYTES) {
    throw new Error(`${dir} is too small: one round stores ${(needed / 1e9).toFixed(1)} GB; choose another with --dir`);
  }
  if (type !== TMPFS_MAGIC) return 'data on disk';
  console.error(`WARNING: ${dir} is memory, fsync is free there; choose a directory on a disk with --dir`);
  return 'data on tmpfs';
}

/** @param {string} file Markdown @param {string} section replaces what stands between the markers, or is added at the end */
async function putSection(file, section) {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const [start, end] = MARKERS.map((marker) => text.indexOf(marker));
  const found = start !== -1 && end > start;
  const before = found ? text.slice(0, start) : text;
  const after = found ? text.slice(end + MARKERS[1].length) : '\n';
  await writeFile(file, `${before}${MARKERS[0]}\n${section}\n${MARKERS[1]}${after}`);
}

/** @returns {Promise<boolean>} whether every request succeeded and every byte was right */
async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return true;
  }
  const phases = createPlan(options.quick).filter(({ name }) => options.pattern.test(name));
  if (phases.length === 0) throw new Error(`no phase matches ${options.pattern}`);
  const warmUp = createWarmUp(options.quick);
  let peerFiles = await Promise.all(options.peers.map(readPeer));
  const stored = [...warmUp, ...phases].filter(({ kind }) => kind === 'upload' || kind === 'multipart');
  const bytes = stored.reduce((sum, { size, count }) => sum + size * count, 0) * peerFiles.length;
  const storage = await inspectStorage(options.dir, bytes);
  if (!canMeasure) console.error('NOT MEASURED: CPU and memory of the servers, which needs the /proc of Linux');

  const interrupt = new AbortController();
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    // Each time, not once: npm passes on a Ctrl-C that the terminal has already sent, and the second must not cut short the
    // stopping of the servers and the removal of their gigabytes.
    process.on(name, () => interrupt.abort(new Error(`ended by ${name}`)));
  }
  const corpus = createCorpus(options.seed);
  /** @type {import('./report.mjs').Measurement[]} */
  const measurements = [];
  for (let number = 1; number <= options.rounds; number++) {
    const { dir } = options;
    measurements.push(
      ...(await runRound({ number, peerFiles, warmUp, phases, corpus, dir, signal: interrupt.signal })),
    );
    peerFiles = peerFiles.filter(({ description }) => measurements.some(({ peer }) => peer === description.name));
    if (peerFiles.length === 0) throw new Error('no peer could be measured');
  }

  const run = {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    machine: describeMachine(storage),
    rounds: options.rounds,
    peers: peerFiles.map(({ description }) => description.name),
    phases,
    measurements,
  };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `${run.date.replaceAll(':', '-')}.json`), JSON.stringify(run, null, 2));
  const markdown = toMarkdown(run);
  console.log(markdown);
  if (options.out) await putSection(options.out, markdown);
  const disturbance = disturbanceOf(measurements);
  if (disturbance && !disturbance.quiet) {
    const percent = disturbance.percent.toFixed(0);
    console.error(`WARNING: other programs took ${percent} % of the CPU; measure again on a quiet machine`);
  }
  const failures = measurements.filter(({ failure }) => failure);
  for (const { peer, phase, round, failure } of failures) {
    console.error(`FAILED: ${peer}, ${phase}, round ${round}: ${failure}`);
  }
  return failures.length === 0;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(`FAILED: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
