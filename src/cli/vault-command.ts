import { Command, CommanderError } from 'commander';
import { EXIT_CONFIG, isSentence } from '../open-vault';
import { isDatabaseAway } from '../platform/database/database-away';
import { AppError } from '../platform/errors/app-error';
import { addFsckCommand } from './fsck.command';
import { addKeysCommands } from './keys.command';
import { addMigrateCommand } from './migrate.command';
import { UnfinishedError } from './unfinished-error';
import { addSessionsCommands } from './sessions.command';
import { addStatsCommand } from './stats.command';
import { addUsersCommands } from './users.command';

const EXIT_FAILURE = 1;
/** What shells and most commands give for an unknown option or a missing argument. */
const EXIT_USAGE = 2;

const MORE = `
Examples:
  vault users add alice@example.com
  vault users list --json
  vault keys backup | lp

The settings are the server's: give the command the same environment, and run it as the same user.
It works beside a running server as well as without one.

Exit codes: 0 done, 1 failed or problems found, 2 not understood, 78 settings, key or database have to be mended first.`;

/**
 * The `vault` command. Results go to stdout, everything else to stderr.
 * @param args without node and script
 * @returns the exit code
 */
export async function runVaultCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = new Command('vault')
    .description('Looks after a Photovault, for whoever runs it.')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vault: ')) })
    .showHelpAfterError('Add --help to see what there is.')
    .addHelpText('after', MORE);
  addUsersCommands(program, env);
  addSessionsCommands(program, env);
  addKeysCommands(program, env);
  addStatsCommand(program, env);
  addFsckCommand(program, env);
  addMigrateCommand(program, env);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said it already; asking for help is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    process.stderr.write(`vault: ${explain(error)}\n`);
    return isSentence(error) ? EXIT_CONFIG : EXIT_FAILURE;
  }
}

function explain(error: unknown): string {
  if (isSentence(error) || error instanceof AppError || error instanceof UnfinishedError)
    return (error as Error).message;
  if (isDatabaseAway(error))
    return 'The database went away meanwhile, and nothing is half done. Run the command again.';
  return error instanceof Error ? (error.stack ?? error.message) : 'a value that is not an error was thrown';
}
