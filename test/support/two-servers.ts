import { createTestDatabase, type TestDatabase } from './database';
import { freePort } from './free-port';
import { Nginx } from './nginx';
import { hasRedis, RedisServer } from './redis-server';
import { WITHOUT_LIMITS } from './test-app';
import { VaultClient } from './vault-client';
import { VaultHome } from './vault-home';
import type { VaultProcess } from './vault-process';
import { eventually } from './waiting';

/** Two built servers on one database, one store and, where there is one, one Redis; and an nginx in front of them. */
export class TwoServers {
  private constructor(
    readonly database: TestDatabase,
    readonly home: VaultHome,
    readonly nginx: Nginx,
    private readonly ports: readonly number[],
    private readonly redis: RedisServer | undefined,
    private readonly processes: VaultProcess[],
  ) {}

  /** @param env settings of both; the limits on PINs and of strangers are off unless given */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<TwoServers> {
    const database = await createTestDatabase();
    const redis = hasRedis ? await RedisServer.start() : undefined;
    const home = await VaultHome.create({
      ...WITHOUT_LIMITS,
      DB_URL: database.url,
      REDIS_URL: redis?.url,
      TRUST_PROXY: 'loopback',
      ...env,
    });
    const ports = [await freePort(), await freePort()];
    const processes = ports.map((port) => home.start({ PORT: String(port) }));
    await Promise.all(processes.map((each) => each.ready()));
    const nginx = await Nginx.start(ports.map((port) => `http://127.0.0.1:${port}`));
    return new TwoServers(database, home, nginx, ports, redis, processes);
  }

  /** The one that runs in a place just now. */
  process(place: 0 | 1): VaultProcess {
    return this.processes[place];
  }

  get urls(): string[] {
    return this.ports.map((port) => `http://127.0.0.1:${port}`);
  }

  /** Another process in the place of one that has ended; resolves when it listens. */
  async begin(place: 0 | 1): Promise<void> {
    this.processes[place] = this.home.start({ PORT: String(this.ports[place]) });
    await this.process(place).ready();
  }

  stranger(): VaultClient {
    return new VaultClient(this.nginx.url);
  }

  /** The PIN, from whichever of them mails it. */
  async pinFor(email: string): Promise<string> {
    let pin: string | undefined;
    await eventually(`a PIN for ${email} is there`, () => {
      for (const { stdout } of this.processes) pin ??= stdout.takePin(email);
      return pin !== undefined;
    });
    return pin ?? '';
  }

  /** Somebody new, through nginx. */
  async signUp(email: string): Promise<VaultClient> {
    const client = this.stranger();
    await client.signUp(email, 'test-device', (address) => this.pinFor(address));
    return client;
  }

  async close(): Promise<void> {
    await this.nginx.close();
    await this.home.close();
    await this.redis?.remove();
    await this.database.drop();
  }
}
