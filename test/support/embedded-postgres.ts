import type { ChildProcess, ForkOptions } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { transformSync } from '@swc/core';
import { Client } from 'pg';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres';

const SOURCES = resolve(__dirname, '../../src/platform/database/embedded');
const FIXTURE = resolve(__dirname, 'embedded-postgres-child.js');
const PLATFORM = `@embedded-postgres/${process.platform}-${process.arch}`;

/** What the fixture answers: `url` and `adopted`, or `name` and `message` of the error. */
export interface ChildAnswer {
  readonly url: string;
  readonly adopted: boolean;
  readonly name: string;
  readonly message: string;
}

/** The npm package with the binaries, as it is installed. */
export const platformDirectory = dirname(dirname(require.resolve(PLATFORM)));

/**
 * A temporary directory per test, in which databases are started, here or in processes of their own, and after which nothing is
 * left running. What those processes run is compiled once from the sources: never stale, and in reach of every user.
 */
export class EmbeddedPostgresLab {
  base = '';
  /** Where the test's database goes unless it says otherwise. */
  directory = '';
  private lines: string[] = [];
  private running: EmbeddedPostgres[] = [];
  private children: ChildProcess[] = [];
  private used = new Set<string>();
  private readonly compiled = fs.mkdtempSync(join(tmpdir(), 'photovault-compiled-'));

  constructor() {
    fs.chmodSync(this.compiled, 0o755);
    for (const name of fs.readdirSync(SOURCES)) {
      const { code } = transformSync(fs.readFileSync(join(SOURCES, name), 'utf8'), {
        module: { type: 'commonjs' },
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      });
      fs.writeFileSync(join(this.compiled, name.replace(/ts$/, 'js')), code);
    }
    fs.copyFileSync(FIXTURE, join(this.compiled, basename(FIXTURE)));
    this.link('pg', dirname(require.resolve('pg/package.json')));
    this.usePlatform(platformDirectory);
  }

  /** Before each test. */
  open(): void {
    this.base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'photovault-embedded-')));
    this.directory = join(this.base, 'data', 'postgres');
  }

  /** After each test. */
  async close(): Promise<void> {
    await Promise.all(this.running.splice(0).map((database) => database.stop()));
    for (const child of this.children.splice(0)) child.kill('SIGKILL');
    for (const directory of this.used) {
      const pid = postmasterOf(directory);
      if (pid === undefined) continue;
      process.kill(pid, 'SIGINT');
      await until('the postmaster has ended', () => postmasterOf(directory) === undefined);
    }
    this.used.clear();
    this.lines = [];
    fs.rmSync(this.base, { recursive: true, force: true });
  }

  /** After all tests. */
  remove(): void {
    fs.rmSync(this.compiled, { recursive: true });
  }

  /** Starts a database in this process. */
  async start(directory = this.directory): Promise<EmbeddedPostgres> {
    this.used.add(directory);
    const database = await startEmbeddedPostgres({ directory, log: (line) => this.lines.push(line) });
    this.running.push(database);
    return database;
  }

  /** Starts one in a process that stays until it is killed or told to stop. */
  async startChild(options: ForkOptions = {}): Promise<{ child: ChildProcess; answer: ChildAnswer }> {
    this.used.add(this.directory);
    const modulePath = join(this.compiled, 'embedded-postgres.js');
    const child = fork(join(this.compiled, basename(FIXTURE)), [modulePath, this.directory], options);
    this.children.push(child);
    const [answer] = (await once(child, 'message')) as [ChildAnswer];
    return { child, answer };
  }

  /** Waits for a line in the log of the databases started in this process. */
  async logged(line: RegExp): Promise<void> {
    await until(`the log says ${line}`, () => this.lines.some((one) => line.test(one)));
  }

  /** Lets child processes find the binaries in this directory. */
  usePlatform(target: string): void {
    fs.rmSync(join(this.compiled, 'node_modules', PLATFORM), { force: true });
    this.link(PLATFORM, target);
  }

  private link(name: string, target: string): void {
    const path = join(this.compiled, 'node_modules', name);
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.symlinkSync(target, path);
  }
}

/** One statement on a connection of its own. */
export async function ask(database: { url: string }, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Process id of the cluster's server; undefined after an orderly stop. */
export function postmasterOf(directory: string): number | undefined {
  try {
    return Number.parseInt(fs.readFileSync(join(directory, 'postmaster.pid'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

export async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Waits at most 20 seconds. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !isSo(); await delay(50)) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
  }
}
