import { cpus } from 'node:os';
import process from 'node:process';
import { createRandom } from './corpus.mjs';
import { RANGE_BYTES } from './plan.mjs';

/** @typedef {import('./corpus.mjs').CorpusFile} CorpusFile */
/** @typedef {import('./plan.mjs').Phase} Phase */
/** @typedef {import('./peer.mjs').Peer} Peer */

/**
 * @typedef {object} Result
 * @property {number} requests
 * @property {number} bytes of content, without headers
 * @property {number} seconds
 * @property {number} rate in the phase's unit
 * @property {number} clientCpuSeconds
 * @property {number} [otherPercent] of the machine's CPU time, taken by neither client nor server: a quiet machine is near 0
 * @property {import('./process-tree.mjs').Usage} [usage] of the server, where it can be measured
 */

/**
 * Runs one phase against one peer.
 * @param {Peer} peer
 * @param {Phase} phase
 * @param {(index: number) => CorpusFile} fileAt the files to upload
 * @param {number} round seeds the places of the ranges: the same for every peer of a round
 * @param {AbortSignal} signal
 * @returns {Promise<Result>}
 * @throws Error of the first request that failed or whose bytes were wrong; the others are ended
 */
export async function runPhase(peer, phase, fileAt, round, signal) {
  const act = await prepare(peer, phase, fileAt, round);
  const client = peer.client(phase.clients);
  signal.addEventListener('abort', client.close, { once: true });
  let requests = 0;
  let bytes = 0;
  const endUsage = peer.tree?.measure();
  const cpuBefore = process.cpuUsage();
  const machineBefore = machineCpuSeconds();
  const start = performance.now();
  const deadline = start + phase.seconds * 1_000;
  const workers = Array.from({ length: phase.clients }, async () => {
    while (requests < phase.count && performance.now() < deadline && !signal.aborted) {
      const moved = await act(client, requests++);
      bytes += moved;
    }
  });
  const outcome = await Promise.all(workers).then(
    () => undefined,
    (/** @type {Error} */ error) => error,
  );
  const seconds = (performance.now() - start) / 1_000;
  const usage = endUsage?.();
  const { user, system } = process.cpuUsage(cpuBefore);
  const clientCpuSeconds = (user + system) / 1e6;
  const machine = machineCpuSeconds() - machineBefore;
  client.close();
  await Promise.allSettled(workers);
  signal.removeEventListener('abort', client.close);
  signal.throwIfAborted();
  if (outcome) throw outcome;
  const rate = (phase.unit === 'MB/s' ? bytes / 1e6 : requests) / seconds;
  const other = usage && Math.max(0, machine - clientCpuSeconds - usage.treeCpuSeconds);
  const otherPercent = other && (100 * other) / (seconds * cpus().length);
  return { requests, bytes, seconds, rate, clientCpuSeconds, otherPercent, usage };
}

/**
 * What costs time and is not measured.
 * @param {Peer} peer
 * @param {Phase} phase
 * @param {(index: number) => CorpusFile} fileAt
 * @param {number} round
 * @returns {Promise<(client: ReturnType<Peer['client']>, index: number) => Promise<number>>} one request; gives its bytes
 */
async function prepare(peer, { kind, size, count }, fileAt, round) {
  if (kind === 'upload' || kind === 'multipart') {
    const files = Array.from({ length: count }, (_, index) => fileAt(index));
    for (const file of files) file.sha256();
    return async (client, index) => {
      await peer.upload(client, files[index], kind);
      return size;
    };
  }
  if (!peer.stored.has(size)) await uploadOne(peer, fileAt(0));
  const stored = peer.stored.get(size) ?? [];
  if (kind === 'download') {
    return async (client, index) => {
      await peer.download(client, stored[index % stored.length]);
      return size;
    };
  }
  const random = createRandom(round);
  return async (client, index) => {
    const start = random(size - RANGE_BYTES + 1);
    await peer.downloadRange(client, stored[index % stored.length], start, start + RANGE_BYTES);
    return RANGE_BYTES;
  };
}

/**
 * For a download whose upload phase was not asked for.
 * @param {Peer} peer
 * @param {CorpusFile} file
 */
async function uploadOne(peer, file) {
  const client = peer.client(1);
  try {
    await peer.upload(client, file, 'upload');
  } finally {
    client.close();
  }
}

/** @returns {number} what all cores have worked since they were started */
function machineCpuSeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0) / 1_000;
}
