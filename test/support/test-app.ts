import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import 'reflect-metadata';
import { AppConfig } from '../../src/platform/config/app-config';
import { withClient } from '../../src/platform/database/open-database';
import type { SlowBodyWatch } from '../../src/platform/http/slow-body-watch';
import { createLogger } from '../../src/platform/logging/logger';
import { buildApp } from '../../src/start';
import { readCanary } from '../../src/vault/keys.repository';
import { MasterKeyring } from '../../src/vault/master-keyring';
import { createTestDatabase, type TestDatabase } from './database';
import { LogLines } from './log-lines';
import { VaultClient } from './vault-client';

/** The real application in this process: real HTTP, real PostgreSQL, real files. */
export interface TestApp {
  readonly app: NestExpressApplication;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly dataDir: string;
  readonly database: TestDatabase;
  /** Every line that the server has logged. */
  readonly logs: LogLines;
  /** A client that has signed up and in. */
  signUp(email?: string, deviceId?: string): Promise<VaultClient>;
  /** A client without credentials. */
  stranger(): VaultClient;
  close(): Promise<void>;
}

/**
 * @param env settings that this test needs to be different
 * @param slowBodies when a body counts as too slow, where the usual half minute is too long for a test
 */
export async function startTestApp(env: NodeJS.ProcessEnv = {}, slowBodies?: SlowBodyWatch): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'photovault-app-'));
  const database = await createTestDatabase();
  const config = AppConfig.load({ DATA_DIR: dataDir, DB_URL: database.url, PORT: '0', LOG_LEVEL: 'debug', ...env });
  const logs = new LogLines();
  const { keyring } = await MasterKeyring.open(config.masterKeyFile, await withClient(database.url, readCanary));
  const logger = createLogger(config.get('LOG_LEVEL'), logs);
  const app = await buildApp({ config, logger, databaseUrl: database.url, masterKeys: keyring }, slowBodies);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
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
      app.getHttpServer().closeAllConnections();
      await app.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
