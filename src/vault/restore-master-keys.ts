import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AppConfig } from '../platform/config/app-config';
import { openDatabase, withClient } from '../platform/database/open-database';
import { readCanary, readKidsInUse } from './keys.repository';
import { MasterKeyError } from './master-key-error';
import { createKeyFile } from './master-key-file';
import { type MasterKey, MasterKeyring } from './master-keyring';

/** Whether the keys have opened the database's canary, or there was no vault to try them on. */
export type Restored = 'proved' | 'untried';

/**
 * Makes the key file of these keys, where there is none, after they have proved themselves on the database, where there is one.
 * @throws {MasterKeyError} a sentence: a key file is there, or these keys are not this vault's
 * @throws {DatabaseError} when the database that is named does not answer
 */
export async function restoreMasterKeys(config: AppConfig, keys: readonly MasterKey[]): Promise<Restored> {
  const file = config.masterKeyFile;
  const isThere = new MasterKeyError(
    `There is a master key file ${file}, and it stays. Move it away to restore another.`,
  );
  if (existsSync(file)) throw isThere;
  const restored = await tryOnDatabase(config, keys);
  if (!(await createKeyFile(file, new Map(keys.map(({ kid, key }) => [kid, key]))))) throw isThere;
  return restored;
}

async function tryOnDatabase(config: AppConfig, keys: readonly MasterKey[]): Promise<Restored> {
  const [url, directory] = [config.get('DB_URL'), join(config.dataDir, 'postgres')];
  // A database that is not there yet must not be made by this.
  if (url === undefined && !existsSync(join(directory, 'PG_VERSION'))) return 'untried';
  const database = await openDatabase({ url, directory, role: 'command', log: () => undefined });
  try {
    return await withClient(database.url, async (client) => {
      const canary = await readCanary(client);
      if (canary === null) return 'untried';
      MasterKeyring.prove('The recovery sheet', keys, canary, await readKidsInUse(client));
      return 'proved';
    });
  } finally {
    await database.close();
  }
}
