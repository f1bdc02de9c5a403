import { type Command, InvalidArgumentError } from 'commander';
import { type ListedUser, UserAdministration } from '../users/user-administration.service';
import type { Profile } from '../users/users.service';
import { parseEmail } from './arguments';
import { JSON_OPTION, type OutputOptions, say } from './output';
import { addUserAccessCommands } from './user-access.command';
import { addUsersDeleteCommand } from './users-delete.command';
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

  users
    .command('quota')
    .description('Say, or set, how much somebody may store. What is stored stays, also when it is more.')
    .argument('<email>', 'Address of the account.', parseEmail)
    .argument('[quota]', 'Bytes of originals, "none" for no limit, or "default" for QUOTA_DEFAULT_BYTES.', parseQuota)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  vault users quota alice@example.com\n  vault users quota alice@example.com 107374182400\n  vault users quota alice@example.com none',
    )
    .action(async (email: string, quota: ParsedQuota | undefined, options: OutputOptions) => {
      const profile = await withVault(env, (rooms) => {
        const administration = rooms.get(UserAdministration);
        return quota ? administration.setQuota(email, quota.bytes) : administration.quota(email);
      });
      say(options, quotaOf(profile), quotaSentence(profile));
    });

  addUserAccessCommands(users, env);
  addUsersDeleteCommand(users, env);
}

/** In an object, because commander takes null and 0 for arguments that are not there. */
interface ParsedQuota {
  readonly bytes: number | null;
}

function parseQuota(text: string): ParsedQuota {
  if (text === 'default') return { bytes: null };
  if (text === 'none') return { bytes: 0 };
  const bytes = Number(text);
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(bytes)) return { bytes };
  throw new InvalidArgumentError('It is neither a number of bytes nor "none" nor "default".');
}

function quotaOf({ id, email, quotaBytes, isQuotaDefault, usage }: Profile): Record<string, unknown> {
  return { id, email, quotaBytes, isDefault: isQuotaDefault, usedBytes: usage.bytes };
}

function quotaSentence({ email, quotaBytes, isQuotaDefault, usage }: Profile): string {
  const quota = quotaBytes === null ? 'without a limit' : `${quotaBytes} bytes`;
  return `${email} may store ${quota}${isQuotaDefault ? ' (the default)' : ''}, and stores ${usage.bytes} bytes.`;
}

function lineOf({ id, email, createdAt, disabledAt }: ListedUser): string {
  return `${id}  ${createdAt.toISOString()}  ${email ?? '(cannot be opened)'}${disabledAt ? '  (disabled)' : ''}\n`;
}
