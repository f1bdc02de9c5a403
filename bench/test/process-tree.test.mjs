import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { canMeasure, watchTree } from '../process-tree.mjs';

const skip = canMeasure ? false : 'needs the /proc of Linux';

/** A server that, on a line of input, burns half a second and 150 MB itself, then half a second in a shell. */
const SERVER = `
  const burn = (ms) => { for (const end = Date.now() + ms; Date.now() < end; ); };
  process.stdin.once('data', () => {
    globalThis.kept = Buffer.alloc(150e6, 1);
    burn(500);
    require('node:child_process').spawnSync('sh', ['-c', 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done']);
    process.stdout.write('done');
  });
  process.stdout.write('up');
`;

/** Starts a daemon in {dir}, as a database does: its parent is gone before it does anything. */
const DAEMON_MAKER = (/** @type {string} */ dir) => `
  const { spawn } = require('node:child_process');
  spawn('sleep', ['60'], { cwd: ${JSON.stringify(dir)}, detached: true, stdio: 'ignore' }).unref();
`;

test('counts CPU and memory of a process and of the child it has waited for', { skip }, async () => {
  const server = spawn(process.execPath, ['-e', SERVER]);
  await once(server.stdout, 'data');
  const tree = watchTree(Number(server.pid), '/no-such-directory');
  const end = tree.measure();
  server.stdin.write('go\n');
  await once(server.stdout, 'data');
  const usage = end();
  server.kill();
  await once(server, 'exit');
  assert.ok(usage.treeCpuSeconds > 0.5 && usage.treeCpuSeconds < 10, `${usage.treeCpuSeconds} s`);
  assert.ok(usage.serverBytes > 150e6 && usage.serverBytes < 500e6, `${usage.serverBytes} bytes`);
  assert.ok(usage.treeBytes >= usage.serverBytes);
  assert.deepEqual(tree.pids(), []);
});

test('finds a daemon by the directory it works in', { skip }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bench-tree-'));
  const maker = spawn(process.execPath, ['-e', DAEMON_MAKER(dir)]);
  await once(maker, 'exit');
  const pids = watchTree(Number(maker.pid), dir).pids();
  assert.equal(pids.length, 1);
  process.kill(pids[0]);
  for (const until = Date.now() + 5_000; watchTree(Number(maker.pid), dir).pids().length > 0 && Date.now() < until;)
    await sleep(20);
  await rm(dir, { recursive: true });
});
