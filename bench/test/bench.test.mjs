// The benchmark against a server that misbehaves on demand: a figure is worth what its checks are.
// Run: node --test bench/test/*.test.mjs
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('../bench.mjs', import.meta.url));
const TINY_VAULT = fileURLToPath(new URL('tiny-vault.mjs', import.meta.url));
const PHASES = 'load 100 KB ×4|multipart|range.*×4';

/** @type {string} */
let dir;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bench-test-'));
});
after(() => rm(dir, { recursive: true }));

/** @param {string} name @param {object} description @returns {Promise<string>} path of a peer's JSON file */
async function peerFile(name, description) {
  const path = join(dir, `${name}.json`);
  await writeFile(path, JSON.stringify({ name, ...description }));
  return path;
}

/** @param {string} fault @param {object} [changes] */
function tinyVault(fault, changes) {
  return peerFile(`tiny-${fault}`, {
    start: {
      command: '{node}',
      args: [TINY_VAULT],
      env: { PORT: '{port}', FAULT: fault },
      readyPath: '/health/ready',
    },
    baseUrl: 'http://127.0.0.1:{port}',
    signIn: 'photovault',
    upload: { method: 'PUT', path: '/api/v1/files/by-name/{name}', status: 201, answer: { id: 'id' } },
    multipart: { method: 'POST', path: '/api/v1/files', field: 'file', status: 201 },
    download: { path: '/api/v1/files/by-name/{name}/content' },
    ...changes,
  });
}

/** @param {string[]} args @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
async function bench(...args) {
  const child = execFile(process.execPath, [BENCH, '--quick', '--dir', dir, ...args]);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (text) => (output.stdout += text));
  child.stderr?.on('data', (text) => (output.stderr += text));
  const [code] = await once(child, 'close');
  return { code, ...output };
}

test('measures a well-behaved server and puts the tables between the markers', async () => {
  const out = join(dir, 'out.md');
  await writeFile(out, 'before\n<!-- bench:start -->\nold figures\n<!-- bench:end -->\nafter\n');
  const { code, stdout, stderr } = await bench('--peers', await tinyVault('none'), '--phases', PHASES, '--out', out);
  assert.equal(code, 0, stderr);
  for (const row of [
    /\| upload 100 KB ×4, files\/s \| [1-9]\d* \|/,
    /\| multipart upload 4 MiB ×4, MB\/s \| [1-9]\d* \|/,
    /\| download 100 KB ×4, files\/s \| [1-9]\d* \|/,
    /\| 64 KiB ranges of 64 MiB ×4, ranges\/s \| [1-9]\d* \|/,
  ]) {
    assert.match(stdout, row);
  }
  if (process.platform === 'linux') assert.match(stdout, /\| peak RSS MiB[^|]+\| [1-9]\d* /);
  const text = await readFile(out, 'utf8');
  assert.match(text, /^before\n<!-- bench:start -->\n[^]*\| download 100 KB[^]*\n<!-- bench:end -->\nafter\n$/);
  assert.doesNotMatch(text, /old figures/);
});

for (const [fault, complaint] of /** @type {const} */ ([
  ['flipped-bit', /FAILED: tiny-flipped-bit, download 100 KB ×4, round 1: GET \S+: wrong sha-256/],
  ['shifted-range', /FAILED: tiny-shifted-range, 64 KiB ranges of 64 MiB ×4, round 1: GET \S+: wrong bytes/],
  ['cut', /FAILED: tiny-cut, download 100 KB ×4, round 1: GET \S+: aborted/],
  ['full', /FAILED: tiny-full, upload 100 KB ×4, round 1: PUT \S+: 507, not 201/],
])) {
  test(`fails on a server with the fault "${fault}"`, async () => {
    const { code, stdout, stderr } = await bench('--peers', await tinyVault(fault), '--phases', PHASES);
    assert.equal(code, 1);
    assert.match(stderr, complaint);
    assert.match(stdout, /\| FAILED \|/);
  });
}

test('fails on a duplicate where a new file was sent', async () => {
  const peer = await tinyVault('none', {
    upload: { method: 'PUT', path: '/api/v1/files/by-name/always-the-same', status: 201 },
  });
  const { code, stderr } = await bench('--peers', peer, '--phases', 'upload 100 KB ×4');
  assert.equal(code, 1);
  assert.match(stderr, /always-the-same: 200, not 201/);
});

test('leaves out an optional peer that is not installed, in one loud line', async () => {
  const absent = await peerFile('absent', {
    optional: true,
    prepare: [['no-such-program-here']],
    baseUrl: 'http://127.0.0.1:{port}',
    upload: { method: 'PUT', path: '/{name}', status: 201 },
    download: { path: '/{name}' },
  });
  const { code, stdout, stderr } = await bench(
    '--peers',
    `${await tinyVault('none')},${absent}`,
    '--phases',
    'ranges.*×1$',
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^NOT MEASURED: absent: spawn no-such-program-here E(NOENT|ACCES)$/m);
  assert.doesNotMatch(stdout, /\| absent/);
});

test('reaches nothing but loopback', async () => {
  const peer = await peerFile('elsewhere', {
    baseUrl: 'http://192.0.2.1',
    upload: { method: 'PUT', path: '/{name}', status: 201 },
    download: { path: '/{name}' },
  });
  const { code, stderr } = await bench('--peers', peer);
  assert.equal(code, 1);
  assert.match(stderr, /192\.0\.2\.1 is not a loopback address/);
});
