import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from './bounded-process';
import { run } from './bounded-process';
import { EmbeddedPostgresError } from './embedded-postgres-error';

/** The operating system account that runs PostgreSQL and owns its files. */
export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
  /** Account names that may connect; the same list whoever starts the cluster, so that either can adopt it. */
  readonly clients: readonly string[];
  /** The same program, run as this account. */
  command(file: string, args: readonly string[]): Command;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Absent for a bare uid, as in a container. */
  readonly name?: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Who runs PostgreSQL: the person who started node, or, because PostgreSQL refuses to run as root, another account for root:
 * the owner of the cluster that is there, else `postgres`, else `nobody`.
 *
 * @param directory the cluster's, which need not exist; its parent does.
 * @throws EmbeddedPostgresError where that account cannot work with this directory or these binaries.
 */
export async function chooseServiceUser(directory: string, postgres: string): Promise<ServiceUser> {
  const self = currentAccount();
  if (self.uid === 0) return accountForRoot(directory, postgres);

  const owner = await ownerOf(directory);
  if (owner !== undefined && owner.uid !== self.uid) {
    throw new EmbeddedPostgresError(
      `The database in ${directory} belongs to another user (uid ${owner.uid}), and this is ${self.name} (uid ${self.uid}). ` +
        `Start Photovault as that user, run \`chown -R ${self.name} "${dirname(directory)}"\` as root, or choose another DATA_DIR.`,
    );
  }
  return { ...self, clients: ['root', self.name], command: (file, args) => ({ file, args }) };
}

function currentAccount(): Account & { readonly name: string } {
  try {
    const { uid, gid, username } = userInfo();
    return { uid, gid, name: username };
  } catch {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL needs an account with a name, and uid ${process.getuid?.()} has none. Run Photovault as a ` +
        'user from /etc/passwd, or set DB_URL to a PostgreSQL server of your own.',
    );
  }
}

async function accountForRoot(directory: string, postgres: string): Promise<ServiceUser> {
  // An empty directory that root has made is no cluster yet, and its owner no choice.
  const owner = await ownerOf(join(directory, 'PG_VERSION'));
  if (owner?.uid === 0) {
    throw new EmbeddedPostgresError(
      `The database in ${directory} belongs to root, and PostgreSQL refuses to run as root. Give it to another user, ` +
        `for example with \`chown -R nobody "${directory}"\`, and start again.`,
    );
  }
  const account = owner
    ? ((await lookUp(String(owner.uid))) ?? owner)
    : ((await lookUp('postgres')) ?? (await lookUp('nobody')));
  if (!account) {
    throw new EmbeddedPostgresError(
      'PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it. ' +
        'Start Photovault as an ordinary user, or set DB_URL to a PostgreSQL server of your own.',
    );
  }
  const clients = ['root', ...(account.name === undefined ? [] : [account.name])];

  // Tried with the least power first. A clone or data below a private directory such as /root can only be reached with a
  // capability: the right to search and read is enough, but containers often hold only the stronger one.
  for (const capability of [undefined, 'dac_read_search', 'dac_override']) {
    const command = (file: string, args: readonly string[]): Command => dropTo(account, capability, file, args);
    const script = '"$1" --version && test -x "$2"';
    const probe = await run(command('/bin/sh', ['-c', script, 'sh', postgres, dirname(directory)]), TIMEOUT_MS);
    if (probe.ok) return { uid: account.uid, gid: account.gid, clients, command };
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and the user ${account.name ?? account.uid} that runs it instead may not enter ` +
      `${dirname(directory)} or start ${postgres}. Install \`setpriv\` (package util-linux), move both out of root's ` +
      'private directories, or start Photovault as an ordinary user.',
  );
}

function dropTo(account: Account, capability: string | undefined, file: string, args: readonly string[]): Command {
  const { uid, gid } = account;
  if (capability === undefined) return { file, args, uid, gid };
  // no_setuid_fixup lets access(2), which asks for the real user, see the capability too.
  const drop = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  const keep = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`];
  return { file: 'setpriv', args: [...drop, ...keep, '--', file, ...args] };
}

async function lookUp(nameOrUid: string): Promise<Account | undefined> {
  const script = 'id -u "$1" && id -g "$1" && id -un "$1"';
  const answer = await run({ file: '/bin/sh', args: ['-c', script, 'sh', nameOrUid] }, TIMEOUT_MS);
  const [uid, gid, name] = answer.output.split('\n');
  return answer.ok ? { uid: Number(uid), gid: Number(gid), name } : undefined;
}

async function ownerOf(path: string): Promise<Account | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
