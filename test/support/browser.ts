import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Nothing of it may look anything up outside of this machine. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function findChromium(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const executablePath = findChromium();

/** `describe` where there is a Chromium. @param what the suite is about, for whoever reads that it did not run */
export function describeInBrowser(what: string): jest.Describe {
  if (executablePath === undefined) process.stderr.write(`\nNOT RUN: ${what}. Install chromium.\n\n`);
  return executablePath === undefined ? describe.skip : describe;
}

/** A real browser without a window. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGS });
}
