import { once } from 'node:events';
import { truncate, unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { FilesService } from '../../src/files/files.service';
import { FoldersService } from '../../src/folders/folders.service';
import { readArchive, unpack } from '../support/archives';
import { lock, newFolder, PASSWORD, putInto, unlock } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { jpeg, sha256 } from '../support/photos';
import { expectProblem } from '../support/problem';
import { itWithPython } from '../support/python';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { tracesOf } from '../support/traces';
import { beginGet } from '../support/transfers';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

// An export takes hours, and the vault does not stand still meanwhile: what was laid out is sent, or the transfer breaks.

const ROUTE = '/users/me/export';
/** More than the system keeps on its way to somebody who does not read. */
const LARGE = 9_000_000;
/** Longer than it takes an export to ask again whether it may go on. */
const A_MOMENT = 1200;

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());
beforeEach(async () => {
  alice = await vault.signUp();
});

const itReadable = itWithPython('what is left in an export of a damaged vault');

const exported = (query = '', headers: Record<string, string> = {}): Promise<Answer> =>
  alice.request('GET', ROUTE + query, { headers });

/** An export that has begun, and of which nobody reads more for now. */
async function begun(query = ''): Promise<IncomingMessage> {
  const response = await beginGet(alice, ROUTE + query);
  expect(response.statusCode).toBe(200);
  await once(response, 'readable');
  return response;
}

/** Reads what is left. @returns how many bytes, or null when the transfer has broken */
async function rest(response: IncomingMessage): Promise<number | null> {
  try {
    return Buffer.concat((await response.toArray()) as Buffer[]).length;
  } catch {
    return null;
  }
}

async function largeFolder(name: string, count = 3): Promise<{ folderId: string; files: FileBody[] }> {
  const folderId = await newFolder(alice, name);
  const files: FileBody[] = [];
  for (let i = 0; i < count; i++)
    files.push(await putInto(alice, folderId, `${i}.jpg`, jpeg(LARGE, `${name} ${alice.userId} ${i}`)));
  return { folderId, files };
}

