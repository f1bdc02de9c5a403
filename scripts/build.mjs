// Builds dist/ with the TypeScript compiler. With --if-changed (before `npm start`), only when a source has changed since.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
const ASSETS = join('src', 'shares', 'page', 'assets');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const sources = ['src', 'migrations']
  .flatMap((directory) => readdirSync(join(root, directory), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name));
const hash = createHash('sha256');
for (const file of [...sources, ...settings])
  hash.update(file.slice(root.length)).update(readFileSync(file)).update('\0');
const digest = hash.digest('hex');

const upToDate = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
if (!upToDate || !process.argv.includes('--if-changed')) {
  if (!existsSync(compiler)) {
    // An image ships dist/ and no compiler; whoever runs from source needs one.
    if (existsSync(join(dist, 'src', 'main.js'))) process.exit(0);
    console.error('Photovault is not built, and the compiler is not installed. Run: npm ci --include=dev');
    process.exit(1);
  }
  rmSync(dist, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  // What browsers get is not compiled.
  cpSync(join(root, ASSETS), join(dist, ASSETS), { recursive: true });
  writeFileSync(stamp, digest);
}
