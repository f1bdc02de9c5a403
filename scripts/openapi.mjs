// Writes docs/openapi.json as the built server gives it out, on a vault that lives as long as the question. Part of `npm run docs`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
const dataDir = await mkdtemp(join(tmpdir(), 'photovault-docs-'));
// Nothing of the caller's environment: a DB_URL in it would be somebody's vault.
const server = spawn(process.execPath, [join(root, 'dist', 'src', 'main.js')], {
  env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(server, 'exit');
try {
  const url = await address();
  const response = await fetch(`${url}/openapi.json`);
  await writeFile(join(root, 'docs', 'openapi.json'), `${JSON.stringify(await response.json(), null, 2)}\n`);
} finally {
  server.kill('SIGTERM');
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}

/** Where the server says that it listens. */
async function address() {
  const said = [];
  for await (const line of createInterface(server.stdout)) {
    said.push(line);
    const [, url] = /listens on (http:\/\/[^\s"]+)/.exec(line) ?? [];
    if (url) return url;
  }
  throw new Error(`The server ended before it listened:\n${said.join('\n')}`);
}