describe('an export that runs', () => {
  it('comes to its end when nothing happens, also when its reader takes a while', async () => {
    await largeFolder('quiet');
    const response = await begun();
    await delay(A_MOMENT);
    expect(await rest(response)).toBe(Number(response.headers['content-length']));
  });

  it.each<[what: string, end: (client: VaultClient) => Promise<unknown>]>([
    ['its session is signed out', (client) => client.request('DELETE', '/auth/sessions/current')],
    [
      'its session is ended elsewhere',
      (client) => vault.database.query('UPDATE sessions SET ended_at = now() WHERE user_id = $1', [client.userId]),
    ],
    [
      'its session runs out',
      (client) => vault.database.query('UPDATE sessions SET expires_at = now() WHERE user_id = $1', [client.userId]),
    ],
    [
      'its account is deleted',
      (client) => client.request('POST', '/users/me/deletion', { json: { email: client.email } }),
    ],
  ])('breaks when %s, in the middle of a file', async (_, end) => {
    await largeFolder('ended', 2);
    const response = await begun();
    await end(alice);
    await delay(A_MOMENT);
    expect(await rest(response)).toBeNull();
  });

  describe('with an unlocked folder in it', () => {
    let folderId: string;
    let other: string;

    beforeEach(async () => {
      ({ folderId } = await largeFolder('locked', 2));
      await lock(alice, folderId);
      await unlock(alice, folderId);
      ({ folderId: other } = await largeFolder('open', 1));
    });

    it.each<[what: string, end: () => Promise<unknown>]>([
      ['is locked again', () => alice.request('POST', `/folders/${folderId}/relock`)],
      [
        'runs out of its time',
        () => vault.database.query('UPDATE unlock_grants SET expires_at = now() WHERE folder_id = $1', [folderId]),
      ],
      [
        'gets another password elsewhere',
        async () => {
          const client = vault.stranger();
          await client.signIn(alice.email ?? '', 'elsewhere', (address) => vault.logs.pinFor(address));
          const json = { currentPassword: PASSWORD, newPassword: 'zebra-lantern-quartz' };
          expect((await client.request('PATCH', `/folders/${folderId}/lock`, { json })).status).toBe(204);
        },
      ],
      ['is joined by another that is locked', () => lock(alice, other)],
      // A lock ends what began before it.
      [
        'is joined by another that is locked, and unlocked at once',
        () => lock(alice, other).then(() => unlock(alice, other)),
      ],
    ])('breaks when that %s', async (_, end) => {
      const response = await begun();
      await end();
      await delay(A_MOMENT);
      expect(await rest(response)).toBeNull();
    });

    it('goes on from where it broke, when the folder is unlocked again', async () => {
      const whole = (await exported()).bytes;
      const response = await begun();
      await alice.request('POST', `/folders/${folderId}/relock`);
      await delay(A_MOMENT);
      expect(await rest(response)).toBeNull();
      await unlock(alice, folderId);
      const tail = await exported('', { range: 'bytes=5000000-', 'if-range': response.headers.etag ?? '' });
      expect([tail.status, tail.bytes.equals(whole.subarray(5_000_000))]).toEqual([206, true]);
    });

    it('goes on when it is unlocked once more meanwhile, and keeps it from being locked for want of use', async () => {
      const response = await begun();
      await unlock(alice, folderId);
      await vault.database.query(
        `UPDATE unlock_grants SET last_used_at = last_used_at - interval '10 minutes',
                idle_expires_at = idle_expires_at - interval '10 minutes'`,
      );
      await delay(A_MOMENT);
      expect(await rest(response)).toBe(Number(response.headers['content-length']));
      await eventually('its use is written down', async () => {
        const [grant] = await vault.database.query<{ age: number }>(
          'SELECT extract(epoch FROM now() - last_used_at)::float AS age FROM unlock_grants WHERE folder_id = $1',
          [folderId],
        );
        return (grant?.age ?? NaN) < 60;
      });
    });
  });

  it.each<[what: string, change: (file: FileBody) => Promise<unknown>]>([
    ['trashed', ({ id }) => alice.request('DELETE', `/files/${id}`)],
    ['trashed with its folder', ({ folderId }) => alice.request('DELETE', `/folders/${folderId}?contents=trash`)],
    ['renamed', ({ id }) => alice.request('PATCH', `/files/${id}`, { json: { name: 'other.jpg' } })],
    ['moved', async ({ id }) => alice.request('PATCH', `/files/${id}`, { json: { folderId: await newFolder(alice) } })],
    [
      'purged',
      async ({ id }) => {
        await alice.request('DELETE', `/files/${id}`);
        expect((await alice.request('DELETE', `/trash/${id}`)).status).toBe(204);
      },
    ],
  ])('breaks when a file of it is %s meanwhile', async (_, change) => {
    const { files } = await largeFolder('changed');
    const response = await begun();
    await change(files[2]);
    expect(await rest(response)).toBeNull();
  });

  it('breaks without an alarm when a file is purged in the moment in which its turn comes', async () => {
    const { files } = await largeFolder('purged');
    const logged = vault.logs.lines.length;
    const response = await begun();
    const [row] = await vault.database.query<{ id: string }>(
      'DELETE FROM files WHERE id = $1 RETURNING blob_id AS id',
      [files[2]?.id],
    );
    const { objects } = await tracesOf(vault, alice.userId);
    await unlink(objects.find((path) => path.includes(row?.id ?? '?')) ?? '');
    expect(await rest(response)).toBeNull();
    expect(vault.logs.lines.slice(logged).filter((line) => line.includes('integrity'))).toEqual([]);
  });

  it('does not break because more comes into the vault, which is not in it', async () => {
    const { folderId } = await largeFolder('growing');
    const response = await begun();
    await putInto(alice, folderId, 'late.jpg', jpeg(3000, 'late'));
    await alice.put('late.jpg', jpeg(3000, 'late as well'));
    await putInto(alice, await newFolder(alice, 'Late'), 'late.jpg', jpeg(3000, 'in a new folder'));
    const bytes = Buffer.concat((await response.toArray()) as Buffer[]);
    expect(bytes.length).toBe(Number(response.headers['content-length']));
    expect(bytes.includes('late')).toBe(false);
  });

  it('does not break because a folder is renamed, and stays as it was laid out', async () => {
    const { folderId } = await largeFolder('before');
    const response = await begun();
    await alice.request('PATCH', `/folders/${folderId}`, { json: { name: 'afterwards' } });
    const bytes = Buffer.concat((await response.toArray()) as Buffer[]);
    expect([bytes.length, bytes.includes('afterwards')]).toEqual([Number(response.headers['content-length']), false]);
  });
});

