/** Socket errors of `pg`, and SQLSTATE classes in which the server cannot serve: 08 connection, 57P shutdown, 53300 too many clients. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|ENOENT|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|08\w{3}|57P0[1-5]|53300)$/;

/** Messages of `pg` for a connection that broke or could not be had; it gives these no code. */
const BROKEN =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

/** Whether an error means "the database is not reachable just now" rather than a fault of ours. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall, driverError } = error as NodeJS.ErrnoException & { driverError?: Error };
  if (driverError) return isDatabaseAway(driverError);
  // File errors have the same codes as sockets; only `getaddrinfo`, `connect`, `read` and `write` of a socket carry no path.
  const ofFile =
    (error as NodeJS.ErrnoException).path !== undefined ||
    (syscall !== undefined && !/^(getaddrinfo|connect|read|write)$/.test(syscall));
  const isConnect = code === 'ENOENT' && syscall === 'connect';
  return (!ofFile && code !== undefined && AWAY.test(code)) || isConnect || BROKEN.test(error.message);
}

/** Whether the database has no room left on its disk (SQLSTATE 53100). */
export function isDatabaseFull(error: unknown): boolean {
  const { code, driverError } = (error ?? {}) as { code?: string; driverError?: unknown };
  return driverError ? isDatabaseFull(driverError) : code === '53100';
}
