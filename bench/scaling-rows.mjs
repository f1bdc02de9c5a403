// What `scaling.mjs` asks the vault's own database for: a million rows that nobody uploads one by one, sizes, and pages read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const BATCH = 20_000;
/** A backend that does nothing reports what it has read after ten seconds (PostgreSQL, pgstat.c). */
const STATISTICS_MS = 11_000;
/** /proc counts CPU time in USER_HZ (proc(5)). */
const TICKS_PER_SECOND = 100;
/** Whose sizes count: rows that grow with what people store or do. */
const TABLES = ['files', 'blobs', 'sessions'];
/** What else the statements that are measured look at. */
const OTHERS = ['users', 'folders'];

/** @param {string} dataDir of a vault with an embedded database @returns {Promise<pg.Client>} */
export async function openDatabase(dataDir) {
  const host = join(dataDir, 'postgres');
  const client = new pg.Client({ host, port: 5432, user: 'photovault', database: 'photovault', ssl: false });
  await client.connect();
  return client;
}

/**
 * Copies rows of a file and its blob, sizes and all, under new ids, indexes and dates. They are listed and sorted like any others, and
 * nobody can open them, so they must lie where no page that is asked for shows them.
 * @param {pg.Client} db
 * @param {{ like: string, count: number, gaps: readonly (readonly [from: number, to: number])[], folders: readonly string[] }} rows `like`:
 *   id of the file to copy; `gaps`: where their dates may be, in ms; `folders`: ids of those that they go to, in turn
 */
export async function fillWithFiles(db, { like, count, gaps, folders }) {
  const [starts, lengths] = [gaps.map(([from]) => from / 1000), gaps.map(([from, to]) => (to - from) / 1000)];
  for (let done = 0; done < count; done += BATCH) {
    await db.query(
      `WITH input AS MATERIALIZED (
         SELECT uuidv7() AS id, uuidv7() AS blob_id, d.id AS folder_id, d.owner_id,
                sha256(convert_to(d.id || ' name ' || n, 'UTF8')) AS name_bidx,
                sha256(convert_to(d.id || ' content ' || n, 'UTF8')) AS content_bidx,
                to_timestamp(($4::float8[])[1 + n % $6] + ($5::float8[])[1 + n % $6] * random()) AS at
           FROM generate_series($2::int, $3::int) AS n
           JOIN folders d ON d.id = ($7::uuid[])[1 + n % array_length($7, 1)]
       ), blob AS (
         INSERT INTO blobs
         SELECT copy.* FROM files f JOIN blobs b ON b.id = f.blob_id, input,
                jsonb_populate_record(b, jsonb_build_object('id', input.blob_id, 'file_id', input.id, 'owner_id', input.owner_id)) AS copy
          WHERE f.id = $1
       )
       INSERT INTO files
       SELECT copy.* FROM files f, input,
              jsonb_populate_record(f, jsonb_build_object('id', input.id, 'blob_id', input.blob_id, 'owner_id', input.owner_id,
                'folder_id', input.folder_id, 'name_bidx', input.name_bidx, 'content_bidx', input.content_bidx, 'taken_at', input.at,
                'created_at', input.at, 'updated_at', input.at)) AS copy
        WHERE f.id = $1`,
      [like, done, Math.min(done + BATCH, count) - 1, starts, lengths, gaps.length, folders],
    );
  }
}

/**
 * Copies an account and its root folder, so that what the database knows of an average owner is not made of the two that are measured.
 * @param {pg.Client} db @param {number} count @returns {Promise<string[]>} ids of their folders
 */
