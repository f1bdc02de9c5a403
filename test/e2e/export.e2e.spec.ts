import { randomInt, randomUUID } from 'node:crypto';
import { readArchive, unpack } from '../support/archives';
import { lock, newFolder, outcome, PASSWORD, putInto, unlock } from '../support/folders';
import { jpeg, sha256 } from '../support/photos';
import { expectProblem } from '../support/problem';
import { itWithPython } from '../support/python';
import { comparable } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';

// An archive of what somebody has: what is in it, under which names, and that it is the same to the last byte whenever it is asked for.

const ROUTE = '/users/me/export';

interface Manifest {
  readonly format: string;
  readonly version: number;
  readonly folders: { id: string; name: string | null; path?: string; status: string; fileCount?: number }[];
  readonly files: { id: string; path: string; name: string; sha256: string; size: number; takenAt: string | null }[];
  readonly skipped: { id: string; reason: string }[];
}

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp({ RATE_LIMIT_PER_MINUTE: '1000000' });
});
afterAll(() => vault.close());
beforeEach(async () => {
  alice = await vault.signUp();
});

const itReadable = itWithPython('what is in an export');

const put = async (name: string, bytes: Buffer, query = ''): Promise<FileBody> =>
  (await alice.put(name, bytes, { query })).body;
const exported = (query = '', headers: Record<string, string> = {}, client = alice): Promise<Answer> =>
  client.request('GET', ROUTE + query, { headers });

/** The manifest as it stands in the archive, which is stored and not compressed. */
function manifestOf(bytes: Buffer): Manifest {
  const start = bytes.indexOf('{"format":"photovault-export"');
  const end = bytes.indexOf('\n]}\n', bytes.indexOf('"skipped":', start)) + 4;
  return JSON.parse(bytes.toString('utf8', start, end)) as Manifest;
}

/** What is put into the vault, and where it is in an archive: names that no system, or not every one, can write side by side. */
const FILES = [
  { name: 'b.jpg', path: 'b.jpg', photo: jpeg(200_000, 'b') },
  { name: 'manifest.json', path: 'manifest (1).json', photo: jpeg(50, 'manifest') },
  { name: 'holiday', path: 'holiday (1)', photo: jpeg(16_384, 'named like a folder') },
  { name: 'a?.jpg', path: 'Holiday/a_.jpg', photo: jpeg(16_383, 'a?') },
  { name: 'a*.jpg', path: 'Holiday/a_ (1).jpg', photo: jpeg(16_385, 'a*') },
  { name: 'A_.JPG', path: 'Holiday/A_ (2).JPG', photo: jpeg(60_000, 'A_') },
  { name: 'u\u0308.jpg', path: 'Holiday/ü.jpg', photo: jpeg(3000, 'ü') },
] as const;

async function fill(): Promise<{ holiday: string; empty: string; files: FileBody[] }> {
  const holiday = await newFolder(alice, 'Holiday');
  const empty = await newFolder(alice, 'Empty: nothing/in it.');
  const files: FileBody[] = [];
  for (const [at, { name, path, photo }] of FILES.entries()) {
    const query = path.includes('/') ? `?folderId=${holiday}&takenAt=2001-02-03T04:05:0${at}Z` : '';
    files.push(await put(name, photo, query));
  }
  return { holiday, empty, files };
}

