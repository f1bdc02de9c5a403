import { type Command, Option } from 'commander';
import { AccessAdministration, type ListedSession } from '../auth/administration/access-administration.service';
import { parseEmail, parseId } from './arguments';
import { JSON_OPTION, type OutputOptions, say } from './output';
import { sessionsAndDevices } from './user-access.command';
import { withVault } from './with-vault';

interface RevokeOptions extends OutputOptions {
  readonly session?: string;
  readonly devices?: true;
}

/** `vault sessions …` */
export function addSessionsCommands(program: Command, env: NodeJS.ProcessEnv): void {
  const sessions = program.command('sessions').description('Who is signed in.').helpCommand(false);

  sessions
    .command('list')
    .description('Where somebody is signed in, the last used session first.')
    .argument('<email>', 'Address of the account.', parseEmail)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      "\nExamples:\n  vault sessions list alice@example.com\n  vault sessions list alice@example.com --json | jq -r '.[].id'",
    )
    .action(async (email: string, { json }: OutputOptions) => {
      const listed = await withVault(env, (rooms) => rooms.get(AccessAdministration).listSessions(email));
      process.stdout.write(json ? `${JSON.stringify(listed)}\n` : listed.map(lineOf).join(''));
    });

  sessions
    .command('revoke')
    .description(
      'End the sessions of somebody, at once and on every server. PINs that are under way are worth nothing.',
    )
    .argument('<email>', 'Address of the account.', parseEmail)
    .addOption(
      new Option('--session <id>', 'End this one only, from the list.').argParser(parseId).conflicts('devices'),
    )
    .option('--devices', 'Trust none of the devices any more, either.')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  vault sessions revoke alice@example.com --devices\n' +
        '  vault sessions revoke alice@example.com --session 019ab0c4-71d0-7b8a-a2c4-6d5e4f3a2b1c',
    )
    .action((email: string, options: RevokeOptions) => revoke(env, email, options));
}

async function revoke(env: NodeJS.ProcessEnv, email: string, options: RevokeOptions): Promise<void> {
  const { session, devices = false } = options;
  const ended = await withVault(env, (rooms) => {
    const administration = rooms.get(AccessAdministration);
    return session === undefined
      ? administration.revokeSessions(email, { devices })
      : administration.revokeSession(email, session);
  });
  const { id, sessions } = ended;
  say(
    options,
    { id, email, sessions, devices: ended.devices },
    `Ended for ${email}: ${sessionsAndDevices(sessions, ended.devices)}.`,
  );
}

/** Labels of devices are printable: nothing of them turns a terminal's line. */
function lineOf({ id, lastSeenAt, ip, deviceName, deviceId, trusted }: ListedSession): string {
  return `${id}  ${lastSeenAt.toISOString()}  ${ip ?? '-'}  ${deviceName ?? deviceId}${trusted ? '  (trusted)' : ''}\n`;
}
