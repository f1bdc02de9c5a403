import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { openVault } from '../open-vault';
import { AppConfig } from '../platform/config/app-config';
import { createLogger } from '../platform/logging/logger';
import { NestLogger } from '../platform/logging/nest-logger';
import { CliModule } from './cli.module';

/**
 * Opens the vault as a start of the server would, lends its rooms to `work`, and closes everything again. A server that runs
 * meanwhile, or starts or stops, is neither in the way nor disturbed.
 * @throws what `openVault` and `work` throw
 */
export async function withVault<T>(
  env: NodeJS.ProcessEnv,
  work: (rooms: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const config = AppConfig.load(env);
  const logger = createLogger('warn', { write: sayOnStderr });
  const vault = await openVault(config, logger, 'command');
  try {
    const { databaseUrl, masterKeys } = vault;
    const rooms = await NestFactory.createApplicationContext(
      CliModule.with({ config, logger, databaseUrl, masterKeys }),
      { logger: new NestLogger(logger), abortOnError: false },
    );
    return await work(rooms).finally(() => rooms.close());
  } finally {
    await vault.close();
  }
}

/** A person reads it: the sentence without its envelope. */
function sayOnStderr(line: string): void {
  process.stderr.write(`vault: ${(JSON.parse(line) as { msg: string }).msg}\n`);
}
