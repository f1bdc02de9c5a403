import type { Command } from 'commander';
import { StatsService, type VaultStats } from '../stats/stats.service';
import { JSON_OPTION, type OutputOptions, say } from './output';
import { counted } from './user-access.command';
import { withVault } from './with-vault';

/** `vault stats` */
export function addStatsCommand(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command('stats')
    .description('How much there is of everything: accounts, files, bytes, shares, sessions, keys. Opens nothing.')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExamples:\n  vault stats\n  vault stats --json | jq .files.bytes')
    .action(async (options: OutputOptions) => {
      const stats = await withVault(env, (rooms) => rooms.get(StatsService).read());
      say(options, stats, describe(stats));
    });
}

function describe({ accounts, files, folders, shares, sessions, blobs, database, keys }: VaultStats): string {
  const stored = ({ count, bytes }: { count: number; bytes: number }) => `${count}, ${counted(bytes, 'byte')}`;
  const wraps = keys.inUse.map(
    ({ kid, userKeys, serverSecrets }) =>
      `key ${kid} wraps ${counted(userKeys, 'user key')} and ${counted(serverSecrets, 'server secret')}`,
  );
  const lines: [string, string][] = [
    ['Accounts', `${accounts.active} active, ${accounts.disabled} disabled`],
    ['Files', `${files.stored} stored, ${files.trashed} in the trash, ${counted(files.bytes, 'byte')} in all`],
    ['Folders', `${folders.all}, ${folders.locked} of them locked; ${folders.trashed} in the trash`],
    ['Shares', `${shares.live} live`],
    ['Sessions', `${sessions.live} live`],
    ['Originals', `${stored(blobs.original)} encrypted`],
    ['Thumbnails', `${stored(blobs.thumbnail)} encrypted`],
    ['Previews', `${stored(blobs.preview)} encrypted`],
    ['Unfinished', `${blobs.pending} uploads or renditions, ${blobs.deleting} to be removed`],
    ['Database', counted(database.bytes, 'byte')],
    ['Master key', `${keys.current} for what is new; ${wraps.join(', ')}`],
  ];
  return lines.map(([what, figures]) => `${`${what}:`.padEnd(13)}${figures}`).join('\n');
}
