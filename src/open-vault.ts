import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createDataSource } from './data-source';
import type { AppConfig } from './platform/config/app-config';
import { ConfigError } from './platform/config/config-error';
import type { Role } from './platform/database/embedded/instance-lock';
import { migrate } from './platform/database/migrate';
import { openDatabase, withClient } from './platform/database/open-database';
import { refuseForeignObjects } from './vault/foreign-objects';
import { readCanary, readKidsInUse } from './vault/keys.repository';
import { MasterKeyring } from './vault/master-keyring';

/** Exit code for what cannot succeed until a person changes something: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/** A vault that is ready for an application: its database answers, its key has proved itself, its schema is the newest. */
export interface OpenVault {
  readonly databaseUrl: string;
  readonly masterKeys: MasterKeyring;
  /** Stops the embedded database, if this process has started it. After the last connection is closed. */
  close(): Promise<void>;
}

/**
 * Opens the vault, or makes it where there is none. The order is the safety: database, key (nothing is written before the key has
 * proved itself), migrations.
 * @param role a command may share the embedded database with a running server
 * @throws errors that are sentences ({@link isSentence}), and faults
 */
export async function openVault(config: AppConfig, logger: Logger, role: Role): Promise<OpenVault> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError([`DATA_DIR can neither be entered nor be made (${error.code})`]);
  });
  const database = await openDatabase({
    url: config.get('DB_URL'),
    directory: join(config.dataDir, 'postgres'),
    role,
    log: (line) => logger.info(line),
  });
  try {
    const { canary, inUse } = await withClient(database.url, async (client) => {
      return { canary: await readCanary(client), inUse: await readKidsInUse(client) };
    });
    await refuseForeignObjects(config, canary, logger);
    const { keyring, created } = await MasterKeyring.open(config.masterKeyFile, canary, {
      inUse,
      onReread: (kids) => logger.info({ kids }, 'read the master key file again: it was rotated'),
    });
    if (created) {
      logger.warn(
        `NEW MASTER KEY in ${config.masterKeyFile}: BACK IT UP NOW, and not next to the data. Without it nothing can be opened.`,
      );
    }
    if (await MasterKeyring.isReadableByOthers(config.masterKeyFile)) {
      logger.warn(`Others can read the master key file ${config.masterKeyFile}: chmod 400 it.`);
    }
    await migrate(createDataSource(database.url), database.url);
    return { databaseUrl: database.url, masterKeys: keyring, close: () => database.close() };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Whether the message of an error is a sentence for a person, who can mend it; anything else is a fault and needs its stack. */
export function isSentence(error: unknown): boolean {
  return /^(ConfigError|DatabaseError|EmbeddedPostgresError|MasterKeyError|ListenError)$/.test((error as Error).name);
}
