import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { folder, lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { jpeg, jpegBlocks } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { haltedHalfway, send } from '../support/transfers';
import type { FileBody, VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

jest.setTimeout(180_000);

describe('two processes', () => {
  let database: TestDatabase;
  let home: VaultHome;
  let [alice, aliceAtB]: VaultClient[] = [];
  let names = 0;

  beforeAll(async () => {
    database = await createTestDatabase('migrated');
    home = await VaultHome.create({ DB_URL: database.url });
    const [a, b] = [home.start(), home.start()];
    alice = await a.signUp('alice@example.com');
    aliceAtB = await b.clientOf(alice);
  });
  afterAll(async () => {
    await home.close();
    await database.drop();
  });

  it('know of each other’s locks, grants and passwords at once', async () => {
    const id = await newFolder(alice, `folder ${++names}`);
    const file = await putInto(alice, id, 'here.jpg', jpeg(5000, names));
    const atB = () => outcome(aliceAtB.content(file.id));
    for (let used = 0; used < 5; used++) expect(await atB()).toBe('200');
    await lock(alice, id);
    expect(await atB()).toBe('423 FOLDER.LOCKED');
    await unlock(alice, id);
    // The grant is in the database, sealed; the token that opens it comes with each request.
    expect(await atB()).toBe('200');
    await alice.request('POST', `/folders/${id}/relock`);
    expect(await atB()).toBe('423 FOLDER.LOCKED');
    await unlock(aliceAtB, id);
    const change = { currentPassword: PASSWORD, newPassword: 'another good one', rekey: true };
    expect(await outcome(alice.request('PATCH', `/folders/${id}/lock`, { json: change }))).toBe('200');
    expect(await atB()).toBe('423 FOLDER.LOCKED');
    expect(await outcome(unlock(aliceAtB, id))).toBe('403 FOLDER.WRONG_PASSWORD');
    expect(await outcome(unlock(aliceAtB, id, 'another good one'))).toBe('200');
    expect((await alice.content(file.id)).bytes.equals(jpeg(5000, names))).toBe(true);
    expect(await outcome(alice.request('DELETE', `/folders/${id}/lock`))).toBe('204');
    expect(await atB()).toBe('200');
  });

  it.each(['PUT', 'POST'] as const)(
    'refuse an upload (%s) into a folder that is locked at the other while its bytes come, and keep nothing of it',
    async (method) => {
      const id = await newFolder(alice, `folder ${++names}`);
      await putInto(alice, id, 'before.jpg', jpeg(1000, names));
      let goOn = (): void => undefined;
      const halfway = new Promise<void>((resolve) => (goOn = resolve));
      const blocks = [...jpegBlocks(3_000_000, `in flight ${method}`)];
      const form = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'));
      const part = `--xx\nContent-Disposition: form-data; name="folderId"\n\n${id}\n--xx\nContent-Disposition: form-data; name="file"; filename="late.jpg"\n\n`;
      const upload =
        method === 'PUT'
          ? send(aliceAtB, 'PUT', `/files/by-name/late.jpg?folderId=${id}`, haltedHalfway(blocks, halfway))
          : send(aliceAtB, 'POST', '/files', haltedHalfway([form(part), ...blocks, form('\n--xx--\n')], halfway), {
              'content-type': 'multipart/form-data; boundary=xx',
            });
      await eventually('bytes come', async () => {
        const [row] = await home.query<{ n: number }>(`SELECT count(*)::int AS n FROM blobs WHERE state = 'pending'`);
        return row?.n === 1;
      });
      await lock(alice, id);
      goOn();
      const { status, body } = await upload;
      expect([status, body.code]).toEqual([423, 'FOLDER.LOCKED']);
      await eventually('nothing of it is left', async () => {
        const [row] = await home.query<{ n: number }>(`SELECT count(*)::int AS n FROM blobs WHERE state <> 'ready'`);
        return row?.n === 0;
      });
      expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
      expect((await folder(alice, id)).fileCount).toBe(1);
    },
  );

  it('lock a folder into which both upload, in which both rename: what was answered holds, and everything opens', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await newFolder(alice, `folder ${++names}`);
      const there = await Promise.all(
        Array.from({ length: 10 }, (_, n) => putInto(alice, id, `there ${n}.jpg`, jpeg(2000, `${names} there ${n}`))),
      );
      const uploads = Array.from({ length: 16 }, (_, n) =>
        (n % 2 ? alice : aliceAtB).put(`new ${n}.jpg`, jpeg(20_000, `${names} new ${n}`), { query: `?folderId=${id}` }),
      );
      const renames = there.map(({ id: file }, n) =>
        outcome((n % 2 ? alice : aliceAtB).request('PATCH', `/files/${file}`, { json: { name: `renamed ${n}.jpg` } })),
      );
      await delay(Math.random() * 60);
      await lock(alice, id);
      const [answers, renamed] = [await Promise.all(uploads), await Promise.all(renames)];
      expect(answers.filter(({ status }) => status !== 201 && status !== 423)).toEqual([]);
      expect(
        renamed.filter((each) => !['200', '423 FOLDER.LOCKED', '409 FILE.CHANGED_MEANWHILE'].includes(each)),
      ).toEqual([]);
      await unlock(aliceAtB, id);
      const { body } = await aliceAtB.list(`?folderId=${id}&limit=100`);
      const created = answers.filter(({ status }) => status === 201);
      expect(body.items).toHaveLength(10 + created.length);
      for (const [n, { id: file }] of there.entries()) {
        const name = body.items.find((item) => item.id === file)?.name;
        // A rename that was refused may have been written before the lock took its row: it is one of the two, never a third.
        if (renamed[n] === '200') expect(name).toBe(`renamed ${n}.jpg`);
        expect([`there ${n}.jpg`, `renamed ${n}.jpg`]).toContain(name);
      }
      for (const { body: file } of created) {
        expect((await aliceAtB.content(file.id)).status).toBe(200);
      }
    }
  });
});

