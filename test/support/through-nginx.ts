import { Nginx } from './nginx';
import type { LogLines } from './log-lines';
import { RedisServer } from './redis-server';
import { VaultProcess } from './vault-process';

/** Whether the applications under test stand behind an nginx, each with another process beside it (`TEST_THROUGH_NGINX=1`). */
export const isThroughNginx = process.env.TEST_THROUGH_NGINX === '1';

/** Half of the requests of a test go to its application, half to a built server on the same database, store and Redis. */
export class ThroughNginx {
  private nginx?: Nginx;
  private beside?: VaultProcess;

  private constructor(private readonly redis: RedisServer) {}

  static async prepare(): Promise<ThroughNginx> {
    return new ThroughNginx(await RedisServer.start());
  }

  /** What both have to know; what a test asks for goes before. */
  get env(): NodeJS.ProcessEnv {
    return { REDIS_URL: this.redis.url, TRUST_PROXY: 'loopback' };
  }

  /**
   * @param url of the application
   * @param env its settings
   * @param logs where the other one's lines go as well
   * @returns where both of them are
   */
  async begin(url: string, env: NodeJS.ProcessEnv, logs: LogLines): Promise<string> {
    this.beside = new VaultProcess({ env: { ...env, PORT: '0' }, cwd: env.DATA_DIR ?? '', stdout: logs });
    this.nginx = await Nginx.start([url, await this.beside.ready()]);
    return this.nginx.url;
  }

  async end(): Promise<void> {
    await this.nginx?.close();
    await this.beside?.end('SIGKILL');
    await this.redis.remove();
  }
}
