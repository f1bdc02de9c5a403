import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Peer, PeerAbsentError } from './peer.mjs';
import { runPhase } from './run-phase.mjs';

/** @typedef {import('./plan.mjs').Phase} Phase */
/** @typedef {import('./report.mjs').Measurement} Measurement */

const FLUSH_MS = 60_000;

/**
 * @typedef {object} Round
 * @property {number} number from 1
 * @property {import('./peer.mjs').PeerFile[]} peerFiles
 * @property {Phase[]} warmUp
 * @property {Phase[]} phases
 * @property {ReturnType<typeof import('./corpus.mjs').createCorpus>} corpus
 * @property {string} dir where the servers get their directories
 * @property {AbortSignal} signal
 */

/**
 * One round: fresh servers, then phase by phase and within a phase peer by peer, so that two figures that are compared
 * were taken within seconds of each other. The peer that goes first changes from phase to phase.
 * @param {Round} round
 * @returns {Promise<Measurement[]>} nothing of an optional peer that cannot run here, which is said in one loud line
 */
export async function runRound(round) {
  const home = await mkdtemp(join(round.dir, 'photovault-bench-'));
  /** @type {Peer[]} */
  const peers = [];
  /** @type {Measurement[]} */
  const measurements = [];
  try {
    await chmod(home, 0o755); // A database that gives up root's rights must still be able to walk in.
    for (const [index, peerFile] of round.peerFiles.entries()) {
      const peer = await startPeer(peerFile, join(home, String(index)));
      if (peer) peers.push(peer);
    }
    for (const phase of round.warmUp) {
      for (const peer of peers.filter((one) => offers(one, phase))) {
        const measurement = await measure(peer, phase, round);
        if (measurement.failure) measurements.push(measurement); // A warm-up has no figure, but it may not fail.
      }
    }
    for (const [index, phase] of round.phases.entries()) {
      const turn = (round.number + index) % peers.length;
      const inTurn = [...peers.slice(turn), ...peers.slice(0, turn)];
      for (const peer of inTurn.filter((one) => offers(one, phase))) {
        const measurement = await measure(peer, phase, round);
        measurements.push(measurement);
        console.error(say(measurement, phase));
      }
    }
    return measurements;
  } finally {
    for (const peer of peers) await peer.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** @param {import('./peer.mjs').PeerFile} peerFile @param {string} dir */
async function startPeer(peerFile, dir) {
  await mkdir(dir);
  try {
    return await Peer.start(peerFile, dir);
  } catch (error) {
    if (!(error instanceof PeerAbsentError)) throw error;
    console.error(`NOT MEASURED: ${error.message}`);
    return undefined;
  }
}

/** @param {Peer} peer @param {Phase} phase */
function offers({ description }, { kind }) {
  if (kind === 'multipart') return description.multipart !== undefined;
  return kind !== 'range' || description.download.ranges !== false;
}

/** @param {Peer} peer @param {Phase} phase @param {Round} round @returns {Promise<Measurement>} */
async function measure(peer, phase, { number, corpus, signal }) {
  await flush();
  const slug = phase.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const fileAt = (/** @type {number} */ index) => corpus(`r${number}-${slug}-${index}.jpg`, phase.size);
  const about = { peer: peer.name, phase: phase.name, round: number };
  try {
    return { ...about, result: await runPhase(peer, phase, fileAt, number, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...about, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Writes out what an earlier phase has left in the page cache: no peer pays for another's unwritten pages. */
async function flush() {
  try {
    await promisify(execFile)('sync', { timeout: FLUSH_MS });
  } catch {
    console.error('WARNING: the disk is not quiet, so the figures are not either: `sync` did not end in time');
  }
}

/** @param {Measurement} measurement @param {Phase} phase */
function say({ peer, round, result, failure }, { name, unit }) {
  const figure = result ? `${result.rate.toFixed(0)} ${unit}` : `FAILED: ${failure}`;
  return `round ${round}  ${name.padEnd(26)} ${peer.padEnd(16)} ${figure}`;
}
