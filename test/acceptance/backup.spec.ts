import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Ledger } from '../support/ledger';
import { debianPostgres, OwnPostgres } from '../support/own-postgres';
import { jpeg } from '../support/photos';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import { eventually } from '../support/waiting';

// Backup and restore exactly as docs/operations.md prints them: its blocks run in a shell, on vaults of the built server.

const ROOT = resolve(__dirname, '../..');
const DOCUMENT = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const LANES = 4;
/** Photos that are there before a backup begins, half of which are purged in the middle of it. */
const OLD = 40;

jest.setTimeout(240_000);

let home: VaultHome;
/** Where a backup goes, and where its restore stands. */
let place: (name: string) => string;

beforeEach(async () => {
  home = await VaultHome.create({ TRASH_DAYS: '1' });
  place = (name) => join(home.directory, name);
  mkdirSync(place('backup'));
});
afterEach(() => home.close());

/** Runs a block of the document. @param env beside where everything is */
async function run(block: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const [, commands] = new RegExp(`^\`\`\`bash ${block}\\n([^]*?)^\`\`\`$`, 'm').exec(DOCUMENT) ?? [];
  if (commands === undefined) throw new Error(`docs/operations.md has no block ${block}`);
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', commands], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      DATA_DIR: home.dataDir,
      BACKUP: place('backup'),
      KEY_BACKUP: place('master.key'),
      RESTORED: place('restored'),
      ...env,
    },
  });
  return stdout;
}

/** Photos of one person, each of them written down. */
async function store(alice: VaultClient, ledger: Ledger, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const photo = jpeg(30_000 + n, n);
    expect((await ledger.record(`${n}.jpg`, photo, () => alice.put(`${n}.jpg`, photo)))?.status).toBe(201);
  }
}

describe('with the embedded database', () => {
  it('a stopped copy holds everything, opens beside the vault that goes on, and has no key in it', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const ledger = new Ledger();
    await store(alice, ledger, 0, 20);
    copyFileSync(join(home.dataDir, 'master.key'), place('master.key'));
    await server.end('SIGTERM');
    await run('backup-embedded');
    const listed = spawnSync('tar', ['-tf', join(place('backup'), 'photovault.tar')], { encoding: 'utf8' }).stdout;
    expect(listed).toContain('./postgres/PG_VERSION');
    expect(listed).not.toContain('master.key');

    // The vault goes on; what it takes now is not in the copy.
    const later = await home.start().clientOf(alice);
    await store(later, new Ledger(), 20, 25);
    expect(await run('restore-embedded')).toMatch(/^Checked objects: 20, bytes: \d+\. Problems: 0\.$/m);
    const restored = home.start({ DATA_DIR: place('restored') });
    await ledger.audit(await restored.clientOf(alice));
    await restored.end('SIGTERM');
  });
});

const bin = debianPostgres();
const reason = bin === null ? 'there is no PostgreSQL of Debian' : spawnSync('rsync', ['--version']).error?.message;
if (reason)
  process.stderr.write(
    `\nNOT RUN: the backup of a vault that runs, because ${reason}. Install postgresql and rsync.\n\n`,
  );

