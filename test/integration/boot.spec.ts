import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { jpeg } from '../support/photos';
import { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';

// The built server, as `npm start` runs it. A start that cannot succeed ends with 78 (EX_CONFIG of sysexits.h).

let database: TestDatabase;
let home: VaultHome;

beforeEach(async () => {
  database = await createTestDatabase('empty');
  home = await VaultHome.create({ DB_URL: database.url });
});
afterEach(async () => {
  await home.close();
  await database.drop();
});

const keyFile = () => join(home.dataDir, 'master.key');

/** Everything in DATA_DIR: path → permissions, time and content. */
function directory(): Map<string, string> {
  const entries = readdirSync(home.directory, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name);
        const { mode, mtimeMs } = statSync(path);
        const content = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
        return [path, `${mode.toString(8)} ${mtimeMs} ${content}`];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Every row of every table, and what the schema is made of. */
async function dump(): Promise<unknown> {
  const tables = await database.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  const rows = tables.map(async ({ name }) => [
    name,
    await database.query(`SELECT xmin::text, t::text AS row FROM ${name} AS t ORDER BY 2`),
  ]);
  const columns = await database.query(
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
  );
  return { rows: await Promise.all(rows), columns };
}

/** Starts a server that must refuse to run, and must have changed nothing. @returns the one line that it has to say */
async function refusal(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const before = [directory(), await dump()];
  const process = home.start(env);
  expect(await process.ending()).toEqual({ code: 78, signal: null });
  expect([directory(), await dump()]).toEqual(before);
  expect(process.stderr.text).toBe('');
  expect(process.messages).toHaveLength(1);
  expect(process.stdout.text).not.toMatch(/"stack"|\bat \S+ \(/);
  return process.messages[0] ?? '';
}

/** A vault with a person and a photo, stopped. @returns the person's client */
async function usedVault(): Promise<{ alice: VaultClient; fileId: string }> {
  const process = home.start();
  const alice = await process.signUp('alice@example.com');
  const { body } = await alice.put('photo.jpg', jpeg(5000));
  expect(await process.end('SIGTERM')).toEqual({ code: 0, signal: null });
  return { alice, fileId: body.id };
}

describe('the first start', () => {
  it('makes the master key, readable by its owner alone, and says so in one loud line', async () => {
    const first = home.start();
    await first.ready();
    expect(statSync(keyFile()).mode & 0o777).toBe(0o400);
    expect(statSync(home.dataDir).mode & 0o777).toBe(0o700);
    const loud = first.stdout.lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 40);
    expect(loud).toHaveLength(1);
    expect(loud[0]).toContain(`NEW MASTER KEY in ${keyFile()}: BACK IT UP NOW`);
    const key = /^1 (\S+)$/m.exec(readFileSync(keyFile(), 'utf8'))?.[1] ?? '';
    expect(key).toHaveLength(44);
    expect(first.stdout.text).not.toContain(key);
    await first.end('SIGTERM');

    const second = home.start();
    await second.ready();
    expect(second.stdout.text).not.toContain('NEW MASTER KEY');
  });

  it('says where it listens and where PINs go, in the words of the README', async () => {
    const process = home.start();
    const url = await process.ready();
    expect((await new VaultClient(url).request('GET', '//health/ready')).body).toEqual({ status: 'ready' });
    expect(process.messages.join('\n')).toContain('API documents at /docs');
    expect(process.messages.join('\n')).toContain('PINs go to this log');
  });

  it.each([1, 2])('of three processes at once makes one vault (round %i)', async () => {
    const processes = [home.start(), home.start(), home.start()];
    const urls = await Promise.all(processes.map((process) => process.ready()));
    expect(new Set(urls).size).toBe(3);
    expect(readdirSync(home.dataDir).filter((name) => name.startsWith('master.key'))).toEqual(['master.key']);
    expect(await database.query('SELECT purpose FROM server_secrets')).toHaveLength(4);
    expect(await database.query('SELECT FROM migrations')).not.toEqual([]);

    const people = await Promise.all(processes.map((process, i) => process.signUp(`person${i}@example.com`)));
    const alice = people[0] ?? new VaultClient('');
    const photo = jpeg(50_000);
    const { body } = await alice.put('photo.jpg', photo);
    for (const process of processes) {
      const there = await process.clientOf(alice);
      expect((await there.content(body.id)).bytes.equals(photo)).toBe(true);
    }
  });
});

describe('a start is refused, and nothing is written,', () => {
  it('when the key is missing and there is data; with the key back, everything is there', async () => {
    const { alice, fileId } = await usedVault();
    const key = readFileSync(keyFile());
    rmSync(keyFile());
    expect(await refusal()).toContain(`The master key file ${keyFile()} is missing, but the database holds data`);
    expect(readdirSync(home.dataDir)).not.toContain('master.key');

    writeFileSync(keyFile(), key, { mode: 0o400 });
    const there = await home.start().clientOf(alice);
    expect((await there.content(fileId)).bytes.equals(jpeg(5000))).toBe(true);
  });

  it('when the key is another vault’s', async () => {
    await usedVault();
    chmodSync(keyFile(), 0o600);
    writeFileSync(keyFile(), `1 ${randomBytes(32).toString('base64')}\n`);
    expect(await refusal()).toContain(`The master key file ${keyFile()} does not belong to this database`);
  });

  it('when the key file is damaged, on a new database too', async () => {
    const process = home.start();
    await process.ready();
    await process.end('SIGTERM');
    chmodSync(keyFile(), 0o600);
    const key = randomBytes(32).toString('base64');
    for (const [text, sentence] of [
      ['', 'holds no key'],
      [`1 ${key}\n1 ${key}\n`, 'is damaged'],
    ] as const) {
      writeFileSync(keyFile(), text);
      expect(await refusal()).toContain(`The master key file ${keyFile()} ${sentence}`);
    }
    const empty = await createTestDatabase('empty');
    expect(await refusal({ DB_URL: empty.url })).toMatch(/is damaged/);
    expect(await empty.query("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([]);
    await empty.drop();
  });

  it('when the database is new and the store holds another one’s objects', async () => {
    await usedVault();
    const empty = await createTestDatabase('empty');
    expect(await refusal({ DB_URL: empty.url })).toContain(
      'The database is empty, but the blob store holds objects of another one',
    );
    expect(await empty.query("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([]);
    await empty.drop();
  });

  it('when settings are wrong: all of them are named, and no value is repeated', async () => {
    await usedVault();
    // The kind of URL that Node's old parser would repeat in a warning.
    const SMTP_URL = 'smtp://user:hunter2@mail.example.com:abc';
    const sentence = await refusal({ PORT: 'hunter2', SMTP_URL, LOG_LEVEL: 'hunter2', DB_URL: 'hunter2' });
    for (const name of ['PORT', 'SMTP_URL', 'LOG_LEVEL', 'DB_URL']) expect(sentence).toContain(`\n  - ${name} must be`);
    expect(sentence).not.toContain('hunter2');
  });

  it('when the database is not there', async () => {
    await usedVault();
    const sentence = await refusal({ DB_URL: 'postgres://vault:hunter2@127.0.0.1:1/photos' });
    expect(sentence).toContain('The database of DB_URL cannot be reached');
    expect(sentence).not.toContain('hunter2');
  });

  it('when a certificate of the database is not there', async () => {
    await usedVault();
    const sentence = await refusal({
      DB_URL: 'postgres://vault:hunter2@127.0.0.1:1/photos?sslrootcert=/not/there.pem',
    });
    expect(sentence).toContain('The database of DB_URL cannot be reached');
    expect(sentence).toContain('/not/there.pem');
    expect(sentence).not.toContain('hunter2');
  });
});

describe('a start on a port that is taken', () => {
  it('ends in a sentence, and the other server goes on', async () => {
    const first = await home.start().ready();
    const { port } = new URL(first);
    const process = home.start({ PORT: port });
    expect(await process.ending()).toEqual({ code: 78, signal: null });
    expect(process.messages.at(-1)).toBe(
      `Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Choose another with HOST and PORT.`,
    );
    expect((await new VaultClient(first).request('GET', '//health/ready')).status).toBe(200);
  });
});
