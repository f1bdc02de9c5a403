import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from './bounded-process';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import type { PostgresBinaries } from './postgres-binaries';
import type { ServiceUser } from './service-user';

const INITDB_TIMEOUT_MS = 120_000;

/**
 * Makes the cluster where there is none, and says who may connect. A cluster that is there keeps everything else.
 *
 * @throws EmbeddedPostgresError where the directory holds something else or another version's cluster; then nothing was written.
 */
export async function prepareCluster(
  directory: string,
  binaries: PostgresBinaries,
  user: ServiceUser,
  log: (line: string) => void,
): Promise<void> {
  if ((await readIfThere(join(directory, 'PG_VERSION'))) === undefined) {
    log(`Creating the database in ${directory}.`);
    await createCluster(directory, binaries, user);
  }
  const version = (await readIfThere(join(directory, 'PG_VERSION')))?.trim();
  if (version === undefined) {
    throw new EmbeddedPostgresError(
      `${directory} is not empty and holds no PostgreSQL database. Move its contents away, or choose another DATA_DIR.`,
    );
  }
  if (Number(version) !== binaries.major) {
    throw new EmbeddedPostgresError(
      `The database in ${directory} was made by PostgreSQL ${version}, and this Photovault brings PostgreSQL ${binaries.major}. ` +
        'Dump it with the Photovault that made it and restore the dump into a new DATA_DIR. Nothing was changed.',
    );
  }
  await writeAccessRules(directory, user);
  await removeOldDrafts(directory);
}

/** What a first start that was killed has left behind: nobody works on a draft for longer than initdb may take. */
async function removeOldDrafts(directory: string): Promise<void> {
  const siblings = await readdir(dirname(directory));
  for (const draft of siblings.filter((name) => name.startsWith(`${basename(directory)}.new-`))) {
    const path = join(dirname(directory), draft);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 2 * INITDB_TIMEOUT_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Everything happens in a sibling that is then renamed: a cluster is there as a whole or not at all. */
async function createCluster(directory: string, binaries: PostgresBinaries, user: ServiceUser): Promise<void> {
  const draft = await mkdtemp(`${directory}.new-`);
  try {
    await chown(draft, user.uid, user.gid);
    const names = ['--username=photovault', '--auth=peer', '--no-instructions'];
    const text = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const args = [`--pgdata=${draft}`, ...names, ...text, '--data-checksums'];
    const made = await run(user.command(binaries.initdb, args), INITDB_TIMEOUT_MS);
    if (!made.ok) {
      throw new EmbeddedPostgresError(`The database could not be created in ${directory}: ${made.output}`);
    }
    await writeAccessRules(draft, user);
    await rename(draft, directory);
    await syncDirectory(dirname(directory));
  } catch (error) {
    // Another start was faster, or something else is there: the caller looks at what it finds.
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Peer authentication: the kernel says who is at the other end of the socket, so that there is no password to keep. */
async function writeAccessRules(directory: string, user: ServiceUser): Promise<void> {
  const quoted = user.clients.map((name) => `"${name.replaceAll('"', '""')}"`);
  await writeOwned(join(directory, 'pg_hba.conf'), 'local all all peer map=pv\n', user);
  await writeOwned(join(directory, 'pg_ident.conf'), quoted.map((name) => `pv ${name} photovault\n`).join(''), user);
}

/** Writes only what differs: a server may be reading the file, and its rules rarely change. */
async function writeOwned(path: string, content: string, user: ServiceUser): Promise<void> {
  if ((await readIfThere(path)) === content) return;
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: 0o600 });
  await chown(draft, user.uid, user.gid);
  await rename(draft, path);
}

/** A rename is on disk only once its directory is; a lost one would make the next start create a second, empty database. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
