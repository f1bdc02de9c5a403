import { type ChildProcess, execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { VaultHome } from './vault-home';

/** The built command. */
export const COMMAND = resolve(__dirname, '../../dist/src/cli/main.js');

/** How a command ended, and what it said. */
export interface Outcome {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `vault users add --json` says. */
export interface AddedUser {
  readonly id: string;
  readonly email: string;
  readonly created: boolean;
}

export interface CommandSetting {
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts the built `vault` command in a process of its own, on the vault of this home. */
export function startCommand(
  home: VaultHome,
  args: readonly string[],
  { env, ...user }: CommandSetting = {},
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const options = { ...user, cwd: home.directory, env: { PATH: process.env.PATH, DATA_DIR: home.dataDir, ...env } };
  let end: (outcome: Outcome) => void;
  const outcome = new Promise<Outcome>((done) => (end = done));
  const child = execFile(process.execPath, [COMMAND, ...args], options, (error, stdout, stderr) => {
    end({ code: error ? error.code : 0, stdout, stderr });
  });
  return { child, outcome };
}

/** Adds somebody as a script does. */
export async function addUser(home: VaultHome, email: string, env: NodeJS.ProcessEnv = {}): Promise<AddedUser> {
  const { code, stdout, stderr } = await startCommand(home, ['users', 'add', email, '--json'], { env }).outcome;
  if (code !== 0 || stderr !== '') throw new Error(`vault users add ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as AddedUser;
}