(reason ? describe.skip : describe)('with DB_URL', () => {
  let postgres: OwnPostgres;

  beforeEach(async () => {
    postgres = await OwnPostgres.createFrom(bin ?? '');
    await home.close();
    home = await VaultHome.create({ DB_URL: postgres.url });
    mkdirSync(place('backup'));
  });
  afterEach(() => postgres.remove());

  it('a backup under load loses no photo that was answered before its dump, also while others are purged', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const old = new Ledger();
    await store(alice, old, 0, OLD);
    const ids = (await alice.list('?limit=200')).body.items.map(({ id }) => id);
    copyFileSync(join(home.dataDir, 'master.key'), place('master.key'));

    /** What was answered before pg_dump began, and what came later or got lost on the way. */
    let answered: { name: string; photo: Buffer; id: string }[] = [];
    const all: typeof answered = [];
    let stop = false;
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let n = 0; !stop; n++) {
        const name = `load-${lane}-${n}.jpg`;
        const photo = jpeg(50_000 + 1000 * lane + n, name);
        const { status, body } = await alice.put(name, photo);
        expect(status).toBe(201);
        all.push({ name, photo, id: body.id });
      }
    });
    try {
      await eventually('uploads are under way', () => all.length > 2 * LANES);
      const dumped = stopAt('pg_dump');
      const backup = run('backup-live', { DB_URL: postgres.url, PATH: `${dumped.directory}:${process.env.PATH}` });
      await eventually('the dump is about to begin', () => existsSync(dumped.before));
      answered = [...all];
      dumped.begin();
      await eventually('the dump is done', () => existsSync(dumped.after), 60_000);
      // What the dump knows goes for good before the blobs are copied the second time.
      const purged = ids.slice(0, OLD / 2);
      for (const id of purged) {
        expect((await alice.request('DELETE', `/files/${id}`)).status).toBe(204);
        expect((await alice.request('DELETE', `/trash/${id}`)).status).toBe(204);
      }
      await eventually('their bytes are gone', async () => {
        return (await home.query("SELECT FROM blobs WHERE state = 'deleting'")).length === 0;
      }, 90_000); // prettier-ignore
      dumped.end();
      await backup;
    } finally {
      stop = true;
      await Promise.all(lanes);
    }
    expect(answered.length).toBeGreaterThan(0);
    expect(all.length).toBeGreaterThan(answered.length);

    const url = await postgres.createDatabase('restored');
    expect(await run('restore-live', { RESTORED_DB_URL: url })).toMatch(
      /^Checked objects: \d+, bytes: \d+\. Problems: 0\.$/m,
    );
    const restored = home.start({ DATA_DIR: place('restored'), DB_URL: url });
    const again = await restored.clientOf(alice);
    for (const { name, photo, id } of answered) {
      const { status, bytes } = await again.content(id);
      expect({ name, status, same: bytes.equals(photo) }).toEqual({ name, status: 200, same: true });
    }
    // Old ones too, purged or not: the dump is of before.
    for (const id of ids) expect((await again.content(id)).status).toBe(200);
    await restored.end('SIGTERM');
  });

  it('a start on blobs without their dump is refused, and one without the key; both change nothing', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    await store(alice, new Ledger(), 0, 3);
    await server.end('SIGTERM');
    const empty = home.start({ DB_URL: await postgres.createDatabase('empty') });
    expect(await empty.ending()).toEqual({ code: 78, signal: null });
    expect(empty.stdout.text).toContain('Restore that database');
    const keyless = home.start({ VAULT_MASTER_KEY_FILE: place('nowhere.key') });
    expect(await keyless.ending()).toEqual({ code: 78, signal: null });
    expect(home.objects()).toHaveLength(3);
    expect(existsSync(place('nowhere.key'))).toBe(false);
  });

  /** A program of this name that waits before and after the real one, so that the test can act in between. */
  function stopAt(program: string): {
    directory: string;
    before: string;
    after: string;
    begin: () => void;
    end: () => void;
  } {
    const real = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
    const [directory, at] = [place('programs'), (name: string) => place(`programs/${name}`)];
    mkdirSync(directory);
    const lines = [
      '#!/bin/sh',
      `touch '${at('before')}'`,
      `while [ ! -e '${at('begin')}' ]; do sleep 0.05; done`,
      `'${real}' "$@" || exit`,
      `touch '${at('after')}'`,
      `while [ ! -e '${at('end')}' ]; do sleep 0.05; done`,
    ];
    writeFileSync(at(program), `${lines.join('\n')}\n`, { mode: 0o755 });
    const say = (name: string) => (): void => writeFileSync(at(name), '');
    return { directory, before: at('before'), after: at('after'), begin: say('begin'), end: say('end') };
  }
});
