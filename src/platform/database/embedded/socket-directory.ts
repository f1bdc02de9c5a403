import { createHash } from 'node:crypto';
import { lchown, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import type { ServiceUser } from './service-user';

/** PostgreSQL names its socket after a port, also when it listens on none. */
export const SOCKET_PORT = 5432;

/** Bytes: `sun_path` holds 104 on macOS and 108 on Linux, with the closing NUL. */
const LONGEST_SOCKET_PATH = 103;

/**
 * The directory, with mode 0700, in which PostgreSQL puts its socket: the cluster's own, where whoever sees the data also finds
 * the server that has it open, even from another container; or, where that path is too long for a socket, one below the
 * system's temporary directory.
 *
 * @throws EmbeddedPostgresError where the temporary directory offers no safe place.
 */
export async function openSocketDirectory(directory: string, user: ServiceUser): Promise<string> {
  if (fits(directory)) return directory;

  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const fallback = join(tmpdir(), `photovault-${user.uid}-${hash}`);
  if (!fits(fallback)) {
    throw new EmbeddedPostgresError(
      `The paths ${directory} and ${fallback} are both too long for a unix socket. Choose a shorter DATA_DIR.`,
    );
  }
  await mkdir(fallback, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  // The temporary directory is everybody's: somebody else may have put a directory or a link there first, to listen in.
  const found = await lstat(fallback);
  const ours = found.uid === user.uid || found.uid === process.getuid?.();
  if (!found.isDirectory() || !ours || (found.mode & 0o077) !== 0) {
    throw new EmbeddedPostgresError(
      `${fallback}, the place for the database's socket, is not a private directory of this user. ` +
        'Look who made it, remove it, and start again, or choose a shorter DATA_DIR.',
    );
  }
  await lchown(fallback, user.uid, user.gid);
  return fallback;
}

/**
 * A connection string for `pg` and libpq. Port and sslmode are spelled out because `pg` would otherwise take them from the
 * caller's PGPORT and PGSSLMODE.
 */
export function connectionUrl(socketDirectory: string, database: string): string {
  const host = encodeURIComponent(socketDirectory);
  return `postgresql://photovault@/${database}?host=${host}&port=${SOCKET_PORT}&sslmode=disable`;
}

function fits(directory: string): boolean {
  return Buffer.byteLength(join(directory, `.s.PGSQL.${SOCKET_PORT}`)) <= LONGEST_SOCKET_PATH;
}
