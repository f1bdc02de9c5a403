import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A program to start; `uid` and `gid` only where the account has to change. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** How a program ended. `output` is what it said: on success its stdout, otherwise its complaint. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/**
 * The environment of every process started here. The caller's LANG, PG* and LD_* variables would otherwise choose the
 * encoding, the port or the libraries of a cluster that has to be the same on every start.
 */
export const CLEAN_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Runs a program to its end, without a shell, for at most `timeoutMs`; then it is killed. Never throws. */
export async function run(command: Command, timeoutMs: number, cwd = '/'): Promise<Outcome> {
  const { file, args, uid, gid } = command;
  try {
    const { stdout } = await promisify(execFile)(file, [...args], {
      cwd,
      uid,
      gid,
      env: CLEAN_ENVIRONMENT,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    return { ok: true, output: stdout.trim() };
  } catch (error) {
    const { killed, stderr, message } = error as Error & { killed?: boolean; stderr?: string };
    const complaint = killed ? `${file} did not end within ${timeoutMs / 1000} seconds` : stderr?.trim() || message;
    return { ok: false, output: complaint };
  }
}
