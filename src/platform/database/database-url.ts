import { Client } from 'pg';

/** Whether `pg` can make sense of a URL; by its own reading, because it takes more than `URL` does: sockets, spaces in passwords. */
export function isDatabaseUrl(url: string): boolean {
  try {
    void new Client({ connectionString: url });
    return true;
  } catch (error) {
    // A certificate that it names is missing: no fault of the URL's form, and said when the database is opened.
    return (error as NodeJS.ErrnoException).syscall !== undefined;
  }
}
