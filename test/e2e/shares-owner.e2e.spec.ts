import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { SharesRepository } from '../../src/shares/shares.repository';
import { newFolder } from '../support/folders';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { comparable, knock, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;
let bob: VaultClient;
let fileId: string;
let rootId: string;

beforeAll(async () => {
  vault = await startTestApp({ PUBLIC_URL: 'https://photos.example.com/vault' });
  [alice, bob] = [await vault.signUp('alice@example.com'), await vault.signUp('bob@example.com')];
  const { body } = await alice.put('beach.jpg', jpeg(5000, 'beach'));
  [fileId, rootId] = [body.id, body.folderId];
});
afterAll(() => vault.close());

const countOf = async (table: string) => (await vault.database.query(`SELECT FROM ${table}`)).length;

describe.each([
  ['POST', '/shares'],
  ['GET', '/shares'],
  ['GET', '/shares/:id/openings'],
  ['DELETE', '/shares/:id'],
])('%s %s', (method, path) => {
  it('needs a session', async () => {
    const { id } = await share(alice, { fileIds: [fileId] });
    const json = method === 'POST' ? { fileIds: [fileId] } : undefined;
    const answer = await vault.stranger().request(method, path.replace(':id', id), { json });
    expectProblem(answer, { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  if (path.includes(':id')) {
    it("answers somebody else's share like one that there is not", async () => {
      const { id } = await share(alice, { fileIds: [fileId] });
      const foreign = await bob.request(method, path.replace(':id', id));
      expectProblem(foreign, { status: 404, code: 'SHARE.NOT_FOUND' });
      for (const other of [randomUUID(), uuidv7(), 'nonsense', id.slice(1)]) {
        expect(comparable(await bob.request(method, path.replace(':id', other)))).toBe(comparable(foreign));
      }
      expect((await alice.request('GET', `/shares/${id}/openings`)).status).toBe(200);
    });
  }
});

describe('a new share', () => {
  it('is answered with a link that is given once, and ends in 7 days', async () => {
    const { status, headers, body } = await alice.request<{ id: string; url: string; expiresAt: string }>(
      'POST',
      '/shares',
      { json: { fileIds: [fileId], label: 'Summer' } },
    );
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/v1/shares/${body.id}`);
    expect(body.url).toMatch(new RegExp(`^https://photos\\.example\\.com/vault/s/${body.id}#[\\w-]{43}$`));
    const days = (Date.parse(body.expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(7, 2);
    expect(body.expiresAt).toMatch(/:\d\d\.000Z$/);
    const list = await alice.request('GET', '/shares');
    expect(list.bytes.toString()).not.toContain(body.url.split('#')[1]);
    expect((await alice.request('GET', '/shares')).body).toMatchObject({
      items: expect.arrayContaining([
        {
          id: body.id,
          target: 'files',
          folderId: null,
          fileCount: 1,
          label: 'Summer',
          state: 'open',
          expiresAt: body.expiresAt,
          hasPassword: false,
          includeOriginals: false,
          maxOpens: null,
          opens: 0,
          createdAt: expect.any(String) as string,
        },
      ]) as unknown,
    });
  });

  it('keeps neither secret, password nor label readable in the database', async () => {
    const made = await share(alice, { fileIds: [fileId], label: 'MARKER-LABEL', password: 'MARKER-PASSWORD' });
    const rows = await vault.database.query<{ row: string }>(
      "SELECT s::text || coalesce((SELECT string_agg(i::text, ' ') FROM share_items i WHERE i.share_id = s.id), '') AS row FROM shares s",
    );
    const dump = rows.map(({ row }) => row).join('\n');
    expect(dump).toContain(made.id);
    for (const secret of ['MARKER-LABEL', 'MARKER-PASSWORD', 'beach.jpg']) {
      expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
      expect(dump).not.toContain(secret);
    }
    expect(dump).not.toContain(Buffer.from(made.secret, 'base64url').toString('hex'));
    expect(vault.logs.text).not.toMatch(new RegExp(`${made.secret}|MARKER`));
  });

  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

  it.each<[what: string, wish: () => object, status: number, code: string]>([
    ['neither folder nor files', () => ({}), 422, 'SHARE.BAD_TARGET'],
    ['both', () => ({ folderId: rootId, fileIds: [fileId] }), 422, 'SHARE.BAD_TARGET'],
    ['no files', () => ({ fileIds: [] }), 422, 'REQUEST.INVALID'],
    ['1001 files', () => ({ fileIds: Array<string>(1001).fill(fileId) }), 422, 'REQUEST.INVALID'],
    ['the root folder', () => ({ folderId: rootId }), 409, 'FOLDER.IS_ROOT'],
    ['a folder that there is not', () => ({ folderId: uuidv7() }), 404, 'FOLDER.NOT_FOUND'],
    ['a malformed folder', () => ({ folderId: 'nonsense' }), 404, 'FOLDER.NOT_FOUND'],
    ['a file that there is not', () => ({ fileIds: [fileId, uuidv7()] }), 404, 'FILE.NOT_FOUND'],
    ['a malformed file', () => ({ fileIds: ['nonsense'] }), 404, 'FILE.NOT_FOUND'],
    ['an end in the past', () => ({ fileIds: [fileId], expiresAt: inDays(-1) }), 422, 'SHARE.BAD_END'],
    ['an end in 91 days', () => ({ fileIds: [fileId], expiresAt: inDays(91) }), 422, 'SHARE.BAD_END'],
    ['an end that is no moment', () => ({ fileIds: [fileId], expiresAt: 'tomorrow' }), 422, 'REQUEST.INVALID'],
    ['a short password', () => ({ fileIds: [fileId], password: 'short' }), 422, 'PASSWORD.REFUSED'],
    ['a password that everybody tries', () => ({ fileIds: [fileId], password: 'password1' }), 422, 'PASSWORD.REFUSED'],
    ['no openings', () => ({ fileIds: [fileId], maxOpens: 0 }), 422, 'REQUEST.INVALID'],
    ['a label of two lines', () => ({ fileIds: [fileId], label: 'a\nb' }), 422, 'REQUEST.INVALID'],
    ['a field that nobody knows', () => ({ fileIds: [fileId], ownerId: bob.userId }), 422, 'REQUEST.INVALID'],
  ])('is refused for %s, and nothing is written', async (_what, wish, status, code) => {
    const before = [await countOf('shares'), await countOf('share_items')];
    expectProblem(await alice.request('POST', '/shares', { json: wish() }), { status, code });
    expect([await countOf('shares'), await countOf('share_items')]).toEqual(before);
  });

  it("is refused for somebody else's files and folders, as if there were none", async () => {
    const files = await bob.request('POST', '/shares', { json: { fileIds: [fileId] } });
    expectProblem(files, { status: 404, code: 'FILE.NOT_FOUND' });
    expect(comparable(await bob.request('POST', '/shares', { json: { fileIds: [uuidv7()] } }))).toBe(comparable(files));
    expectProblem(await bob.request('POST', '/shares', { json: { folderId: rootId } }), {
      status: 404,
      code: 'FOLDER.NOT_FOUND',
    });
  });

  it('of a file without a preview needs its original, and says which file that is', async () => {
    const film = Buffer.concat([
      Buffer.from('0000001c6674797069736f6d0000020069736f6d69736f326d703431', 'hex'),
      jpeg(500),
    ]);
    const { id } = (await alice.put('film.mp4', film)).body;
    const refused = await alice.request('POST', '/shares', { json: { fileIds: [fileId, id] } });
    expectProblem(refused, { status: 422, code: 'SHARE.NO_PREVIEW' });
    expect(refused.body.errors).toEqual([{ path: 'fileIds', message: `${id} is video/mp4` }]);
    const { id: shareId } = await share(alice, { fileIds: [fileId, id], includeOriginals: true });
    expect((await alice.request('DELETE', `/shares/${shareId}`)).status).toBe(204);
  });

  it('counts a file that is named twice once', async () => {
    const { id } = await share(alice, { fileIds: [fileId, fileId.toUpperCase()] });
    const { body } = await alice.request<{ items: { id: string; fileCount: number }[] }>('GET', '/shares');
    expect(body.items.find((each) => each.id === id)?.fileCount).toBe(1);
  });
});

describe('a new share of files', () => {
  const sql = (statement: string, ...values: string[]) => vault.database.query(statement, values);

  it.each<[what: string, change: (id: string, folder: string) => Promise<unknown>]>([
    ['was deleted', (id) => sql('DELETE FROM files WHERE id = $1', id)],
    ['was moved', (id) => sql('UPDATE files SET folder_id = $2 WHERE id = $1', id, rootId)],
    [
      'got a folder with another key',
      (_id, folder) => sql('UPDATE folders SET fk_version = fk_version + 1 WHERE id = $1', folder),
    ],
  ])('is refused when one of them %s meanwhile, and nothing is written', async (what, change) => {
    const folder = await newFolder(alice);
    const { id } = (await alice.put('moves.jpg', jpeg(3000, what), { query: `?folderId=${folder}` })).body;
    const before = [await countOf('shares'), await countOf('share_items')];
    const shares = vault.app.get(SharesRepository, { strict: false });
    const insert = shares.insert.bind(shares);
    jest.spyOn(shares, 'insert').mockImplementationOnce(async (tx, row) => {
      await change(id, folder);
      return insert(tx, row);
    });
    const answer = await alice.request('POST', '/shares', { json: { fileIds: [fileId, id] } });
    expectProblem(answer, { status: 409, code: 'FOLDER.CHANGED_MEANWHILE' });
    expect([await countOf('shares'), await countOf('share_items')]).toEqual(before);
  });
});

describe('null', () => {
  it.each(['folderId', 'expiresAt', 'password', 'maxOpens', 'includeOriginals', 'label'])(
    'as %s of a new share is as if it had been left out',
    async (field) => {
      const made = await share(alice, { fileIds: [fileId], [field]: null });
      const { body } = await alice.request<{ items: object[] }>('GET', '/shares?limit=1');
      expect(body.items[0]).toMatchObject({
        id: made.id,
        target: 'files',
        hasPassword: false,
        maxOpens: null,
        includeOriginals: false,
        label: null,
      });
    },
  );
});

describe("an owner's list", () => {
  it('has every share once, the newest first, in pages, and nobody else’s', async () => {
    const carol = await vault.signUp('carol@example.com');
    const { id: own } = (await carol.put('own.jpg', jpeg(4000, 'own'))).body;
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.unshift((await share(carol, { fileIds: [own], label: `share ${i}` })).id);
    const seen: string[] = [];
    let cursor: string | null | undefined = '';
    while (typeof cursor === 'string') {
      const { body }: { body: { items: { id: string }[]; nextCursor?: string | null } } = await carol.request(
        'GET',
        `/shares?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(made);
    expectProblem(await carol.request('GET', '/shares?cursor=nonsense'), { status: 422, code: 'REQUEST.INVALID' });
  });

  it('tells how a share is: used up, suspended, expired', async () => {
    const [usedUp, suspended, expired] = await Promise.all(
      [1, 2, 3].map(() => share(alice, { fileIds: [fileId], maxOpens: 1 })),
    );
    await visit(vault, usedUp);
    await vault.database.query('UPDATE shares SET suspended_at = clock_timestamp() WHERE id = $1', [suspended?.id]);
    await vault.database.query(
      "UPDATE shares SET expires_at = clock_timestamp() - interval '2 seconds' WHERE id = $1",
      [expired?.id],
    );
    const { body } = await alice.request<{ items: { id: string; state: string }[] }>('GET', '/shares?limit=200');
    const stateOf = (id?: string) => body.items.find((each) => each.id === id)?.state;
    expect([usedUp, suspended, expired].map((each) => stateOf(each?.id))).toEqual(['used_up', 'suspended', 'expired']);
    for (const each of [usedUp, suspended, expired]) expect((await knock(vault, each)).status).toBe(404);
  });
});

describe('a share that is ended', () => {
  it('is gone with all that was its', async () => {
    const made = await share(alice, { fileIds: [fileId] });
    await visit(vault, made);
    expect((await alice.request('DELETE', `/shares/${made.id}`)).status).toBe(204);
    for (const table of ['share_items', 'share_sessions', 'share_openings']) {
      expect(await vault.database.query(`SELECT FROM ${table} WHERE share_id = $1`, [made.id])).toEqual([]);
    }
    expect((await knock(vault, made)).status).toBe(404);
    expectProblem(await alice.request('DELETE', `/shares/${made.id}`), { status: 404, code: 'SHARE.NOT_FOUND' });
  });
});