describe('who may have it', () => {
  it('nobody without a session', async () => {
    expectProblem(await vault.stranger().request('GET', ROUTE), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  it.each(['folderId', 'ids'])(
    'somebody else’s %s is answered like a random and a malformed one',
    async (parameter) => {
      const photo = await put('a.jpg', jpeg(3000, parameter));
      const mine = parameter === 'ids' ? photo.id : photo.folderId;
      const bob = await vault.signUp();
      const code = parameter === 'ids' ? 'FILE.NOT_FOUND' : 'FOLDER.NOT_FOUND';
      const answers = await Promise.all(
        [mine, randomUUID(), 'x', '', '%00', `${mine}0`].map((id) => exported(`?${parameter}=${id}`, {}, bob)),
      );
      for (const answer of answers) expectProblem(answer, { status: 404, code });
      expect(new Set(answers.map(comparable)).size).toBe(1);
      expect((await exported(`?${parameter}=${mine.toUpperCase()}`)).status).toBe(200);
    },
  );

  it('needs no fresh PIN, because a broken one has to go on', async () => {
    await vault.database.query(
      "UPDATE sessions SET proved_at = clock_timestamp() - interval '1 hour' WHERE user_id = $1",
      [alice.userId],
    );
    expect((await exported()).status).toBe(200);
  });

  it('is noted in the security log when it begins, and not again when it goes on', async () => {
    await put('a.jpg', jpeg(3000, 'log'));
    const noted = async () => {
      const { body } = await alice.request<{ items: { kind: string; ip: string; device: string }[] }>(
        'GET',
        '/users/me/events',
      );
      return body.items.filter(({ kind }) => kind === 'account.exported');
    };
    await alice.request('HEAD', ROUTE);
    const etag = (await alice.request('HEAD', ROUTE)).headers.get('etag') ?? '';
    await exported('', { 'if-none-match': etag });
    await exported('', { range: 'bytes=999999-' });
    expect(await noted()).toEqual([]);
    // To leave out the first byte is no way around the log.
    await exported('', { range: 'bytes=1-' });
    expect(await noted()).toMatchObject([{ ip: '127.0.0.1', device: 'test-device' }]);
    await exported('', { range: 'bytes=1000-' });
    expect(await noted()).toHaveLength(1);
    await exported();
    await exported('', { range: 'bytes=0-9' });
    expect(await noted()).toHaveLength(3);
    // Nor is it, to have begun another one before.
    const { id } = await put('b.jpg', jpeg(3000, 'another'));
    await exported(`?ids=${id}`, { range: 'bytes=1-' });
    await exported(`?ids=${id}`, { range: 'bytes=2-' });
    expect(await noted()).toHaveLength(4);
  });

  it('takes more of a session’s allowance than other requests', async () => {
    const left = async (method: string, path: string) =>
      Number(/r=(\d+)/.exec((await alice.request(method, path)).headers.get('ratelimit') ?? '')?.[1]);
    const before = await left('GET', '/users/me');
    expect(before - (await left('HEAD', ROUTE))).toBe(100);
  });
});

describe('what is in it', () => {
  itReadable('everything, in folders, under names that every system can write', async () => {
    await fill();
    const { status, headers, bytes } = await exported();
    expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      200,
      'application/zip',
      'attachment; filename=photovault.zip',
    ]);
    const { 'manifest.json': manifest, ...files } = unpack(bytes);
    expect(manifest).toMatch(/^\w{64}$/);
    expect(files).toEqual(Object.fromEntries(FILES.map(({ path, photo }) => [path, sha256(photo)])));
  });

  itReadable('in the order root, folders, manifest; empty folders too; with the time of each', async () => {
    const { files, holiday, empty } = await fill();
    const entries = readArchive((await exported()).bytes);
    expect(entries.map(({ name }) => name)).toEqual([
      'Holiday/',
      'Empty_ nothing_in it/',
      'b.jpg',
      'manifest (1).json',
      'holiday (1)',
      'Holiday/a_.jpg',
      'Holiday/a_ (1).jpg',
      'Holiday/A_ (2).JPG',
      'Holiday/ü.jpg',
      'manifest.json',
    ]);
    const made = await vault.database.query<{ id: string; at: Date }>(
      'SELECT id, created_at AS at FROM folders WHERE id = ANY($1)',
      [[holiday, empty]],
    );
    const folderTimes = [holiday, empty].map((id) => made.find((row) => row.id === id)?.at.toISOString() ?? '');
    const fileTimes = files.map(({ takenAt, createdAt }) => takenAt ?? createdAt);
    // A manifest says nothing of when it was made.
    const times = [...folderTimes, ...fileTimes, files.at(-1)?.createdAt ?? ''].map(evenSecond);
    expect(entries.map(({ time }) => time)).toEqual(times);
  });

  const evenSecond = (time: string) =>
    new Date(Math.floor(Date.parse(time) / 2000) * 2000).toISOString().replace('.000', '');

  itReadable('a manifest with the SHA-256 of each file, and what it was called', async () => {
    const { files, holiday } = await fill();
    const { bytes } = await exported();
    const manifest = manifestOf(bytes);
    expect(manifest).toMatchObject({ format: 'photovault-export', version: 1, skipped: [] });
    expect(manifest.folders).toMatchObject([
      { name: null, path: '', status: 'exported' },
      { id: holiday, name: 'Holiday', path: 'Holiday/', status: 'exported' },
      { name: 'Empty: nothing/in it.', path: 'Empty_ nothing_in it/', status: 'exported' },
    ]);
    expect(manifest.files).toEqual(
      files.map(({ id, name, folderId, contentType, size, sha256: hash, takenAt, createdAt }, at) => ({
        ...{ id, name, folderId, contentType, size, sha256: hash, takenAt, createdAt },
        path: FILES[at]?.path,
      })),
    );
    expect(sha256(Buffer.from(bytes))).toBe(sha256((await exported()).bytes));
  });

  itReadable('of somebody who has nothing: a manifest', async () => {
    const { bytes } = await exported();
    expect(readArchive(bytes).map(({ name }) => name)).toEqual(['manifest.json']);
    expect(manifestOf(bytes)).toMatchObject({ folders: [{ name: null, status: 'exported' }], files: [], skipped: [] });
  });

  itReadable(
    'every file, also of more than one page of a folder, and numbers that go on from page to page',
    async () => {
      const folderId = await newFolder(alice, 'Many');
      for (let i = 0; i < 203; i++)
        await putInto(alice, folderId, i % 2 ? `same${'?'.repeat(i)}` : `x${i}`, jpeg(50, i));
      await putInto(alice, folderId, 'X0', jpeg(50, 'last'));
      const files = unpack((await exported()).bytes);
      expect(Object.keys(files)).toHaveLength(205);
      expect(files['Many/X0 (1)']).toBe(sha256(jpeg(50, 'last')));
      expect(files[`Many/same${'_'.repeat(201)}`]).toBe(sha256(jpeg(50, 201)));
    },
  );

  itReadable('not what is in the trash, neither files nor folders', async () => {
    const { id } = await put('gone.jpg', jpeg(3000, 'gone'));
    await put('here.jpg', jpeg(3000, 'here'));
    const folderId = await newFolder(alice, 'Gone with it');
    await putInto(alice, folderId, 'gone.jpg', jpeg(3000, 'gone'));
    expect((await alice.request('DELETE', `/files/${id}`)).status).toBe(204);
    expect((await alice.request('DELETE', `/folders/${folderId}?contents=trash`)).status).toBe(204);
    const { bytes } = await exported();
    expect(readArchive(bytes).map(({ name }) => name)).toEqual(['here.jpg', 'manifest.json']);
    expect(/gone/i.test(bytes.toString('latin1'))).toBe(false);
    expectProblem(await exported(`?ids=${id}`), { status: 404, code: 'FILE.NOT_FOUND' });
    expectProblem(await exported(`?folderId=${folderId}`), { status: 404, code: 'FOLDER.NOT_FOUND' });
  });
});

describe('a selection', () => {
  itReadable('of one folder has its name, and nothing else in it', async () => {
    const { holiday, files } = await fill();
    const { headers, bytes } = await exported(`?folderId=${holiday}`);
    expect(headers.get('content-disposition')).toBe('attachment; filename=Holiday.zip');
    expect(Object.keys(unpack(bytes))).toEqual([
      'Holiday/a_.jpg',
      'Holiday/a_ (1).jpg',
      'Holiday/A_ (2).JPG',
      'Holiday/ü.jpg',
      'manifest.json',
    ]);
    const root = unpack((await exported(`?folderId=${files[0]?.folderId}`)).bytes);
    expect(Object.keys(root)).toEqual(['b.jpg', 'manifest (1).json', 'holiday', 'manifest.json']);
  });

  itReadable('of files of several folders is one archive, whatever their order, each of them once', async () => {
    const { files } = await fill();
    const ids = [5, 0, 3, 5].map((at) => files[at]?.id ?? '');
    const { headers, bytes } = await exported(`?ids=${ids.join()}`);
    expect(headers.get('content-disposition')).toBe('attachment; filename=photos.zip');
    expect(Object.keys(unpack(bytes))).toEqual(['b.jpg', 'Holiday/a_.jpg', 'Holiday/A_ (1).JPG', 'manifest.json']);
    const again = await exported(`?ids=${ids.reverse().join().toUpperCase()}`);
    expect([again.headers.get('etag'), sha256(again.bytes)]).toEqual([headers.get('etag'), sha256(bytes)]);
  });

  it('is refused as a whole when one of its files is not there', async () => {
    const { files } = await fill();
    expectProblem(await exported(`?ids=${files[0]?.id},${randomUUID()}`), { status: 404, code: 'FILE.NOT_FOUND' });
  });

  it.each<[what: string, query: () => string]>([
    ['more files than one request may name', () => `?ids=${Array.from({ length: 201 }, () => randomUUID()).join()}`],
    ['a folder and files', () => `?folderId=${randomUUID()}&ids=${randomUUID()}`],
    ['ids twice', () => `?ids=${randomUUID()}&ids=${randomUUID()}`],
    ['something else', () => '?all=true'],
  ])('of %s: 422', async (_, query) => {
    expectProblem(await exported(query()), { status: 422, code: 'REQUEST.INVALID' });
  });

  it('of as many files as one request may name is a request that fits', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 200; i++) ids.push((await put(`${i}.jpg`, jpeg(50, `id ${i}`))).id);
    const query = `?ids=${ids.join()}`;
    expect(Buffer.byteLength(`GET /api/v1${ROUTE}${query} HTTP/1.1`)).toBeLessThan(8000);
    expect(manifestOf((await exported(query)).bytes).files).toHaveLength(200);
  });
});