export async function fillWithOwners(db, count) {
  const { rows } = await db.query(
    `WITH input AS MATERIALIZED (
       SELECT uuidv7() AS user_id, uuidv7() AS folder_id, n FROM generate_series(1, $1::int) AS n
     ), account AS (
       INSERT INTO users
       SELECT copy.* FROM users u, input,
              jsonb_populate_record(u, jsonb_build_object('id', input.user_id, 'email_bidx', sha256(convert_to('email ' || n, 'UTF8')))) AS copy
        WHERE u.id = (SELECT id FROM users LIMIT 1)
     )
     INSERT INTO folders
     SELECT copy.* FROM folders d, input,
            jsonb_populate_record(d, jsonb_build_object('id', input.folder_id, 'owner_id', input.user_id)) AS copy
      WHERE d.id = (SELECT id FROM folders WHERE is_root LIMIT 1)
     RETURNING id`,
    [count],
  );
  return rows.map(({ id }) => id);
}

/** Copies the sessions that are there until there are so many. @param {pg.Client} db @param {number} count */
export async function fillWithSessions(db, count) {
  await db.query(
    `INSERT INTO sessions
     SELECT copy.* FROM sessions s, generate_series(1, $1::int) AS n,
            jsonb_populate_record(s, jsonb_build_object('id', uuidv7(), 'token_hash', sha256(convert_to('token ' || n, 'UTF8')))) AS copy
      WHERE s.id = (SELECT id FROM sessions LIMIT 1)`,
    [count],
  );
}

/** Uploads date from now; those that are measured date from when their photos were taken. @param {pg.Client} db */
export async function dateByPhoto(db) {
  await db.query('UPDATE files SET created_at = taken_at');
}

/** As autovacuum leaves tables that have grown: without it the first reader pays. @param {pg.Client} db */
export async function settle(db) {
  for (const table of [...TABLES, ...OTHERS]) await db.query(`VACUUM (ANALYZE) ${table}`);
  await db.query('CHECKPOINT');
}

/**
 * @param {pg.Client} db
 * @returns {Promise<{ name: string, rows: number, row: number, table: number, indexes: number }[]>} bytes for each row: of the row itself,
 *   of the table with its page headers and free space, and of the indexes
 */
export async function sizes(db) {
  const measured = [];
  for (const name of TABLES) {
    const { rows } = await db.query(
      `SELECT count(*)::int AS rows, avg(pg_column_size(t.*))::float8 AS row,
              pg_table_size('${name}') / count(*)::float8 AS table, pg_indexes_size('${name}') / count(*)::float8 AS indexes
         FROM ${name} t`,
    );
    measured.push({ name, ...rows[0] });
  }
  return measured;
}

/** @param {pg.Client} db @returns {Promise<number>} 8 KiB pages that the database has looked at so far, all of them written down */
export async function pagesRead(db) {
  await sleep(STATISTICS_MS);
  const { rows } = await db.query(
    'SELECT (blks_hit + blks_read)::float8 AS pages FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0].pages;
}

/**
 * The text of the statement that each authenticated request begins with, as the server has sent it last: nothing here has to be kept the
 * same as the code.
 * @param {pg.Client} db @returns {Promise<string>}
 */
export async function sessionStatement(db) {
  const { rows } = await db.query(
    "SELECT query FROM pg_stat_activity WHERE query LIKE 'SELECT%FROM sessions WHERE token_hash = $1%' AND pid <> pg_backend_pid() LIMIT 1",
  );
  if (rows.length === 0) throw new Error('no connection of the server has looked up a session last');
  return rows[0].query;
}

/**
 * Runs a prepared statement, one after the other on one connection.
 * @param {pg.Client} db @param {string} text @param {unknown[]} values @param {number} times
 * @returns {Promise<{ database: number, driver: number }>} CPU seconds of the backend and of this process
 */
export async function runPrepared(db, text, values, times) {
  const { rows } = await db.query('SELECT pg_backend_pid() AS pid');
  const [before, own] = [cpuSeconds(rows[0].pid), process.cpuUsage()];
  for (let n = 0; n < times; n++) {
    const { rowCount } = await db.query({ name: 'scaling', text, values });
    if (rowCount !== 1) throw new Error('the session is not found');
  }
  const { user, system } = process.cpuUsage(own);
  return { database: cpuSeconds(rows[0].pid) - before, driver: (user + system) / 1e6 };
}

/** @param {number} pid */
function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
}
