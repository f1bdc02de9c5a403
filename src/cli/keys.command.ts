import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AppConfig } from '../platform/config/app-config';
import { KeyRotation, type KeyStatus } from '../vault/key-rotation.service';
import { KeyringService } from '../vault/keyring.service';
import { MasterKeyError } from '../vault/master-key-error';
import { MasterKeyring } from '../vault/master-keyring';
import { readRecoverySheet, vaultFingerprint, writeRecoverySheet } from '../vault/recovery-sheet';
import { restoreMasterKeys } from '../vault/restore-master-keys';
import { JSON_OPTION, type OutputOptions, say, showProgress } from './output';
import { UnfinishedError } from './unfinished-error';
import { withVault } from './with-vault';

/** `vault keys …` */
export function addKeysCommands(program: Command, env: NodeJS.ProcessEnv): void {
  const keys = program
    .command('keys')
    .description('The master key: where it stands, a new one, a copy.')
    .helpCommand(false);

  keys
    .command('status')
    .description(
      'Which keys are in the key file, what uses them, and what a rotation still has to do. Says nothing secret.',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExamples:\n  vault keys status\n  vault keys status --json | jq -r .stage')
    .action(async (options: OutputOptions) => {
      const status = await withVault(env, (rooms) => rooms.get(KeyRotation).status());
      say(options, status, describe(status));
    });

  keys
    .command('rotate')
    .description(
      'Make a new master key and put everything under it, while servers run. Goes on where a rotation was broken off.',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nThe old key stays in the file until "vault keys retire".\n\nExamples:\n  vault keys rotate\n  vault keys rotate --json',
    )
    .action((options: OutputOptions) => rotate(env, options));

  keys
    .command('retire')
    .description('Take the old keys out of the key file, once nothing uses them.')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nKeep their recovery sheet for as long as you keep backups from before the rotation.\n\nExamples:\n  vault keys retire',
    )
    .action(async (options: OutputOptions) => {
      const retired = await withVault(env, (rooms) => rooms.get(KeyRotation).retire());
      const which = `Key ${retired.join(', ')} ${retired.length > 1 ? 'are' : 'is'} out of the file.`;
      say(options, { retired }, retired.length > 0 ? which : 'There is no old key in the file.');
    });

  keys
    .command('backup')
    .description('Print a recovery sheet: the master keys, for paper. Whoever reads it can open the vault.')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExamples:\n  vault keys backup | lp\n  vault keys backup > /media/stick/photovault.txt')
    .action(async (options: OutputOptions) => {
      const { sheet, vault, kids } = await withVault(env, async (rooms) => {
        const fingerprint = vaultFingerprint(rooms.get(KeyringService).secret('canary'));
        const inFile = await rooms.get(MasterKeyring).inFile();
        return {
          vault: fingerprint,
          kids: inFile.map(({ kid }) => kid),
          sheet: writeRecoverySheet(inFile, fingerprint, new Date()),
        };
      });
      say(options, { vault, keys: kids, sheet }, sheet.trimEnd());
    });

  keys
    .command('restore')
    .description('Make the key file again from a recovery sheet. Never overwrites one.')
    .requiredOption('--from-sheet <file>', 'What somebody has typed from the sheet; - is the standard input.')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nThe keys are tried on the database, where there is one.\n\nExamples:\n' +
        '  vault keys restore --from-sheet sheet.txt\n  vault keys restore --from-sheet -',
    )
    .action((options: OutputOptions & { fromSheet: string }) => restore(env, options));
}

async function rotate(env: NodeJS.ProcessEnv, options: OutputOptions): Promise<void> {
  const progress = showProgress();
  const rotation = await withVault(env, (rooms) =>
    rooms
      .get(KeyRotation)
      .rotate((done, of) => progress.show(`${done} of ${of} user keys are under the new master key`)),
  ).finally(() => progress.end());
  const { kid, how, damaged } = rotation;
  const sentences = {
    begun: `Everything is under the new key ${kid}. BACK IT UP NOW: vault keys backup. Then, for the old one: vault keys retire.`,
    resumed: `Everything is under key ${kid} now. Back it up: vault keys backup. Then, for the old one: vault keys retire.`,
    finished: `Everything is under key ${kid} already. The old key is still in the file: vault keys retire.`,
  };
  if (damaged.length === 0) return say(options, rotation, sentences[how]);
  say(
    options,
    rotation,
    `Everything else is under key ${kid} now. Not to be opened are the keys of:\n${damaged.join('\n')}`,
  );
  throw new UnfinishedError(
    `${damaged.length} user key(s) cannot be opened, and keep the old master key in use. Nothing was changed of them.`,
  );
}

async function restore(env: NodeJS.ProcessEnv, options: OutputOptions & { fromSheet: string }): Promise<void> {
  const config = AppConfig.load(env);
  const keys = readRecoverySheet(await readSheet(options.fromSheet));
  const restored = await restoreMasterKeys(config, keys);
  const kids = keys.map(({ kid }) => kid);
  const how = restored === 'proved' ? 'They open the database.' : 'There was no vault to try them on.';
  say(options, { keys: kids, restored }, `Wrote ${config.masterKeyFile} with key ${kids.join(', ')}. ${how}`);
}

async function readSheet(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw new MasterKeyError(`The recovery sheet ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`, {
      cause: error,
    });
  }
}

function describe({ inFile, current, inUse, stage, toRewrap, retirable }: KeyStatus): string {
  const uses = inUse.map(
    ({ kid, serverSecrets, userKeys }) => `Key ${kid} wraps ${serverSecrets} server secrets and ${userKeys} user keys.`,
  );
  const next = {
    settled: 'No rotation is under way.',
    rotating: `A rotation is not at its end: ${toRewrap.serverSecrets} server secrets and ${toRewrap.userKeys} user keys are left. vault keys rotate goes on.`,
    rotated: `Nothing uses key ${retirable.join(', ')} any more. vault keys retire takes it out of the file.`,
  };
  return [`In the key file: ${inFile.join(', ')}. What is new goes under key ${current}.`, ...uses, next[stage]].join(
    '\n',
  );
}
