import type { Command } from 'commander';
import { StoreCheck, type StoreProblem } from '../vault/store-check.service';
import { JSON_OPTION, type OutputOptions, say, showProgress } from './output';
import { UnfinishedError } from './unfinished-error';
import { withVault } from './with-vault';

const MORE = `
Each problem is a line: its kind, the owner's id, the blob's id, where it is in the store.
  missing     there is no object
  length      it has another length than it was stored with
  header      its first 56 bytes are others
  crc         some of its bytes are others
  unreadable  the disk or the file system does not give it
  stray       no row has a use for it; found twice, and a day old

Only strays can be repaired, by removing them. The others come back from a backup of the stored files.

Examples:
  vault fsck
  vault fsck --json | jq -r '.problems[].blobId'
  vault fsck --repair-strays`;

interface FsckOptions extends OutputOptions {
  readonly repairStrays?: true;
}

/** `vault fsck` */
export function addFsckCommand(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command('fsck')
    .description(
      'Hold every stored object against its row: length, first bytes, CRC-32. Decrypts nothing, changes nothing.',
    )
    .option('--repair-strays', 'Remove objects that no row has a use for.')
    .option(...JSON_OPTION)
    .addHelpText('after', MORE)
    .action((options: FsckOptions) => fsck(env, options));
}

async function fsck(env: NodeJS.ProcessEnv, options: FsckOptions): Promise<void> {
  const progress = showProgress();
  const onProblem = (problem: StoreProblem): void => {
    progress.end();
    if (!options.json) process.stdout.write(lineOf(problem));
  };
  const onProgress = (checked: number, of: number): void => progress.show(`${checked} of ${of} objects`);
  const result = await withVault(env, (rooms) =>
    rooms.get(StoreCheck).run({ repairStrays: options.repairStrays, onProblem, onProgress }),
  ).finally(() => progress.end());
  const left = result.problems.filter(({ removed }) => !removed).length;
  const removed = result.problems.length - left;
  const strays = removed > 0 ? ` Removed strays: ${removed}.` : '';
  say(options, result, `Checked objects: ${result.blobs}, bytes: ${result.bytes}. Problems: ${left}.${strays}`);
  if (left > 0) throw new UnfinishedError(`${left} problem(s) found. Nothing was changed of them.`);
}

function lineOf({ kind, ownerId, blobId, object, removed }: StoreProblem): string {
  return `${kind.padEnd(10)}  ${ownerId ?? '-'.padEnd(36)}  ${blobId}  ${object}${removed ? '  (removed)' : ''}\n`;
}
