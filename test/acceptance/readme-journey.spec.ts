import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { MEDIA_TYPES } from '../../src/platform/media/media-type';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

const ROOT = resolve(__dirname, '../..');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');

describe('a person who follows README.md', () => {
  const blocks = Array.from(README.matchAll(/^```bash journey\n([^]*?)^```$/gm), ([, block]) => block);
  const [, script = ''] = /<!-- script:begin -->\n\n```bash\n([^]*?)^```$/m.exec(README) ?? [];
  let home: VaultHome;
  let server: VaultProcess;

  beforeAll(async () => {
    home = await VaultHome.create();
    server = home.start();
  });
  afterAll(() => home.close());

  /** Runs a script in the shell, with the PIN that is mailed meanwhile typed in. @returns what it has said */
  async function type(commands: string): Promise<string> {
    const shell = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', commands], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, VAULT: `${await server.ready()}/api/v1` },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const ended = Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
    shell.stdin.end(`${await server.stdout.pinFor('alice@example.com')}\n`);
    const [said, complaints, ending] = await ended;
    expect(complaints).toBe('');
    expect(ending).toEqual([0, null]);
    return said;
  }

  it('makes the whole journey as it is written, and ends signed out', async () => {
    expect(blocks).toHaveLength(11);
    const said = await type(blocks.join('\n'));
    const [pin, duplicate, list, byId, byName, part, ...more] = said.replace('PIN: ', 'PIN: \n').split('\n');
    const [moved, code, shut, unlocked, same, renamed, afterwards] = more;
    expect(pin).toBe('PIN: ');
    expect(JSON.parse(duplicate ?? '')).toMatchObject({
      status: 'duplicate',
      name: 'sunset.jpg',
      takenAt: '2026-08-02T17:21:09.000Z',
    });
    expect(JSON.parse(list ?? '')).toMatchObject({ items: [{ name: 'sunset.jpg' }], nextCursor: null });
    expect([byId, byName]).toEqual(['the same by id', 'the same by name']);
    expect(part?.trim()).toBe('100');
    const { folderId } = JSON.parse(moved ?? '') as { folderId: string };
    expect(folderId).not.toBe((JSON.parse(list ?? '') as { items: { folderId: string }[] }).items[0]?.folderId);
    expect(JSON.parse(code ?? '')).toEqual({ recoveryCode: expect.stringMatching(/^(\w{4}-){13}\w{4}$/) as string });
    expect(JSON.parse(shut ?? '')).toMatchObject({ status: 423, code: 'FOLDER.LOCKED' });
    expect(JSON.parse(unlocked ?? '')).toEqual({ unlockedUntil: expect.any(String) as string });
    expect(same).toBe('unlocked, and the same');
    expect(JSON.parse(renamed ?? '')).toMatchObject({ name: 'evening.jpg' });
    expect(JSON.parse(afterwards ?? '')).toMatchObject({ code: 'AUTH.SESSION_REQUIRED' });
  }, 60_000);

  it('signs in from a script with its five lines', async () => {
    expect(script.trimEnd().split('\n')).toHaveLength(5);
    const said = await type(script.replace('http://localhost:3000', await server.ready()));
    expect(JSON.parse(said.replace('PIN: ', ''))).toMatchObject({ email: 'alice@example.com' });
  }, 60_000);

  it.each([
    ['the API document', 'docs/openapi.json', 'info'],
    ['the Postman collection', 'postman/photovault.postman_collection.json', 'info'],
  ])('finds these five lines in %s as well', (_name, file, part) => {
    const document = JSON.parse(readFileSync(resolve(ROOT, file), 'utf8')) as Record<string, { description: string }>;
    expect(document[part]?.description).toContain(script);
  });
});

it('README.md lists exactly the media types that can be stored', () => {
  const [list = ''] = /<!-- types:begin -->[^]*<!-- types:end -->/.exec(README) ?? [];
  expect(Array.from(list.matchAll(/`([^`]+)`/g), ([, type]) => type)).toEqual([...MEDIA_TYPES]);
});