describe('a locked folder', () => {
  let folderId: string;
  let photo: FileBody;

  beforeEach(async () => {
    folderId = await newFolder(alice, 'Secret things');
    photo = await putInto(alice, folderId, 'hidden.jpg', jpeg(30_000, 'hidden'));
    await put('open.jpg', jpeg(3000, 'open'));
    await lock(alice, folderId);
  });

  itReadable('is left out and named while it is locked, and in it when it is unlocked', async () => {
    const shut = await exported();
    expect(Object.keys(unpack(shut.bytes))).toEqual(['open.jpg', 'manifest.json']);
    expect(manifestOf(shut.bytes).folders).toMatchObject([
      { name: null },
      { id: folderId, name: 'Secret things', status: 'locked', fileCount: 1 },
    ]);
    expect(shut.bytes.includes('hidden')).toBe(false);
    await unlock(alice, folderId);
    const open = await exported();
    expect(Object.keys(unpack(open.bytes))).toEqual(['open.jpg', 'Secret things/hidden.jpg', 'manifest.json']);
    expect(open.headers.get('etag')).not.toBe(shut.headers.get('etag'));
    expect(open.headers.get('cache-control')).toBe('private, no-store');
    await alice.request('POST', `/folders/${folderId}/relock`);
    expect((await exported()).headers.get('etag')).toBe(shut.headers.get('etag'));
  });

  it('is 423 when it is asked for by name, or a file in it is, before any 304', async () => {
    await unlock(alice, folderId, PASSWORD);
    const tags = await Promise.all(
      [`?folderId=${folderId}`, `?ids=${photo.id}`].map(async (query) => (await exported(query)).headers.get('etag')),
    );
    await alice.request('POST', `/folders/${folderId}/relock`);
    for (const query of [`?folderId=${folderId}`, `?ids=${photo.id}`]) {
      expect(await outcome(exported(query))).toBe('423 FOLDER.LOCKED');
      expect(await outcome(exported(query, { 'if-none-match': tags.join() }))).toBe('423 FOLDER.LOCKED');
      expect((await alice.request('HEAD', ROUTE + query)).status).toBe(423);
    }
  });
});