describe('a damaged vault', () => {
  let folderId: string;
  let files: FileBody[];

  beforeEach(async () => {
    folderId = await newFolder(alice, 'Damaged');
    files = [];
    for (let i = 0; i < 3; i++) files.push(await putInto(alice, folderId, `${i}.jpg`, jpeg(100_000, `whole ${i}`)));
    await alice.put('root.jpg', jpeg(3000, 'root'));
  });

  const damage = (sql: string) => vault.database.query(sql, [files[1]?.id]);
  const flip = (column: string) => `${column} = set_byte(${column}, 30, get_byte(${column}, 30) # 1)`;

  itReadable.each([
    ['what is known of a file', `UPDATE files SET ${flip('meta_sealed')} WHERE id = $1`],
    ['the key of a file', `UPDATE files SET ${flip('dek_wrapped')} WHERE id = $1`],
    ['the length of its object', 'UPDATE blobs SET ct_bytes = ct_bytes + 1 WHERE file_id = $1'],
  ])('keeps nobody from the rest, when %s is damaged: that file is left out and named', async (_, sql) => {
    await damage(sql);
    const logged = vault.logs.lines.length;
    const { status, bytes } = await exported();
    expect(status).toBe(200);
    expect(Object.keys(unpack(bytes))).toEqual(['root.jpg', 'Damaged/0.jpg', 'Damaged/2.jpg', 'manifest.json']);
    expect(bytes.toString('latin1')).toContain(`"skipped":[\n{"id":"${files[1]?.id}","reason":"damaged"}\n]`);
    expect(vault.logs.lines.slice(logged).some((line) => line.includes('integrity'))).toBe(true);
    expect(Object.keys(unpack((await exported(`?ids=${files.map(({ id }) => id).join()}`)).bytes))).toEqual([
      'Damaged/0.jpg',
      'Damaged/2.jpg',
      'manifest.json',
    ]);
  });

  itReadable('nor when the key of a folder is: that folder is left out and named', async () => {
    await vault.database.query(`UPDATE folders SET ${flip('fk_wrapped')}, epoch = epoch + 1 WHERE id = $1`, [folderId]);
    const { bytes } = await exported();
    expect(readArchive(bytes).map(({ name }) => name)).toEqual(['root.jpg', 'manifest.json']);
    expect(bytes.toString('latin1')).toContain(`"name":"Damaged","status":"damaged","fileCount":3}`);
  });

  describe.each<[what: string, spoil: (object: string) => Promise<unknown>]>([
    ['missing', unlink],
    ['truncated', (object) => truncate(object, 50_000)],
    ['another', () => damage(`UPDATE blobs SET ${flip('header')} WHERE file_id = $1`)],
  ])('an object that is %s', (_, spoil) => {
    let whole: Buffer;
    beforeEach(async () => {
      whole = (await exported()).bytes;
      const [row] = await vault.database.query<{ id: string }>('SELECT blob_id AS id FROM files WHERE id = $1', [
        files[1]?.id,
      ]);
      const { objects } = await tracesOf(vault, alice.userId);
      await spoil(objects.find((path) => path.includes(row?.id ?? '?')) ?? '');
    });

    it('breaks the transfer in that file; whoever goes on from there is told which it is', async () => {
      const lines = [`GET /api/v1${ROUTE} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${alice.token}`];
      const broken = await RawConnection.exchange(vault.url, lines);
      const received = broken?.bytes.length ?? 0;
      const second = whole.indexOf('Damaged/1.jpg');
      expect(received).toBeGreaterThan(second);
      expect(received).toBeLessThan(whole.indexOf('Damaged/2.jpg'));
      expect(broken?.bytes.equals(whole.subarray(0, received))).toBe(true);
      const again = await exported('', { range: `bytes=${received}-` });
      expectProblem(again, { status: 500, code: 'VAULT.DAMAGED' });
      expect(again.body.detail).toBe(`The file ${files[1]?.id} cannot be read back.`);
    });

    itReadable(
      'is not touched by who asks for the rest: behind it, by ids, or without what is in the trash',
      async () => {
        const behind = whole.indexOf('Damaged/2.jpg');
        const tail = await exported('', { range: `bytes=${behind}-` });
        expect([tail.status, tail.bytes.equals(whole.subarray(behind))]).toEqual([206, true]);
        const some = unpack((await exported(`?ids=${files[0]?.id},${files[2]?.id}`)).bytes);
        expect(some['Damaged/2.jpg']).toBe(sha256(jpeg(100_000, 'whole 2')));
        await alice.request('DELETE', `/files/${files[1]?.id}`);
        expect(Object.keys(unpack((await exported()).bytes))).toHaveLength(4);
      },
    );
  });
});

