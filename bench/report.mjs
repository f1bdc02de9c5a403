import { cpus, totalmem } from 'node:os';
import process from 'node:process';

/** @typedef {import('./plan.mjs').Phase} Phase */
/** @typedef {import('./run-phase.mjs').Result} Result */

/**
 * @typedef {object} Measurement
 * @property {string} peer
 * @property {string} phase
 * @property {number} round
 * @property {Result} [result] absent when it failed
 * @property {string} [failure] why
 */

/** What the CPU rows of the first table quote. */
const CPU_PHASES = ['upload 4 MiB ×16', 'download 4 MiB ×16'];

/** Beyond this share of the CPU, the figures say as much about the neighbours as about the servers. */
const QUIET_PERCENT = 10;

/** @param {number[]} values at least one @returns {number} */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The machine, without its name.
 * @param {string} fileSystem
 */
export function describeMachine(fileSystem) {
  const [{ model }] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${model.trim()}), ${memory} GiB, ${fileSystem}, ${process.platform}, Node ${process.version}`;
}

/**
 * @param {Measurement[]} measurements
 * @returns {{ percent: number, quiet: boolean } | undefined} what other programs took of the CPU, median; undefined where
 *   nothing could be measured
 */
export function disturbanceOf(measurements) {
  const percents = measurements.flatMap(({ result }) => result?.otherPercent ?? []);
  if (percents.length === 0) return undefined;
  const percent = median(percents);
  return { percent, quiet: percent <= QUIET_PERCENT };
}

/**
 * The Markdown of a run: the medians side by side, then every phase with its spread and its cost.
 * @param {object} run
 * @param {string[]} run.peers the first one is compared with each other one
 * @param {Phase[]} run.phases
 * @param {Measurement[]} run.measurements
 * @param {string} run.machine
 * @param {string} run.command
 * @param {string} run.date
 * @param {number} run.rounds
 * @returns {string}
 */
export function toMarkdown({ peers, phases, measurements, machine, command, date, rounds }) {
  /** @param {string} peer @param {string} phase */
  const of = (peer, phase) => measurements.filter((one) => one.peer === peer && one.phase === phase);

  /**
   * Median of a figure over the rounds of one peer and phase.
   * @param {string} peer @param {string} phase @param {(result: Result) => number | undefined} figure
   */
  const medianOf = (peer, phase, figure) => {
    const values = of(peer, phase).flatMap(({ result }) => (result && figure(result)) ?? []);
    return values.length > 0 ? median(values) : undefined;
  };

  /** @param {string} peer @param {string} phase @param {(result: Result) => number | undefined} figure @param {number} [digits] */
  const cell = (peer, phase, figure, digits) =>
    of(peer, phase).some(({ failure }) => failure) ? 'FAILED' : format(medianOf(peer, phase, figure), digits);

  /** @param {string} peer @param {string} phase */
  const cpuCell = (peer, phase) => pair(cell(peer, phase, serverCpuPerGB, 2), cell(peer, phase, treeCpuPerGB, 2));

  /**
   * The first peer's median divided by each other one's.
   * @param {string} phase @param {(result: Result) => number | undefined} figure
   */
  const ratios = (phase, figure) => {
    const [own, ...theirs] = peers.map((peer) => medianOf(peer, phase, figure));
    return theirs.map((other) => format(own !== undefined && other ? own / other : undefined, 2));
  };

  /** @param {string} peer @param {(result: Result) => number | undefined} figure */
  const peak = (peer, figure) => {
    const values = measurements.flatMap((one) => (one.peer === peer && one.result && figure(one.result)) || []);
    return format(values.length > 0 ? Math.max(...values) : undefined);
  };

  const [first, ...others] = peers;
  const measured = phases.filter(({ name }) => measurements.some(({ phase }) => phase === name));
  const comparison = [
    ...measured.map(({ name, unit }) => [
      `${name}, ${unit}`,
      ...peers.map((peer) => cell(peer, name, rateOf)),
      ...ratios(name, rateOf),
    ]),
    ...CPU_PHASES.filter((phase) => measured.some(({ name }) => name === phase)).map((phase) => [
      `CPU s/GB, ${phase}: server / whole tree`,
      ...peers.map((peer) => cpuCell(peer, phase)),
      ...ratios(phase, treeCpuPerGB),
    ]),
    [
      'peak RSS MiB, all phases: server / whole tree',
      ...peers.map((peer) => pair(peak(peer, serverMiB), peak(peer, treeMiB))),
      ...others.map(() => ''),
    ],
  ];

  const details = measured.flatMap(({ name, unit }) =>
    peers
      .filter((peer) => of(peer, name).length > 0)
      .map((peer) => {
        const rates = of(peer, name).flatMap(({ result }) => result?.rate ?? []);
        return [
          `${name}, ${unit}`,
          peer,
          cell(peer, name, rateOf),
          rates.length > 0 ? `${format(Math.min(...rates))}–${format(Math.max(...rates))}` : '–',
          cpuCell(peer, name),
          pair(cell(peer, name, serverMiB), cell(peer, name, treeMiB)),
          cell(peer, name, clientPercent),
        ];
      }),
  );

  const disturbance = disturbanceOf(measurements);
  const disturbed = disturbance
    ? [`Other programs took ${format(disturbance.percent)} % of the CPU meanwhile (median).`]
    : [];

  return [
    `${date} · \`${command}\` · ${rounds} interleaved round${rounds === 1 ? '' : 's'}, medians · ${machine}`,
    '',
    'Client and server share the machine and the client hashes every download: ratios within this run count, not the figures.',
    'MB and GB are powers of ten. "Whole tree" is the server with its database; pages they share count in each process.',
    ...disturbed,
    '',
    table(['', ...peers, ...others.map((other) => `${first} ÷ ${other}`)], comparison),
    '',
    '<details><summary>Every phase: spread, cost, and how busy the client was</summary>',
    '',
    'Where the client is near 100 % it is the limit, and the server could do more.',
    '',
    table(
      [
        'phase',
        'peer',
        'median',
        'lowest–highest',
        'CPU s/GB: server / tree',
        'RSS MiB: server / tree',
        'client busy, %',
      ],
      details,
    ),
    '',
    '</details>',
  ].join('\n');
}

/** @param {Result} result */
const rateOf = ({ rate }) => rate;

/** @param {Result} result */
const serverCpuPerGB = ({ usage, bytes }) => usage && usage.serverCpuSeconds / (bytes / 1e9);

/** @param {Result} result */
const treeCpuPerGB = ({ usage, bytes }) => usage && usage.treeCpuSeconds / (bytes / 1e9);

/** @param {Result} result */
const serverMiB = ({ usage }) => usage && usage.serverBytes / 2 ** 20;

/** @param {Result} result */
const treeMiB = ({ usage }) => usage && usage.treeBytes / 2 ** 20;

/** @param {Result} result */
const clientPercent = ({ clientCpuSeconds, seconds }) => (100 * clientCpuSeconds) / seconds;

/** @param {string} server @param {string} tree */
const pair = (server, tree) => (server === tree ? server : `${server} / ${tree}`);

/** @param {number | undefined} value @param {number} [digits] */
const format = (value, digits = 0) => (value === undefined ? '–' : value.toFixed(digits));

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
