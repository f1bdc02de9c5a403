import type { Command } from 'commander';
import { AppConfig } from '../platform/config/app-config';
import { JSON_OPTION, type OutputOptions, say } from './output';
import { withVault } from './with-vault';

/** `vault migrate` */
export function addMigrateCommand(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command('migrate')
    .description('Bring the database up to date, and make it and the master key where there are none. Then end.')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nA start of the server does the same. This is for deployments of several, which begin with it.\n\nExamples:\n  vault migrate',
    )
    .action(async (options: OutputOptions) => {
      // To open a vault is all of it.
      const { masterKeyFile } = await withVault(env, (rooms) => Promise.resolve(rooms.get(AppConfig)));
      say(options, { masterKeyFile }, `The database has the newest schema, and ${masterKeyFile} opens it.`);
    });
}