describe('while it is laid out', () => {
  let folderId: string;
  beforeEach(async () => {
    folderId = await newFolder(alice, 'Moving');
    await putInto(alice, folderId, 'in it.jpg', jpeg(3000, 'in it'));
    await alice.put('root.jpg', jpeg(3000, 'root'));
  });

  /** Something happens after the folders were listed, and before the keys and files of any. */
  function afterTheList(happens: () => Promise<unknown>): void {
    const folders = vault.app.get(FoldersService, { strict: false });
    const list = folders.list.bind(folders);
    jest.spyOn(folders, 'list').mockImplementationOnce(async (principal) => {
      const shown = await list(principal);
      await happens();
      return shown;
    });
  }

  /** The same before the files of the second folder. */
  function beforeTheFiles(happens: () => Promise<unknown>): void {
    const files = vault.app.get(FilesService, { strict: false });
    const list = files.list.bind(files);
    const spy = jest.spyOn(files, 'list').mockImplementation(async (principal, page) => {
      if (page.folderId === folderId) {
        spy.mockRestore();
        await happens();
      }
      return list(principal, page);
    });
  }
  afterEach(() => jest.restoreAllMocks());

  const trash = () => alice.request('DELETE', `/folders/${folderId}?contents=trash`);

  it.each<[what: string, hook: (happens: () => Promise<unknown>) => void, happens: () => Promise<unknown>]>([
    ['a folder goes before its key is asked for', afterTheList, trash],
    ['a folder goes before its files are read', beforeTheFiles, trash],
    ['a folder is locked before its files are read', beforeTheFiles, () => lock(alice, folderId)],
  ])('%s: 409 for an export of everything, and not that something is not there', async (_, hook, happens) => {
    hook(happens);
    expectProblem(await exported(), { status: 409, code: 'EXPORT.CHANGED_MEANWHILE' });
    hook(happens);
    expect((await exported()).status).toBe(200);
  });

  it('a folder that is locked before its key is asked for is left out and named', async () => {
    afterTheList(() => lock(alice, folderId));
    const { status, bytes } = await exported();
    expect([status, bytes.includes('in it'), bytes.includes('"name":"Moving","status":"locked"')]).toEqual([
      200,
      false,
      true,
    ]);
  });

  it('a folder that was asked for by its id is 404 or 423 all the same', async () => {
    beforeTheFiles(() => lock(alice, folderId));
    expectProblem(await exported(`?folderId=${folderId}`), { status: 423, code: 'FOLDER.LOCKED' });
    await unlock(alice, folderId);
    beforeTheFiles(trash);
    expectProblem(await exported(`?folderId=${folderId}`), { status: 404, code: 'FOLDER.NOT_FOUND' });
  });
});

describe('two exports at once', () => {
  it('of one account and of another are each whole, however their blocks come', async () => {
    const { folderId } = await largeFolder('two');
    const bob = await vault.signUp();
    await bob.put('bob.jpg', jpeg(LARGE, 'bob'));
    const expected = (await exported()).bytes;
    const answers = await Promise.all([
      exported(),
      exported('', { range: 'bytes=1000-' }),
      exported(`?folderId=${folderId}`),
      bob.request('GET', ROUTE),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 206, 200, 200]);
    expect(answers[0].bytes.equals(expected)).toBe(true);
    expect(answers[1].bytes.equals(expected.subarray(1000))).toBe(true);
    expect(answers[3].bytes.includes(jpeg(LARGE, 'bob'))).toBe(true);
    expect(answers[3].bytes.includes('two')).toBe(false);
  });
});

describe('the work of laying out', () => {
  it('is done for one export of an account at a time; of 50 at once some wait, and the others are told to', async () => {
    await insertManyFiles(vault, alice, (await alice.put('a.jpg', jpeg(50, 'a'))).body.folderId, 1000);
    const layouts = jest.spyOn(vault.app.get(FoldersService, { strict: false }), 'list');
    const bob = await vault.signUp();
    const answers = await Promise.all([
      ...Array.from({ length: 50 }, () => exported('', { range: 'bytes=0-0' })),
      bob.request('HEAD', ROUTE),
    ]);
    const bobs = answers.pop();
    expect(bobs?.status).toBe(200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 206)).toHaveLength(50 - refused.length);
    expect(refused.length).toBeGreaterThan(10);
    expect(layouts.mock.calls.length).toBe(50 - refused.length + 1);
    for (const answer of refused) {
      expectProblem(answer, { status: 429, code: 'EXPORT.TOO_MANY' });
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect((await exported('', { range: 'bytes=0-0' })).status).toBe(206);
    layouts.mockRestore();
  }, 60_000);

  it('is not done for whoever has gone away', async () => {
    await insertManyFiles(vault, alice, (await alice.put('a.jpg', jpeg(50, 'a'))).body.folderId, 1000);
    const layouts = jest.spyOn(vault.app.get(FoldersService, { strict: false }), 'list');
    const waiting = exported('', { range: 'bytes=0-0' });
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${alice.token}` };
    const many = Array.from({ length: 10 }, () =>
      fetch(`${vault.url}/api/v1${ROUTE}`, { headers, signal: gone.signal }),
    );
    await delay(100);
    gone.abort();
    await Promise.allSettled(many);
    expect((await waiting).status).toBe(206);
    expect((await exported('', { range: 'bytes=0-0' })).status).toBe(206);
    // Theirs may have begun, before they went.
    expect(layouts.mock.calls.length).toBeLessThan(6);
    expect(vault.logs.lines.filter((line) => line.includes('SERVER.INTERNAL'))).toEqual([]);
    layouts.mockRestore();
  }, 60_000);
});
