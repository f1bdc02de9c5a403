import { join, resolve } from 'node:path';
import { ConfigError } from './config-error';
import { readRaw, type Setting } from './setting';
import { SETTINGS } from './settings';

type Values = {
  -readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

/** Requests of strangers in a minute, from one network. */
const PUBLIC_RATE = 600;
/** What a request about a PIN counts there. */
export const PIN_UNITS = 5;

/** Pairs that only make sense in this order. */
const NOT_LARGER = [
  ['SESSION_IDLE_SECONDS', 'SESSION_ABSOLUTE_SECONDS'],
  ['SESSION_REMEMBER_IDLE_SECONDS', 'SESSION_REMEMBER_ABSOLUTE_SECONDS'],
  ['UNLOCK_IDLE_SECONDS', 'UNLOCK_ABSOLUTE_SECONDS'],
] as const;

/** The validated, frozen settings. The class is its own injection token; nothing else reads `process.env`. */
export class AppConfig {
  private constructor(private readonly values: Readonly<Values>) {}

  /**
   * @param env usually `process.env`
   * @throws {ConfigError} that names every bad variable at once and repeats none of their values
   */
  static load(env: NodeJS.ProcessEnv): AppConfig {
    const values: Record<string, unknown> = {};
    const problems: string[] = [];
    for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
      try {
        const raw = readRaw(env, name, setting.secret);
        values[name] = raw === undefined ? setting.fallback : setting.parse(raw);
      } catch (error) {
        problems.push(`${name} ${(error as Error).message}`);
      }
    }
    const ready = values as Values;
    for (const [smaller, larger] of NOT_LARGER) {
      // Beside one that is bad by itself, and not there, nothing is larger.
      if (ready[smaller] > ready[larger]) problems.push(`${smaller} must not be larger than ${larger}`);
    }
    for (const [name, companion, isNeeded] of together(ready)) {
      // One that is bad by itself is not there either, and has been named.
      if (isNeeded && name in values && values[name] === undefined)
        problems.push(`${name} must be given with ${companion}`);
    }
    if (ready.METRICS_PORT !== undefined && ready.METRICS_PORT !== 0 && ready.METRICS_PORT === ready.PORT) {
      problems.push('METRICS_PORT must be another than PORT: figures are not for everybody');
    }
    if (problems.length > 0) throw new ConfigError(problems);
    return new AppConfig(Object.freeze(ready));
  }

  /** One setting by its name in the environment. */
  get<Name extends keyof Values>(name: Name): Values[Name] {
    return this.values[name];
  }

  get dataDir(): string {
    return resolve(this.values.DATA_DIR);
  }

  get masterKeyFile(): string {
    return resolve(this.values.VAULT_MASTER_KEY_FILE ?? join(this.dataDir, 'master.key'));
  }

  /** Whether browsers reach the vault over TLS, which decides what its cookies are called. */
  get isPublicUrlSecure(): boolean {
    return this.publicUrl.startsWith('https://');
  }

  /** Requests of strangers: never fewer than whoever has raised the limits on PINs means to let through, each of which counts five. */
  get publicRatePerMinute(): number {
    const { RATE_LIMIT_PUBLIC_PER_MINUTE, PIN_REQUESTS_PER_IP_HOUR, PIN_VERIFIES_PER_IP } = this.values;
    const needed = PIN_UNITS * (PIN_REQUESTS_PER_IP_HOUR + PIN_VERIFIES_PER_IP);
    return RATE_LIMIT_PUBLIC_PER_MINUTE ?? Math.max(PUBLIC_RATE, needed);
  }

  /** Without a trailing slash. */
  get publicUrl(): string {
    return (this.values.PUBLIC_URL ?? `http://localhost:${this.values.PORT}`).replace(/\/+$/, '');
  }
}

/** What is nothing without another: its name, the other's, and whether that is there. */
function together({ BLOB_DRIVER, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY }: Values): [keyof Values, string, boolean][] {
  return [
    ['S3_BUCKET', 'BLOB_DRIVER=s3', BLOB_DRIVER === 's3'],
    ['S3_SECRET_ACCESS_KEY', 'S3_ACCESS_KEY_ID', S3_ACCESS_KEY_ID !== undefined],
    ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY', S3_SECRET_ACCESS_KEY !== undefined],
  ];
}
