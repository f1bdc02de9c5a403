import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port';
import { eventually } from './waiting';

/** Whether there is a Redis here to test with; a suite that needs one says loudly that it did not run. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** `describe` where a Redis is installed. @param what the suite is about, for whoever reads that it did not run */
export function describeWithRedis(what: string): jest.Describe {
  if (!hasRedis) process.stderr.write(`\nNOT RUN: ${what}. Install redis-server.\n\n`);
  return hasRedis ? describe : describe.skip;
}

/** A real Redis on loopback that belongs to one test and keeps nothing: what it counted is gone when it has been stopped. */
export class RedisServer {
  private child?: ChildProcess;

  private constructor(
    private readonly directory: string,
    private readonly port: number,
    private readonly password: string | undefined,
  ) {}

  /** A server that does not run yet; its URL is good already. */
  static async prepare(password?: string): Promise<RedisServer> {
    return new RedisServer(await mkdtemp(join(tmpdir(), 'photovault-redis-')), await freePort(), password);
  }

  static async start(password?: string): Promise<RedisServer> {
    const server = await RedisServer.prepare(password);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.password ? `:${this.password}@` : ''}127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const settings = { bind: '127.0.0.1', port: this.port, dir: this.directory, save: '', appendonly: 'no' };
    const args = Object.entries({ ...settings, ...(this.password && { requirepass: this.password }) });
    this.child = spawn(
      'redis-server',
      args.flatMap(([name, value]) => [`--${name}`, String(value)]),
      { stdio: 'ignore' },
    );
    await eventually('Redis answers', () => this.ask((client) => client.ping()).then(Boolean, () => false));
  }

  /** Its memory is lost. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** From here on it takes connections and commands, and answers none. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Asks it something over a connection of its own. */
  async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: null, disconnectTimeout: 100 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  /** Stops it for good and removes it. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
