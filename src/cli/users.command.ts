import { validateSync } from 'class-validator';
import { type Command, InvalidArgumentError } from 'commander';
import { RequestPinDto } from '../auth/pin/request-pin.dto';
import { normalizeEmail } from '../platform/crypto/blind-index';
import { type ListedUser, UserAdministration } from '../users/user-administration.service';
import { JSON_OPTION, type OutputOptions, say } from './output';
import { withVault } from './with-vault';

/** `vault users …` */
export function addUsersCommands(program: Command, env: NodeJS.ProcessEnv): void {
  const users = program.command('users').description('Who has an account.').helpCommand(false);

  users
    .command('add')
    .description('Make an account. Its owner signs in with a mailed PIN, also where REGISTRATION is closed.')
    .argument('<email>', 'Address of its owner.', parseEmail)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  vault users add alice@example.com\n  vault users add alice@example.com --json',
    )
    .action(async (email: string, options: OutputOptions) => {
      const { id, created } = await withVault(env, (rooms) => rooms.get(UserAdministration).add(email));
      const sentence = created ? `Added ${email}, who can sign in now.` : `${email} is there already.`;
      say(options, { id, email, created }, sentence);
    });

  users
    .command('list')
    .description('Everybody who has an account, the oldest first.')
    .option(...JSON_OPTION)
    .addHelpText('after', "\nExamples:\n  vault users list\n  vault users list --json | jq -r '.[].email'")
    .action(async ({ json }: OutputOptions) => {
      const everybody = await withVault(env, (rooms) => rooms.get(UserAdministration).list());
      process.stdout.write(json ? `${JSON.stringify(everybody)}\n` : everybody.map(lineOf).join(''));
    });
}

/** The one spelling of an address that could sign up, by the same rules. */
function parseEmail(text: string): string {
  try {
    if (validateSync(Object.assign(new RequestPinDto(), { email: text, deviceId: 'vault' })).length === 0) {
      return normalizeEmail(text);
    }
  } catch {
    // It looked like an address, and its domain is none.
  }
  throw new InvalidArgumentError('It is not an e-mail address.');
}

function lineOf({ id, email, createdAt }: ListedUser): string {
  return `${id}  ${createdAt.toISOString()}  ${email ?? '(cannot be opened)'}\n`;
}
