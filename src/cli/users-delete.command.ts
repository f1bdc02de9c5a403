import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { AccountDeletion, type FinishedDeletion } from '../account/deletion/account-deletion.service';
import { parseEmail } from './arguments';
import { JSON_OPTION, type OutputOptions, say, showProgress } from './output';
import { UnfinishedError } from './unfinished-error';
import { withVault } from './with-vault';

const MORE = `
The account cannot be used from the first moment on, and its keys are destroyed: nobody can take that back. The
command then does the rest itself, beside a running server or without one. Killed halfway, it leaves the rest to the
server, at once or when it is started next. Its owner gets a mail at the end.

Examples:
  vault users delete alice@example.com
  vault users delete alice@example.com --yes --json`;

interface DeleteOptions extends OutputOptions {
  readonly yes?: true;
}

/** `vault users delete` */
export function addUsersDeleteCommand(users: Command, env: NodeJS.ProcessEnv): void {
  users
    .command('delete')
    .description('Delete an account for good: its keys, its files, its shares, and whatever is known of it.')
    .argument('<email>', 'Address of the account.', parseEmail)
    .option('--yes', 'Do not ask, for scripts.')
    .option(...JSON_OPTION)
    .addHelpText('after', MORE)
    .action(async (email: string, options: DeleteOptions, command: Command) => {
      if (!options.yes && !process.stdin.isTTY) command.error('error: Nobody can be asked here: add --yes.');
      if (!options.yes) await confirm(email);
      const progress = showProgress();
      const deletion = await withVault(env, (rooms) =>
        rooms.get(AccountDeletion).deleteNow(email, () => progress.show(`${email} is closed; the rest goes now.`)),
      ).finally(() => progress.end());
      const { id, counts, isMailed } = deletion;
      say(options, { id, email, ...counts, mailed: isMailed }, sentence(email, deletion));
    });
}

/** @throws {UnfinishedError} when something else was typed */
async function confirm(email: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await new Promise<string>((resolve) => {
    // Ctrl+C and Ctrl+D close it, and nobody answers any more.
    terminal.once('close', () => resolve(''));
    terminal.question(`This deletes ${email} for good. Type the address to go on: `, resolve);
  }).finally(() => terminal.close());
  if (spelling(typed.trim()) === email) return;
  throw new UnfinishedError('That is another address. Nothing was deleted.');
}

function spelling(typed: string): string | null {
  try {
    return parseEmail(typed);
  } catch {
    return null;
  }
}

function sentence(email: string, { counts, isMailed }: FinishedDeletion): string {
  const { files, bytes, folders, shares } = counts;
  const mail = isMailed
    ? 'Its owner was told.'
    : 'No mail server took the mail; a running server tries again for a week.';
  return `Deleted ${email} (files: ${files}, bytes: ${bytes}, folders: ${folders}, shares: ${shares}). ${mail}`;
}