describe('ranges and conditions', () => {
  let whole: Answer;
  let etag: string;

  beforeEach(async () => {
    await fill();
    whole = await exported();
    etag = whole.headers.get('etag') ?? '';
  });

  it('HEAD says what GET says', async () => {
    const head = await alice.request('HEAD', ROUTE);
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.headers.get('content-length')).toBe(String(whole.bytes.length));
    const same = ['content-length', 'content-type', 'etag', 'accept-ranges', 'cache-control', 'content-disposition'];
    for (const name of same) expect([name, head.headers.get(name)]).toEqual([name, whole.headers.get(name)]);
  });

  it('every range is what the whole has there', async () => {
    const size = whole.bytes.length;
    const ranges = Array.from({ length: 60 }, () => {
      const start = randomInt(size);
      return [start, Math.min(size - 1, start + randomInt(1, 100_000))] as const;
    });
    for (const [start, end] of [...ranges, [0, 0], [size - 1, size - 1], [0, size - 1]] as const) {
      const part = await exported('', { range: `bytes=${start}-${end}` });
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${start}-${end}/${size}`]);
      if (!part.bytes.equals(whole.bytes.subarray(start, end + 1))) throw new Error(`bytes ${start}-${end} differ`);
    }
  });

  it('any two pieces are the whole again, wherever it is cut', async () => {
    const size = whole.bytes.length;
    // Through the end, where headers lie close together: byte by byte.
    for (const at of Array.from({ length: 700 }, (_, i) => size - 700 + i).filter((_, i) => i % 7 === 0)) {
      const [head, tail] = [
        await exported('', { range: `bytes=${at - 100}-${at - 1}` }),
        await exported('', { range: `bytes=${at}-`, 'if-range': etag }),
      ];
      const joined = Buffer.concat([head.bytes, tail.bytes]);
      if (!joined.equals(whole.bytes.subarray(at - 100)))
        throw new Error(`cut at ${at} of ${size}: ${head.status} ${tail.status} ${joined.length}`);
    }
  });

  it.each<[what: string, headers: () => Record<string, string>, status: number]>([
    ['If-Range: the current tag', () => ({ range: 'bytes=0-9', 'if-range': etag }), 206],
    ['stale If-Range: whole', () => ({ range: 'bytes=5-', 'if-range': '"stale"' }), 200],
    ['more than one range: whole', () => ({ range: 'bytes=0-1,2-3' }), 200],
    ['malformed: ignored', () => ({ range: 'bytes=a-b' }), 200],
    ['If-None-Match: the current tag', () => ({ 'if-none-match': etag }), 304],
  ])('%s', async (_, headers, status) => {
    const { status: answered, bytes, headers: said } = await exported('', headers());
    expect([answered, said.get('etag')]).toEqual([status, etag]);
    const expected = { 200: whole.bytes, 206: whole.bytes.subarray(0, 10) }[status] ?? Buffer.alloc(0);
    expect(bytes.equals(expected)).toBe(true);
  });

  it('behind the end: 416, with the size', async () => {
    const answer = await exported('', { range: `bytes=${whole.bytes.length}-` });
    expectProblem(answer, { status: 416, code: 'FILE.RANGE_NOT_SATISFIABLE' });
    expect(answer.headers.get('content-range')).toBe(`bytes */${whole.bytes.length}`);
  });

  it('the tag is strong, opaque, the same in every session, and another for somebody who has the same', async () => {
    expect(etag).toMatch(/^"[\w-]{24}"$/);
    const again = vault.stranger();
    await again.signIn(alice.email ?? '', 'another device', (address) => vault.logs.pinFor(address));
    expect((await exported('', {}, again)).headers.get('etag')).toBe(etag);
    for (const { sha256: hash } of manifestOf(whole.bytes).files) {
      expect(etag).not.toContain(Buffer.from(hash, 'hex').toString('base64url').slice(0, 8));
    }
  });

  it.each<[what: string, change: (files: FileBody[]) => Promise<unknown>]>([
    ['a file is renamed', ([file]) => alice.request('PATCH', `/files/${file?.id}`, { json: { name: 'other.jpg' } })],
    [
      'the date of a file is corrected',
      ([file]) => alice.request('PATCH', `/files/${file?.id}`, { json: { takenAt: '1999-01-01T00:00:00Z' } }),
    ],
    ['a file comes', () => put('more.jpg', jpeg(3000, 'more'))],
    ['a file goes', ([file]) => vault.database.query('UPDATE files SET trashed_at = now() WHERE id = $1', [file?.id])],
    ['a folder comes', () => newFolder(alice)],
    [
      'a folder is renamed',
      async (files) =>
        alice.request('PATCH', `/folders/${files.find(({ name }) => name === 'ü.jpg')?.folderId}`, {
          json: { name: 'Work' },
        }),
    ],
  ])('the tag is another, and If-Range gives the whole, when %s', async (_, change) => {
    const { items } = (await alice.list('?order=created&direction=asc')).body;
    await change(items);
    const { status, headers, bytes } = await exported('', { range: 'bytes=1000-', 'if-range': etag });
    expect(status).toBe(200);
    expect(headers.get('etag')).not.toBe(etag);
    expect(headers.get('content-length')).toBe(String(bytes.length));
  });
});
