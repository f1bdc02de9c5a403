import { withClient } from '../../src/platform/database/open-database';
import { eventually } from './waiting';

const LOCK = 4711;
/** Longer than it takes a process to start and to come by, and than it takes a job that has missed its turn to have another. */
const PATIENCE_MS = 90_000;

const WAITING = `
  SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
   WHERE locktype = 'advisory' AND objid = ${LOCK} AND NOT granted AND datname = current_database()`;

/**
 * Stops time at one place in the database, for whoever comes by: a trigger asks for a lock that the test holds. So a process can be killed exactly
 * there, and the product needs no hooks for it. What still waits at the end is ended, so that none of it is committed after all: its process
 * should be dead by then. Again and again, because what has waited behind it comes here next.
 * @param when `DELETE ON files`, with a condition on OLD and NEW if it is not to be all of them: `UPDATE ON users WHEN (…)`
 * @param work is told when somebody waits there
 */
export async function atFaultPoint(
  databaseUrl: string,
  when: string,
  work: (reached: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const [, act = '', table = '', condition = ''] = /^(\w+) ON (\w+)(.*)$/.exec(when) ?? [];
  await withClient(databaseUrl, async (holder) => {
    const isFree = async () => (await holder.query(WAITING)).rows.length === 0;
    const endAll = async () =>
      (await holder.query(`SELECT pg_terminate_backend(pid) FROM (${WAITING}) AS waiting`)).rows.length === 0;
    await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await holder.query(`CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN coalesce(NEW, OLD); END $$`);
    await holder.query(
      `CREATE TRIGGER wait_here BEFORE ${act} ON ${table} FOR EACH ROW ${condition} EXECUTE FUNCTION wait_here()`,
    );
    try {
      await work(() => eventually(`somebody comes to ${when}`, async () => !(await isFree()), PATIENCE_MS));
    } finally {
      await eventually('nobody waits any more', endAll);
      await holder.query(`DROP TRIGGER wait_here ON ${table}`);
      await holder.query('DROP FUNCTION wait_here');
    }
  });
}
