import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** For each rule a file and an import that it must not have. */
const FORBIDDEN: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['platform-imports-only-platform', 'src/platform/http/a.ts', 'src/files/b.ts'],
  ['vault-imports-no-feature', 'src/vault/a.ts', 'src/files/b.ts'],
  ['only-vault-touches-blobs', 'src/files/d.ts', 'src/platform/blobs/b.ts'],
  ['feature-order-users', 'src/users/a.ts', 'src/auth/b.ts'],
  ['feature-order-auth', 'src/auth/a.ts', 'src/folders/b.ts'],
  ['feature-order-folders', 'src/folders/a.ts', 'src/auth/b.ts'],
  ['feature-order-files', 'src/files/a.ts', 'src/shares/b.ts'],
  ['feature-order-shares', 'src/shares/a.ts', 'src/trash/b.ts'],
  ['feature-order-trash', 'src/trash/a.ts', 'src/locks/b.ts'],
  ['feature-order-locks', 'src/locks/a.ts', 'src/account/b.ts'],
  ['feature-order-stats', 'src/stats/a.ts', 'src/locks/b.ts'],
  ['controllers-translate-only', 'src/files/a.controller.ts', 'src/files/b.repository.ts'],
  ['controllers-translate-only', 'src/files/c.controller.ts', 'src/files/b.entity.ts'],
  ['commands-translate-only', 'src/cli/a.command.ts', 'src/users/b.repository.ts'],
  ['commands-translate-only', 'src/cli/b.command.ts', 'src/start.ts'],
  ['nobody-imports-the-command', 'src/users/d.ts', 'src/cli/c.ts'],
  ['repositories-fetch-only', 'src/files/a.repository.ts', 'src/files/b.service.ts'],
  ['crypto-is-pure', 'src/platform/crypto/a.ts', '@nestjs/common'],
  ['crypto-is-pure', 'src/platform/crypto/c.ts', 'typeorm'],
  ['src-imports-no-test-or-web', 'src/users/c.ts', 'test/support/b.ts'],
  ['migrations-stand-alone', 'migrations/a.ts', 'src/users/b.ts'],
  ['bench-is-a-client', 'bench/a.mjs', 'src/users/b.ts'],
  ['client-stands-alone', 'client/a.ts', 'src/users/b.ts'],
  ['client-stands-alone', 'client/b.ts', 'test/support/b.ts'],
  ['client-stands-alone', 'client/d.ts', 'uuid'],
  ['client-stands-alone', 'client/e.ts', 'node:fs'],
  ['server-needs-no-client', 'src/users/e.ts', 'client/f.ts'],
  ['server-needs-no-client', 'bench/e.mjs', 'client/f.ts'],
  ['no-unresolvable', 'src/auth/c.ts', 'src/auth/not-there.ts'],
  ['no-dev-dependency-in-src', 'src/auth/d.ts', 'supertest'],
  ['no-circular', 'src/auth/e.ts', 'src/auth/f.ts'],
];

/** Imports that must stay possible. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['src/auth/f.ts', 'src/auth/e.ts'], // the way back of the circle, which is one violation
  ['src/files/g.ts', 'src/folders/b.ts'],
  ['src/files/h.service.ts', 'src/files/b.repository.ts'],
  ['src/account/g.ts', 'src/locks/b.ts'],
  ['src/stats/g.ts', 'src/shares/b.ts'],
  ['src/cli/g.command.ts', 'src/account/b.ts'],
  ['src/vault/g.ts', 'src/platform/blobs/b.ts'],
  ['src/platform/health/g.ts', 'src/platform/blobs/b.ts'],
  ['src/platform/http/g.spec.ts', 'test/support/b.ts'],
  ['test/e2e/g.ts', 'src/users/b.ts'],
  ['test/e2e/h.ts', 'client/f.ts'],
  ['client/g.ts', 'client/f.ts'],
];

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}

let tree: string;
let found: Violation[];

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'photovault-imports-'));
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
    copyFileSync(join(ROOT, file), join(tree, file));
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const imports = [...FORBIDDEN.map(([, from, to]) => [from, to] as const), ...ALLOWED];
  const importing = new Set(imports.map(([from]) => from));
  for (const [, to] of imports) if (/\.ts$/.test(to) && !/not-there/.test(to) && !importing.has(to)) write(to, '');
  for (const [from, to] of imports) write(from, `import '${specifier(from, to)}';\n`);
  found = await cruise();
});
afterAll(() => rmSync(tree, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(join(tree, dirname(file)), { recursive: true });
  writeFileSync(join(tree, file), `${text}export {};\n`);
}

/** As it would be written: without extension where the resolver finds it, by its name for a package. */
function specifier(from: string, to: string): string {
  if (!to.endsWith('.ts')) return to;
  return `${'../'.repeat(from.split('/').length - 1)}${from.endsWith('.ts') ? to.replace(/\.ts$/, '') : to}`;
}

async function cruise(): Promise<Violation[]> {
  const args = [CRUISER, 'src', 'migrations', 'test', 'bench', 'client', '--config', '.dependency-cruiser.cjs'];
  const report = await new Promise<string>((done, reject) => {
    // It exits with the number of violations, which is no failure here; without a report it is one.
    execFile(
      process.execPath,
      [...args, '--output-type', 'json'],
      { cwd: tree, maxBuffer: 2 ** 26 },
      (error, stdout) => (stdout.startsWith('{') ? done(stdout) : reject(error ?? new Error(stdout))),
    );
  });
  return (JSON.parse(report) as { summary: { violations: Violation[] } }).summary.violations;
}

describe('the import rules', () => {
  it('bite, each of them, and nothing but what they forbid', () => {
    const complaints = found.map(({ rule, from }) => `${rule.name}: ${from}`);
    expect(complaints.sort()).toEqual(FORBIDDEN.map(([rule, from]) => `${rule}: ${from}`).sort());
  });

  it('are all tried here', () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { forbidden } = require(join(ROOT, '.dependency-cruiser.cjs')) as { forbidden: { name: string }[] };
    const tried = new Set([...FORBIDDEN.map(([rule]) => rule), 'feature-order-account']); // account/ may import everything
    expect(forbidden.map(({ name }) => name).sort()).toEqual([...tried].sort());
  });
});
