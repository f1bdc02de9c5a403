import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { canMeasure, watchTree } from './process-tree.mjs';

const READY_MS = 60_000;
const STOP_MS = 30_000;
const LOG_LINE_MS = 10_000;
const TAIL_CHARACTERS = 4_000;

/**
 * What a started program inherits: enough to run, and nothing that could point it at somebody's real database or mail.
 * @returns {NodeJS.ProcessEnv}
 */
function environment() {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH: `${PATH}:/usr/sbin`, HOME, LANG, TMPDIR };
}

/**
 * Runs a command to its end.
 * @param {string[]} command
 * @param {string} cwd
 * @throws Error with the end of what it has printed
 */
export async function run([command, ...args], cwd) {
  const child = spawn(command, args, { cwd, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (printed = (printed + text).slice(-TAIL_CHARACTERS)));
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${printed.trim()}`);
}

/** A server that the benchmark has started, with everything it starts itself. */
export class ServerProcess {
  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} dir
   * @param {string} logFile
   */
  constructor(child, dir, logFile) {
    this.child = child;
    this.logFile = logFile;
    this.tree = canMeasure ? watchTree(/** @type {number} */ (child.pid), dir) : undefined;
  }

  /**
   * @param {{ command: string, args: string[], env: Record<string, string>, cwd: string, dir: string }} options
   * @returns {Promise<ServerProcess>}
   */
  static async start({ command, args, env, cwd, dir }) {
    const logFile = join(dir, 'bench-server.log');
    // A file, not a pipe: reading a server's log during a measurement would cost the client.
    const log = openSync(logFile, 'a');
    try {
      const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio: ['ignore', log, log] });
      await once(child, 'spawn');
      return new ServerProcess(child, dir, logFile);
    } finally {
      closeSync(log);
    }
  }

  get #ended() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /**
   * @param {() => Promise<boolean>} isReady
   * @throws Error with the end of its log when it does not get ready
   */
  async untilReady(isReady) {
    for (const deadline = Date.now() + READY_MS; !this.#ended && Date.now() < deadline; await sleep(50)) {
      if (await isReady()) return;
    }
    const why = this.#ended ? `ended with ${this.child.exitCode ?? this.child.signalCode}` : 'did not get ready';
    throw new Error(`${why}; the end of its log:\n${(await this.#log()).slice(-TAIL_CHARACTERS)}`);
  }

  /**
   * @param {RegExp} pattern
   * @returns {Promise<RegExpExecArray>} the first match in what it has printed
   */
  async waitForLog(pattern) {
    for (const deadline = Date.now() + LOG_LINE_MS; Date.now() < deadline; await sleep(20)) {
      const match = pattern.exec(await this.#log());
      if (match) return match;
    }
    throw new Error(`the log has no line ${pattern}`);
  }

  /** Ends it politely, then by force, with whatever it has left behind. */
  async stop() {
    if (!this.#ended) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await Promise.race([exited, sleep(STOP_MS, undefined, { ref: false })]);
    }
    for (const pid of this.tree?.pids() ?? []) {
      console.error(`WARNING: process ${pid} has outlived the server that started it and is killed`);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone in the meantime, which is what we want.
      }
    }
    if (!this.#ended) this.child.kill('SIGKILL');
  }

  #log() {
    return readFile(this.logFile, 'utf8');
  }
}
