import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import 'reflect-metadata';
import { AppConfig } from '../../src/platform/config/app-config';
import { withClient } from '../../src/platform/database/open-database';
import type { SlowBodyWatch } from '../../src/platform/http/slow-body-watch';
import { createLogger } from '../../src/platform/logging/logger';
import { MAIL_PACE } from '../../src/platform/mail/mail-queue.service';
import { buildApp } from '../../src/start';
import { readCanary } from '../../src/vault/keys.repository';
import { MasterKeyring } from '../../src/vault/master-keyring';
import { createTestDatabase, type TestDatabase } from './database';
import { DatabaseClock } from './database-clock';
import { LogLines } from './log-lines';
import { isThroughNginx, ThroughNginx } from './through-nginx';
import { VaultClient } from './vault-client';

/** The real application in this process: real HTTP, real PostgreSQL, real files. With `TEST_THROUGH_NGINX=1` one of two, behind a real nginx. */
export interface TestApp {
  readonly app: NestExpressApplication;
  /** `http://127.0.0.1:<port>`, of nginx where there is one. */
  readonly url: string;
  readonly dataDir: string;
  readonly database: TestDatabase;
  /** Every line that the server, or both, have logged. */
  readonly logs: LogLines;
  /** A client that has signed up and in. */
  signUp(email?: string, deviceId?: string): Promise<VaultClient>;
  /** A client without credentials. */
  stranger(): VaultClient;
  close(): Promise<void>;
}

/** A test file is many people on one address and one account in a hurry: limits are for the tests that are about them. */
export const WITHOUT_LIMITS = {
  PIN_RESEND_SECONDS: '0',
  PIN_REQUESTS_PER_IP_HOUR: '1000000',
  PIN_REQUESTS_PER_IP_DAY: '1000000',
  PIN_VERIFIES_PER_IP: '1000000',
  PIN_REQUESTS_PER_ACCOUNT_HOUR: '1000000',
  PIN_REQUESTS_PER_ACCOUNT_DAY: '1000000',
  PIN_WRONG_LIMIT: '1000000',
  RATE_LIMIT_PUBLIC_PER_MINUTE: '1000000',
  RATE_LIMIT_SHARE_PER_MINUTE: '1000000',
  MIN_FREE_BYTES: '0',
};

/** The limits as they are by default, for the tests that are about them. */
export const WITH_LIMITS: NodeJS.ProcessEnv = Object.fromEntries(Object.keys(WITHOUT_LIMITS).map((name) => [name, '']));

/** The same on a database whose clock the test moves. */
export async function startTestAppInTime(env: NodeJS.ProcessEnv = {}): Promise<TestApp & { clock: DatabaseClock }> {
  const database = await createTestDatabase();
  const clock = await DatabaseClock.install(database);
  return { ...(await startOn(database, { ...env, DB_URL: clock.url })), clock };
}

/**
 * @param env settings that this test needs to be different; the limits on PINs and of strangers are off unless given
 * @param slowBodies when a body counts as too slow, where the usual half minute is too long for a test
 */
export async function startTestApp(env: NodeJS.ProcessEnv = {}, slowBodies?: SlowBodyWatch): Promise<TestApp> {
  return startOn(await createTestDatabase(), env, slowBodies);
}

/** Where the run has an object store, a data directory is a part of it: applications that share the one share the other. */
function blobStoreOf(dataDir: string): NodeJS.ProcessEnv {
  const { PV_TEST_S3 } = process.env;
  return PV_TEST_S3 === undefined
    ? {}
    : { ...(JSON.parse(PV_TEST_S3) as NodeJS.ProcessEnv), S3_PREFIX: basename(dataDir) };
}

async function startOn(database: TestDatabase, env: NodeJS.ProcessEnv, slowBodies?: SlowBodyWatch): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'photovault-app-'));
  const nginx = isThroughNginx ? await ThroughNginx.prepare() : undefined;
  const settings = {
    ...WITHOUT_LIMITS,
    ...blobStoreOf(env.DATA_DIR ?? dataDir),
    DATA_DIR: dataDir,
    DB_URL: database.url,
    PORT: '0',
    LOG_LEVEL: 'debug',
    ...nginx?.env,
    ...env,
  };
  const config = AppConfig.load(settings);
  const logs = new LogLines();
  const { keyring } = await MasterKeyring.open(config.masterKeyFile, await withClient(database.url, readCanary));
  const logger = createLogger(config.get('LOG_LEVEL'), logs);
  const databaseUrl = config.get('DB_URL') ?? database.url;
  const mailPace = { ...MAIL_PACE, delayMs: [0, 10] as const };
  const app = await buildApp({ config, logger, databaseUrl, masterKeys: keyring, mailPace }, slowBodies);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const own = `http://127.0.0.1:${port}`;
  const url = nginx ? await nginx.begin(own, settings, logs) : own;
  let users = 0;
  return {
    app,
    url,
    dataDir,
    database,
    logs,
    stranger: () => new VaultClient(url),
    signUp: async (email = `user${++users}@example.com`, deviceId = 'test-device') => {
      const client = new VaultClient(url);
      await client.signUp(email, deviceId, (address) => logs.pinFor(address));
      return client;
    },
    close: async () => {
      await nginx?.end();
      app.getHttpServer().closeAllConnections();
      await app.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
