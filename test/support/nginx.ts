import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from './free-port';
import { eventually } from './waiting';

const DEPLOY = resolve(__dirname, '../../deploy');
const NGINX_CONF = join(DEPLOY, 'nginx.conf');
export const TLS_CONF = readFileSync(join(DEPLOY, 'tls.conf'), 'utf8');
/** Distributions keep it where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const hasNginx = spawnSync('nginx', ['-v'], { env }).status === 0;

/** `describe` where there is an nginx. @param what the suite is about, for whoever reads that it did not run */
export function describeBehindNginx(what: string): jest.Describe {
  if (!hasNginx) process.stderr.write(`\nNOT RUN: ${what}. Install nginx.\n\n`);
  return hasNginx ? describe : describe.skip;
}

/** A line of the access log. */
export interface AccessLine {
  readonly client: string;
  readonly method: string;
  readonly part: string;
  readonly status: number;
  /** Whom it asked, one after the other; `-` when nobody. */
  readonly upstream: string;
  readonly requestId: string;
}

export interface NginxOptions {
  /** What a test has to have otherwise: texts of the configuration, and what takes their place. */
  readonly changes?: Record<string, string>;
  /** What a file beside the configuration says, as deploy/tls.conf is one. */
  readonly included?: string;
  /** Other files there. */
  readonly files?: Record<string, string>;
}

/** A real nginx on loopback with the product's own configuration, of which only addresses and paths are others. */
export class Nginx {
  /** Files that nginx has made for bodies, ever. */
  readonly buffered: string[] = [];
  private readonly watchers: FSWatcher[] = [];
  private child?: ChildProcess;

  private constructor(
    private readonly directory: string,
    readonly port: number,
  ) {}

  /**
   * @param servers `http://127.0.0.1:<port>` of the two
   */
  static async start(
    servers: readonly string[],
    { changes = {}, included = '', files = {} }: NginxOptions = {},
  ): Promise<Nginx> {
    const nginx = new Nginx(await mkdtemp(join(tmpdir(), 'photovault-nginx-')), await freePort());
    const [one = '', other = ''] = servers.map((url) => new URL(url).host);
    nginx.write('nginx.conf', nginx.render({ 'api-1:3000': one, 'api-2:3000': other, ...changes }));
    for (const [name, text] of Object.entries(files)) nginx.write(name, text);
    nginx.write('photovault.d/test.conf', included.replaceAll('/etc/nginx/', `${nginx.directory}/`));
    try {
      await nginx.run();
      return nginx;
    } catch (error) {
      await nginx.close();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it has logged of requests that are over. */
  get accessLog(): AccessLine[] {
    const lines = this.read('access.log').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as AccessLine);
  }

  /** Everything that it has written down. */
  get logs(): string {
    return this.read('access.log') + this.read('error.log');
  }

  async close(): Promise<void> {
    this.watchers.forEach((watcher) => watcher.close());
    if (this.child?.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await ended;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  private write(name: string, text: string): void {
    mkdirSync(join(this.directory, name, '..'), { recursive: true });
    writeFileSync(join(this.directory, name), text);
  }

  private render(changes: Record<string, string>): string {
    const all = {
      // First: the others put paths of the test into its place.
      '/tmp/': `${this.directory}/`,
      'listen 8080': `listen 127.0.0.1:${this.port}`,
      '/dev/stdout': `${this.directory}/access.log`,
      '/dev/stderr': `${this.directory}/error.log`,
      '/etc/nginx/photovault.d': `${this.directory}/photovault.d`,
      ...changes,
    };
    return Object.entries(all).reduce(
      (conf, [text, other]) => {
        if (!conf.includes(text)) throw new Error(`deploy/nginx.conf does not say ${text}`);
        return conf.replaceAll(text, other);
      },
      readFileSync(NGINX_CONF, 'utf8'),
    );
  }

  private async run(): Promise<void> {
    // Root's own workers would be nobody, who cannot enter the directory.
    const globals = `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}`;
    const args = ['-p', this.directory, '-c', join(this.directory, 'nginx.conf'), '-g', globals];
    const complaints = join(this.directory, 'error.log');
    this.child = spawn('nginx', [...args, '-e', complaints], { env, stdio: 'ignore' });
    await eventually('nginx answers', async () => {
      if (this.child?.exitCode !== null) throw new Error(`nginx ended:\n${this.read('error.log')}`);
      return accepts(this.port);
    });
    for (const kind of ['nginx-body', 'nginx-proxy']) {
      // Also what it makes for a moment only.
      const watcher = watch(join(this.directory, kind), (_event, name) => this.buffered.push(`${kind}/${name}`));
      this.watchers.push(watcher);
    }
  }

  private read(name: string): string {
    return readdirSync(this.directory).includes(name) ? readFileSync(join(this.directory, name), 'utf8') : '';
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