describe('a crash in the middle of a lock', () => {
  const FILES = 2000;
  let vault: TestApp;
  let alice: VaultClient;
  let id: string;
  let expected: string[];

  beforeAll(async () => {
    vault = await startTestApp();
    alice = await vault.signUp('alice@example.com');
    id = await newFolder(alice, 'many');
    expected = await insertManyFiles(vault, alice, id, FILES);
  });
  afterAll(() => vault.close());

  /** Every name in the folder, whichever way it is just now. */
  async function allNames(): Promise<string[]> {
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = `?folderId=${id}&order=created&limit=200${cursor && `&cursor=${cursor}`}`;
      const { body }: { body: { items: FileBody[]; nextCursor: string | null } } = await alice.list(query);
      found.push(...body.items.map(({ name }) => name));
      cursor = body.nextCursor;
    }
    return found.sort();
  }

  it('leaves the folder wholly open or wholly locked, and every file in it (6 crashes)', async () => {
    const seen = new Set<string>();
    let took = 1500;
    for (let round = 0; round < 6; round++) {
      const password = `good password ${round}`;
      const server = new VaultProcess({
        cwd: vault.dataDir,
        env: { DATA_DIR: vault.dataDir, DB_URL: vault.database.url, LOG_LEVEL: 'info' },
      });
      const doomed = await server.clientOf(alice);
      const began = Date.now();
      const locking = doomed.request('PUT', `/folders/${id}/lock`, { json: { password } }).then(
        ({ status }) => (took = Date.now() - began) && status,
        () => null,
      );
      // Twice right at the end, else anywhere.
      if (round % 3 === 2) await locking;
      else await delay(Math.random() * took * 1.1);
      await server.end('SIGKILL');
      const answered = await locking;

      const { locked, fileCount } = await folder(alice, id);
      seen.add(locked ? 'locked' : 'open');
      expect(fileCount).toBe(FILES);
      if (answered === 200) expect(locked).toBe(true);
      if (locked) {
        expect(await outcome(unlock(alice, id, password))).toBe('200');
        expect(await allNames()).toEqual(expected);
        expect(await outcome(alice.request('DELETE', `/folders/${id}/lock`))).toBe('204');
      }
      expect(await allNames()).toEqual(expected);
    }
    expect([...seen].sort()).toEqual(['locked', 'open']);
  });
});
