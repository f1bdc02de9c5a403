import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { MEDIA_TYPES } from '../../src/platform/media/media-type';
import { VaultHome } from '../support/vault-home';

const ROOT = resolve(__dirname, '../..');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');

describe('the journey of README.md', () => {
  const blocks = Array.from(README.matchAll(/^```bash journey\n([^]*?)^```$/gm), ([, block]) => block);
  let home: VaultHome;

  beforeAll(async () => {
    home = await VaultHome.create();
  });
  afterAll(() => home.close());

  it('runs as it is written, with the PIN typed in, and ends signed out', async () => {
    expect(blocks).toHaveLength(9);
    const server = home.start();
    const shell = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', blocks.join('\n')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, VAULT: `${await server.ready()}/api/v1` },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const ended = Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
    shell.stdin.end(`${await server.stdout.pinFor('alice@example.com')}\n`);
    const [said, complaints, ending] = await ended;

    expect(complaints).toBe('');
    expect(ending).toEqual([0, null]);
    const [pin, duplicate, list, byId, byName, part, renamed, afterwards] = said
      .replace('PIN: ', 'PIN: \n')
      .split('\n');
    expect(pin).toBe('PIN: ');
    expect(JSON.parse(duplicate ?? '')).toMatchObject({
      status: 'duplicate',
      name: 'sunset.jpg',
      takenAt: '2026-08-02T17:21:09.000Z',
    });
    expect(JSON.parse(list ?? '')).toMatchObject({ items: [{ name: 'sunset.jpg' }], nextCursor: null });
    expect([byId, byName]).toEqual(['the same by id', 'the same by name']);
    expect(part?.trim()).toBe('100');
    expect(JSON.parse(renamed ?? '')).toMatchObject({ name: 'evening.jpg' });
    expect(JSON.parse(afterwards ?? '')).toMatchObject({ code: 'AUTH.SESSION_REQUIRED' });
  }, 60_000);
});

it('README.md lists exactly the media types that can be stored', () => {
  const [list = ''] = /<!-- types:begin -->[^]*<!-- types:end -->/.exec(README) ?? [];
  expect(Array.from(list.matchAll(/`([^`]+)`/g), ([, type]) => type)).toEqual([...MEDIA_TYPES]);
});
