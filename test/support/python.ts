import { execFileSync, spawnSync } from 'node:child_process';

/** Whether Python is here, whose zipfile reads what we write. */
export const hasPython = spawnSync('python3', ['-c', 'import zipfile']).status === 0;

/** `it` where Python is here. @param what is tested, for whoever reads that it was not */
export function itWithPython(what: string): jest.It {
  if (!hasPython) process.stderr.write(`\nNOT RUN: ${what}. Install python3.\n\n`);
  return hasPython ? it : it.skip;
}

/** Runs a script with arguments. @returns the JSON that it prints */
export function askPython<T>(script: string, ...args: string[]): T {
  return JSON.parse(execFileSync('python3', ['-c', script, ...args]).toString()) as T;
}
