// Before `npm start`: builds what has changed since the last build, and nothing when nothing has.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.stamp');

const sources = ['src', 'migrations'].flatMap((directory) =>
  readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name)),
);
const hash = createHash('sha256');
for (const file of [
  ...sources.sort(),
  join(root, 'package-lock.json'),
  join(root, 'tsconfig.json'),
  join(root, 'tsconfig.build.json'),
]) {
  hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
}
const digest = hash.digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  if (!existsSync(nest)) {
    // An image ships dist/ and no build tools; whoever runs from source needs them.
    if (existsSync(join(root, 'dist', 'src', 'main.js'))) process.exit(0);
    console.error('Photovault is not built, and the build tools are not installed. Run: npm ci --include=dev');
    process.exit(1);
  }
  execFileSync(process.execPath, [nest, 'build'], { cwd: root, stdio: 'inherit' });
  writeFileSync(stamp, digest);
}
