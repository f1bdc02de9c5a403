import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { LogLines } from './log-lines';
import { VaultClient } from './vault-client';
import { eventually, within } from './waiting';

const MAIN = resolve(__dirname, '../../dist/src/main.js');
const READY_MS = 30_000;
const END_MS = 45_000;

export interface VaultProcessOptions {
  /** The whole environment; only PATH and a free PORT are added. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Where the lines of its log go; to a collection of its own when left out. */
  readonly stdout?: LogLines;
}

/** How a process ended: one of the two is null. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built server in a process of its own, as `npm start` runs it. Whoever starts one sees to its end (`VaultHome` does). */
export class VaultProcess {
  readonly stdout: LogLines;
  readonly stderr = new LogLines();
  /** Resolves when the process has ended and everything it said has been read. */
  readonly exit: Promise<Ending>;
  private readonly child: ChildProcess;
  private ended = false;

  constructor({ env, cwd, uid, gid, stdout = new LogLines() }: VaultProcessOptions) {
    this.stdout = stdout;
    const child = spawn(process.execPath, [MAIN], {
      cwd,
      uid,
      gid,
      env: { PATH: process.env.PATH, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface(child.stdout).on('line', (line) => this.stdout.write(`${line}\n`));
    createInterface(child.stderr).on('line', (line) => this.stderr.write(`${line}\n`));
    this.child = child;
    this.exit = new Promise((resolveExit, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.ended = true;
        resolveExit({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return !this.ended;
  }

  /** The texts that were logged, without pino's envelope; a line that is not JSON as it is. */
  get messages(): string[] {
    return this.stdout.lines.map((line) => (line.startsWith('{') ? (JSON.parse(line) as { msg: string }).msg : line));
  }

  /** Where the server listens, once it says so. @returns `http://127.0.0.1:<port>` */
  async ready(): Promise<string> {
    const address = (): string | undefined => /listens on (http:\/\/[^\s"]+)/.exec(this.stdout.text)?.[1];
    await eventually('the server listens', () => address() !== undefined || this.ended, READY_MS);
    const url = address();
    if (url === undefined)
      throw new Error(`The server ended before it listened:\n${this.stdout.text}${this.stderr.text}`);
    return url;
  }

  /** A client that has signed up with the PIN from this process's log. */
  async signUp(email: string): Promise<VaultClient> {
    const client = new VaultClient(await this.ready());
    await client.signUp(email, 'test-device', (address) => this.stdout.pinFor(address));
    return client;
  }

  /** The same person at this process: another process may have given the token. */
  async clientOf(person: VaultClient): Promise<VaultClient> {
    return Object.assign(new VaultClient(await this.ready()), {
      token: person.token,
      email: person.email,
      userId: person.userId,
    });
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    this.signal(signal);
    return this.ending();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for the process to end by itself. */
  async ending(): Promise<Ending> {
    return within(END_MS, `the end of the server:\n${this.stdout.text}`, this.exit);
  }

  /** The most memory that the process has ever had resident, in bytes (Linux: VmHWM of proc_pid_status(5)). */
  peakMemory(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }
}
