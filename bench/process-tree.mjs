import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { sep } from 'node:path';

/** /proc counts CPU time in USER_HZ, which is 100 on every Linux that Node runs on (proc(5)). */
const TICKS_PER_SECOND = 100;

const SAMPLE_MS = 200;

/**
 * What a server has used during a measurement. `server` is the processes that run the started executable (a Node server and
 * its helpers), `tree` is these and everything else that belongs to it (its database).
 * @typedef {object} Usage
 * @property {number} serverCpuSeconds user + system; what an ended child has used counts for the parent that waited for it
 * @property {number} treeCpuSeconds
 * @property {number} serverBytes peak resident memory; exact for one process, for several the sum of their single peaks,
 *   so never too low
 * @property {number} treeBytes peak resident memory, sampled; a page that processes share counts in each of them
 */

/** True where {@link watchTree} can measure. */
export const canMeasure = process.platform === 'linux';

/**
 * CPU and memory of a server with everything it started, from /proc. A process belongs to it when it descends from `root`
 * or works inside `dir`: a database that was started as a daemon has left the family but still lives in the house.
 * @param {number} root process id
 * @param {string} dir the server's data directory
 */
export function watchTree(root, dir) {
  const rootStarted = readStat(root)?.started;

  /** @returns {number[]} ids of the processes that are alive */
  const pids = () => {
    /** @type {Map<number, number[]>} */
    const children = new Map();
    /** @type {number[]} */
    const found = [];
    for (const entry of readdirSync('/proc')) {
      const pid = Number(entry);
      const stat = Number.isInteger(pid) ? readStat(pid) : undefined;
      if (!stat) continue;
      const siblings = children.get(stat.parent);
      if (siblings) siblings.push(pid);
      else children.set(stat.parent, [pid]);
      // The start time tells the server from a later process that has got its number.
      if ((pid === root && stat.started === rootStarted) || worksIn(pid, dir)) found.push(pid);
    }
    /** @type {Set<number>} */
    const tree = new Set();
    for (let pid = found.pop(); pid !== undefined; pid = found.pop()) {
      if (tree.has(pid)) continue;
      tree.add(pid);
      found.push(...(children.get(pid) ?? []));
    }
    return [...tree];
  };

  /** @param {number[]} tree */
  const serversOf = (tree) => {
    const executable = readLink(root, 'exe');
    return tree.filter((pid) => readLink(pid, 'exe') === executable);
  };

  return {
    pids,
    /**
     * Starts a measurement.
     * @returns {() => Usage} ends it
     */
    measure() {
      let treeBytes = 0;
      const sample = () => {
        treeBytes = Math.max(treeBytes, memory('VmRSS', pids()));
      };
      pids().forEach(resetPeak);
      sample();
      const timer = setInterval(sample, SAMPLE_MS);
      const treeBefore = cpuSeconds(pids());
      const serverBefore = cpuSeconds(serversOf(pids()));
      return () => {
        clearInterval(timer);
        const tree = pids();
        const servers = serversOf(tree);
        const treeCpuSeconds = cpuSeconds(tree) - treeBefore;
        const serverCpuSeconds = cpuSeconds(servers) - serverBefore;
        sample();
        const serverBytes = memory('VmHWM', servers);
        return { serverCpuSeconds, treeCpuSeconds, serverBytes, treeBytes: Math.max(treeBytes, serverBytes) };
      };
    },
  };
}

/** @param {number[]} pids */
function cpuSeconds(pids) {
  return pids.reduce((sum, pid) => sum + (readStat(pid)?.ticks ?? 0), 0) / TICKS_PER_SECOND;
}

/** @param {'VmRSS' | 'VmHWM'} field @param {number[]} pids @returns {number} bytes */
function memory(field, pids) {
  return pids.reduce((sum, pid) => sum + readMemory(pid, field), 0);
}

/**
 * @param {number} pid
 * @returns {{ parent: number, ticks: number, started: string } | undefined} undefined when it is gone; `ticks` of CPU time
 *   with those of the children it has waited for; `started`: ticks since boot
 */
function readStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name may hold spaces and brackets; fields are counted from the last bracket (state is the first).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), ticks, started: fields[19] };
  } catch {
    return undefined;
  }
}

/** @param {number} pid @param {'VmRSS' | 'VmHWM'} field @returns {number} bytes, 0 when it is gone */
function readMemory(pid, field) {
  try {
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match ? Number(match[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}

/** @param {number} pid @param {'cwd' | 'exe'} link @returns {string | undefined} */
function readLink(pid, link) {
  try {
    return readlinkSync(`/proc/${pid}/${link}`);
  } catch {
    return undefined;
  }
}

/** @param {number} pid @param {string} dir */
function worksIn(pid, dir) {
  const cwd = readLink(pid, 'cwd');
  return cwd !== undefined && (cwd === dir || cwd.startsWith(dir + sep));
}

/**
 * Sets VmHWM back to the present size (proc(5), clear_refs = 5), so that a peak belongs to its phase.
 * @param {number} pid
 */
function resetPeak(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Another user's process, or gone: its peak then stays that of its whole life, which is never too low.
  }
}
