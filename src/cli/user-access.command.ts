import type { Command } from 'commander';
import { AccessAdministration } from '../auth/administration/access-administration.service';
import { parseEmail } from './arguments';
import { JSON_OPTION, type OutputOptions, say } from './output';
import { UnfinishedError } from './unfinished-error';
import { withVault } from './with-vault';

/** Those of `vault users …` that are about who gets in. */
export function addUserAccessCommands(users: Command, env: NodeJS.ProcessEnv): void {
  users
    .command('set-email')
    .description('Move an account to another address, for somebody who has lost the mailbox. Ends all of its sessions.')
    .argument('<email>', 'Address of the account.', parseEmail)
    .argument('<new-email>', 'The one that its PINs go to from now on.', parseEmail)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nWhoever reads the mailbox <new-email> has the account: make sure that it is its owner’s.\n' +
        '\nExamples:\n  vault users set-email alice@example.com alice@example.org',
    )
    .action(async (email: string, to: string, options: OutputOptions) => {
      if (email === to) throw new UnfinishedError(`${email} is its address already. Nothing was changed.`);
      const { id, sessions, devices, told } = await withVault(env, (rooms) =>
        rooms.get(AccessAdministration).setEmail(email, to),
      );
      const mailed = told ? 'The old address was told.' : 'The old address was not told.';
      const sentence = `Moved ${email} to ${to}. Ended: ${sessionsAndDevices(sessions, devices)}. ${mailed}`;
      say(options, { id, email: to, previousEmail: email, sessions, devices, told }, sentence);
    });

  users
    .command('disable')
    .description('Shut an account: no sign-in, no session, no share of it. What it stores stays.')
    .argument('<email>', 'Address of the account.', parseEmail)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExamples:\n  vault users disable alice@example.com')
    .action(async (email: string, options: OutputOptions) => {
      const { id, sessions, changed } = await withVault(env, (rooms) => rooms.get(AccessAdministration).disable(email));
      const done = changed ? `Disabled ${email}.` : `${email} is disabled already.`;
      say(options, { id, email, disabled: true, changed, sessions }, `${done} Ended: ${counted(sessions, 'session')}.`);
    });

  users
    .command('enable')
    .description('Open a disabled account again, with everything as it was but its sessions.')
    .argument('<email>', 'Address of the account.', parseEmail)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExamples:\n  vault users enable alice@example.com')
    .action(async (email: string, options: OutputOptions) => {
      const { id, changed } = await withVault(env, (rooms) => rooms.get(AccessAdministration).enable(email));
      const sentence = changed ? `Enabled ${email}, who can sign in again.` : `${email} is not disabled.`;
      say(options, { id, email, disabled: false, changed }, sentence);
    });
}

/** `2 sessions, 1 trusted device` */
export function sessionsAndDevices(sessions: number, devices: number): string {
  return `${counted(sessions, 'session')}, ${counted(devices, 'trusted device')}`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
