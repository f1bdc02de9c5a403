import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '../../src/platform/database/open-database';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { insertManyKeys } from '../support/many-keys';
import { jpeg } from '../support/photos';
import { WITHOUT_LIMITS } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The master key is rotated by the built command while two built servers serve and people sign up; the command dies halfway.

jest.setTimeout(240_000);

/** People without files, so that halfway is somewhere. */
const CROWD = 600;

interface Person {
  readonly client: VaultClient;
  readonly fileId: string;
  readonly photo: Buffer;
}

let database: TestDatabase;
let home: VaultHome;
let env: NodeJS.ProcessEnv;
const people: Person[] = [];
const keyFile = () => join(home.dataDir, 'master.key');

beforeAll(async () => {
  database = await createTestDatabase('empty');
  env = { ...WITHOUT_LIMITS, DB_URL: database.url };
  home = await VaultHome.create(env);
});
afterAll(async () => {
  await home.close();
  await database.drop();
});

const keys = (...args: string[]) => startCommand(home, ['keys', ...args, '--json'], { env });

async function keysResult(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await keys(...args).outcome;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function usersUnder(kid: number): Promise<number> {
  const [row] = await home.query<{ n: number }>('SELECT count(*)::int AS n FROM user_keys WHERE kid = $1', [kid]);
  return row?.n ?? 0;
}

async function newPerson(server: VaultProcess): Promise<void> {
  const n = people.length;
  const client = await server.signUp(`person${n}-${server.pid}@example.com`);
  const photo = jpeg(20_000, client.email);
  const { status, body } = await client.put('photo.jpg', photo);
  expect(status).toBe(201);
  people.push({ client, fileId: body.id, photo });
}

async function expectAllToOpen(server: VaultProcess): Promise<void> {
  for (const { client, fileId, photo } of people) {
    const here = await server.clientOf(client);
    expect((await here.content(fileId)).bytes.equals(photo)).toBe(true);
    expect((await here.request('GET', '/users/me')).body.email).toBe(client.email);
  }
}

it('a rotation under two servers, killed at one half, goes on to the end; no file of anybody is lost on the way', async () => {
  let servers = [home.start(), home.start()];
  for (const server of [...servers, ...servers, ...servers]) await newPerson(server);
  const oldFile = readFileSync(keyFile(), 'utf8');
  const [, base64 = ''] = /^1 (\S+)$/m.exec(oldFile) ?? [];
  await insertManyKeys((sql, values) => home.query(sql, values), { kid: 1, key: Buffer.from(base64, 'base64') }, CROWD);

  let going = true;
  const signingUp = servers.map(async (server) => {
    for (; going; await delay(50)) await newPerson(server);
  });

  // Every second row is held, so that the command comes to one half, and waits there for its end.
  await withClient(database.url, async (client) => {
    await client.query('BEGIN');
    await client.query(
      `SELECT FROM user_keys WHERE user_id IN
         (SELECT user_id FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) AS n FROM user_keys) AS rows WHERE n % 2 = 0)
          FOR UPDATE`,
    );
    const command = keys('rotate');
    await eventually('the rotation is at one half', async () => (await usersUnder(2)) >= CROWD / 2, 60_000);
    await delay(300);
    command.child.kill('SIGKILL');
    expect(await command.outcome).toMatchObject({ stdout: '' });
    await client.query('COMMIT');
  });
  const left = await usersUnder(1);
  expect(left).toBeGreaterThanOrEqual(CROWD / 2);

  // A process that is started now knows both keys and has nothing in memory; one that was there has to look into the file again.
  expect(await keysResult('status')).toMatchObject({ inFile: [1, 2], current: 2, stage: 'rotating', retirable: [] });
  const third = home.start();
  await expectAllToOpen(third);
  await third.end('SIGTERM');
  const before = people.length;
  await eventually('people go on signing up', () => people.length > before + 3);
  expect(await usersUnder(1)).toBe(left);

  expect(await keysResult('rotate')).toEqual({ kid: 2, how: 'resumed', userKeys: left, damaged: [] });
  expect(await usersUnder(1)).toBe(0);
  expect(await keysResult('retire')).toEqual({ retired: [1] });
  const afterRetiring = people.length;
  await eventually('people go on signing up', () => people.length > afterRetiring + 3);
  going = false;
  await Promise.all(signingUp);

  expect(await usersUnder(1)).toBe(0);
  for (const server of servers) {
    await expectAllToOpen(server);
    expect(server.messages.filter((line) => /master key file again/.test(line))).toHaveLength(1);
    expect(server.stdout.text).not.toContain('"level":50');
  }
  await Promise.all(servers.map((server) => server.end('SIGTERM')));
  servers = [home.start(), home.start()];
  for (const server of servers) await expectAllToOpen(server);
  await Promise.all(servers.map((server) => server.end('SIGTERM')));

  // With the old key alone no server starts, and none changes anything.
  const newFile = readFileSync(keyFile(), 'utf8');
  expect(newFile).not.toContain(base64);
  renameSync(keyFile(), `${keyFile()}.kept`);
  writeFileSync(keyFile(), oldFile, { mode: 0o400 });
  const [dump, files] = [await home.dump(), home.files()];
  const refused = home.start();
  expect(await refused.ending()).toEqual({ code: 78, signal: null });
  expect(refused.messages).toEqual([expect.stringContaining('does not hold key 2, which the database uses')]);
  expect(await home.dump()).toBe(dump);
  expect(home.files()).toEqual(files);
  expect(readFileSync(keyFile(), 'utf8')).toBe(oldFile);
});
