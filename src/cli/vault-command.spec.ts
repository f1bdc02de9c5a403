import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runVaultCommand } from './vault-command';

let home: string;
let said: { stdout: string; stderr: string };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'photovault-command-'));
  said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    jest.spyOn(process[stream], 'write').mockImplementation((text) => Boolean((said[stream] += String(text))));
  }
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(home, { recursive: true });
});

async function vault(line: string, env: NodeJS.ProcessEnv = {}): Promise<number> {
  return runVaultCommand(
    line.split(' ').filter((word) => word !== ''),
    { DATA_DIR: join(home, 'data'), ...env },
  );
}

describe('the vault command', () => {
  it.each([
    '--help',
    ...[
      'users',
      'users add',
      'users list',
      'users disable',
      'users delete',
      'sessions',
      'keys',
      'keys status',
      'keys restore',
      'stats',
    ].map((command) => `${command} --help`),
    'users add -h',
  ])('helps without looking at any setting: %s', async (line) => {
    expect(await vault(line, { PORT: 'eighty' })).toBe(0);
    expect(said.stdout).toMatch(/^Usage: vault /);
    expect(said.stderr).toBe('');
  });

  it.each([
    '',
    ...['users add', 'users list', 'users set-email', 'users disable', 'users enable', 'users delete'],
    ...['sessions list', 'sessions revoke', 'stats'],
    ...['keys status', 'keys rotate', 'keys retire', 'keys backup', 'keys restore'],
    'fsck',
    'migrate',
  ])('gives examples: %s --help', async (command) => {
    await vault(`${command} --help`);
    expect(said.stdout).toContain(`\nExamples:\n  vault ${command || 'users'} `.trimEnd());
  });

  it('says what its exit codes mean', async () => {
    await vault('--help');
    expect(said.stdout).toContain('Exit codes: 0 done, 1 failed or problems found, 2 not understood, 78 ');
  });

  it.each([
    'user',
    'users ad',
    'users add',
    'users add a@example.com b@example.com',
    'users add a@example.com --jsn',
    'users add alice',
    'users add alice@',
    'users add alice@localhost',
    'users add alice@exam_ple.com',
    'users add "a\u0007b"@example.com',
    `users add ${'a'.repeat(250)}@example.com`,
    'users list all',
    'users set-email a@example.com',
    'users set-email a@example.com nowhere',
    'users disable',
    'users enable a@example.com b@example.com',
    'sessions list',
    'sessions revoke a@example.com --session nonsense',
    'sessions revoke a@example.com --session 019ab0c4-71d0-7b8a-a2c4-6d5e4f3a2b1c --devices',
    'stats all',
    'users delete',
    'users delete alice --yes',
    'keys rotate now',
    'fsck --repair',
    'fsck everything',
    'keys restore',
    'keys restore --from-sheet',
    '--version',
  ])('ends with 2 and a sentence when it is not understood: %j', async (line) => {
    expect(await vault(line)).toBe(2);
    expect(said.stderr).toMatch(/^vault: [^]*\nAdd --help to see what there is\.\n$/);
    expect(said.stdout).toBe('');
    expect(existsSync(join(home, 'data'))).toBe(false);
  });

  it.each(['', 'users', 'sessions', 'keys'])(
    'shows on stderr what there is when nothing was asked for: %j',
    async (line) => {
      expect(await vault(line)).toBe(2);
      expect(said.stderr).toMatch(/^Usage: vault /);
      expect(said.stdout).toBe('');
    },
  );

  it('ends with 78 when settings are bad: all of them are named, and no value is repeated', async () => {
    const env = { PORT: 'eighty', DB_URL: 'mysql://vault:hunter2@localhost/vault', LOG_LEVEL: 'loud' };
    expect(await vault('users list', env)).toBe(78);
    for (const name of Object.keys(env)) expect(said.stderr).toContain(`- ${name} must be`);
    expect(said.stderr).toMatch(/^vault: The configuration is not usable:\n/);
    expect(said.stderr).not.toMatch(/hunter2|eighty|loud/);
    expect(existsSync(join(home, 'data'))).toBe(false);
  });
});
