import { randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { newToken } from '../../src/platform/crypto/tokens';
import { SharesRepository } from '../../src/shares/shares.repository';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { newFolder } from '../support/folders';
import { comparable, knock, type MadeShare, namesSeen, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;
let fileId: string;
let otherId: string;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
  fileId = (await alice.put('beach.jpg', jpeg(5000, 'beach'))).body.id;
  otherId = (await alice.put('other.jpg', jpeg(5000, 'other'))).body.id;
});
afterAll(() => vault.close());

const sql = (statement: string, values: unknown[]) => vault.database.query(statement, values);
const originals = (more: object = {}) => share(alice, { fileIds: [fileId], includeOriginals: true, ...more });

/** The first character of a secret or a token's body, changed. */
const changed = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

describe('opening a share', () => {
  it('takes the secret of its link, and gives a token and the label', async () => {
    const made = await originals({ label: 'Summer' });
    const { status, body, headers } = await knock(vault, made);
    expect(status).toBe(200);
    expect(body).toEqual({
      shareToken: expect.stringMatching(/^pvv_[\w-]{43}[0-9a-f]{8}$/) as string,
      expiresAt: expect.any(String) as string,
      label: 'Summer',
    });
    expect(headers.get('set-cookie')).toBeNull();
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(11.9 * 3_600_000);
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(12 * 3_600_000);
  });

  it('never lasts longer than the share', async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const made = await originals({ expiresAt });
    expect((await knock(vault, made)).body.expiresAt).toBe(made.expiresAt);
  });

  it('answers everything that does not open with one 404, down to the headers', async () => {
    const made = await originals();
    const [revoked, expired, suspended, usedUp, ofFolder] = await Promise.all([
      originals(),
      originals(),
      originals({ password: 'correct horse' }),
      originals({ maxOpens: 1 }),
      share(alice, { folderId: await newFolder(alice) }),
    ]);
    await alice.request('DELETE', `/shares/${revoked.id}`);
    await sql("UPDATE shares SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1", [expired.id]);
    await sql('UPDATE shares SET suspended_at = clock_timestamp() WHERE id = $1', [suspended.id]);
    await visit(vault, usedUp);
    await sql(
      'UPDATE folders SET fk_version = fk_version + 1 WHERE id = (SELECT folder_id FROM shares WHERE id = $1)',
      [ofFolder.id],
    );
    const secret = randomBytes(32).toString('base64url');
    const cases: [what: string, tried: Pick<MadeShare, 'id' | 'secret'>, more?: object][] = [
      ['unknown', { id: uuidv7(), secret }],
      ['unknown and random', { id: randomUUID(), secret }],
      ['malformed id', { id: 'nonsense', secret }],
      ['wrong secret', { id: made.id, secret }],
      ['one character wrong', { id: made.id, secret: changed(made.secret, 3) }],
      ['no secret', { id: made.id, secret: '' }],
      ['short secret', { id: made.id, secret: made.secret.slice(1) }],
      ['long secret', { id: made.id, secret: `${made.secret}A` }],
      ['another text for the same bytes', { id: made.id, secret: `${made.secret}=` }],
      ['a secret of 10,000 characters', { id: made.id, secret: 'A'.repeat(10_000) }],
      ['another share’s secret', { id: made.id, secret: usedUp.secret }],
      ['revoked', revoked],
      ['expired', expired],
      ['suspended, with the password', suspended, { password: 'correct horse' }],
      ['used up', usedUp],
      ['folder under another key', ofFolder],
      ['wrong secret and a password', { id: suspended.id, secret }, { password: 'correct horse' }],
    ];
    const answers = await Promise.all(
      cases.map(async ([what, tried, more]) => [what, comparable(await knock(vault, tried, more))] as const),
    );
    const expected = await knock(vault, { id: randomUUID(), secret });
    expectProblem(expected, { status: 404, code: 'SHARE.NOT_FOUND' });
    expect(answers).toEqual(cases.map(([what]) => [what, comparable(expected)]));
    expect((await knock(vault, made)).status).toBe(200);
  });

  it('refuses a body of another form, whether or not there is such a share', async () => {
    const made = await originals();
    for (const json of [
      {},
      { secret: 5 },
      { secret: made.secret, extra: 1 },
      { secret: made.secret, transport: 'x' },
    ]) {
      const [known, unknown] = await Promise.all(
        [made.id, uuidv7()].map((id) => vault.stranger().request('POST', `/shares/${id}/open`, { json })),
      );
      expectProblem(known, { status: 422, code: 'REQUEST.INVALID' });
      expect(comparable(known)).toBe(comparable(unknown));
    }
  });

  it('happens exactly as often as it may, when 100 come at the same moment', async () => {
    const made = await originals({ maxOpens: 3 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => knock(vault, made)));
    const opened = answers.filter(({ status }) => status === 200);
    expect(opened.length).toBe(3);
    expect(answers.filter(({ status }) => status === 404).length).toBe(97);
    expect(await sql('SELECT opens FROM shares WHERE id = $1', [made.id])).toEqual([{ opens: 3 }]);
    for (const { body } of opened) {
      const visitor = vault.stranger();
      visitor.token = body.shareToken;
      expect(await namesSeen(visitor, made)).toEqual(['beach.jpg']);
    }
  });

  it.each<[how: string, statement: string]>([
    ['revoked', 'DELETE FROM shares WHERE id = $1'],
    ['expired', "UPDATE shares SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1"],
    ['suspended', 'UPDATE shares SET suspended_at = clock_timestamp() WHERE id = $1'],
  ])('is 404 for a share that was %s while it was opened, and nobody is let in', async (_how, statement) => {
    const made = await originals();
    const shares = vault.app.get(SharesRepository, { strict: false });
    const find = shares.findUsable.bind(shares);
    jest.spyOn(shares, 'findUsable').mockImplementationOnce(async (id) => {
      const found = await find(id);
      await sql(statement, [id]);
      return found;
    });
    expectProblem(await knock(vault, made), { status: 404, code: 'SHARE.NOT_FOUND' });
    expect(await sql('SELECT FROM share_sessions WHERE share_id = $1', [made.id])).toEqual([]);
    expect(await sql('SELECT FROM share_openings WHERE share_id = $1', [made.id])).toEqual([]);
  });

  it('is in the ledger and in the security log of its owner', async () => {
    const made = await originals();
    await vault.stranger().request('POST', `/shares/${made.id}/open`, {
      json: { secret: made.secret },
      headers: { 'user-agent': 'Netscape/4.0' },
    });
    const { body } = await alice.request('GET', `/shares/${made.id}/openings`);
    expect(body).toEqual({
      items: [
        {
          id: expect.any(String) as string,
          openedAt: expect.any(String) as string,
          network: '127.0.x.x',
          agent: 'Netscape/4.0',
          filesFetched: 0,
        },
      ],
      nextCursor: null,
    });
    const events = await alice.request<{ items: object[] }>('GET', '/users/me/events');
    expect(events.body.items[0]).toMatchObject({ kind: 'share.opened', ip: '127.0.0.1', device: 'Netscape/4.0' });
  });
});

describe('every route of visitors', () => {
  const PATHS = [
    '/files',
    '/files/:fileId/content',
    '/files/:fileId/renditions/thumbnail',
    '/files/:fileId/renditions/preview',
    '/archive',
  ];

  it.each(PATHS)('%s is shut to whoever has not opened this very share, with one 404', async (path) => {
    const [made, other] = await Promise.all([originals(), originals()]);
    const [visitor, elsewhere] = await Promise.all([visit(vault, made), visit(vault, other)]);
    const dead = await visit(vault, made);
    await sql('DELETE FROM share_sessions WHERE id = (SELECT id FROM share_openings ORDER BY id DESC LIMIT 1)', []);
    const late = await visit(vault, made);
    await sql(
      "UPDATE share_sessions SET expires_at = clock_timestamp() - interval '1 second' WHERE id = (SELECT id FROM share_openings ORDER BY id DESC LIMIT 1)",
      [],
    );
    const address = `/shares/${made.id}${path.replace(':fileId', fileId)}`;
    const ask = (authorization?: string, cookie?: string) =>
      vault.stranger().request('GET', address, {
        headers: { ...(authorization && { authorization }), ...(cookie && { cookie }) },
      });
    const refused = await ask();
    expectProblem(refused, { status: 404, code: 'SHARE.NOT_FOUND' });
    const tried: Record<string, Promise<unknown>> = {
      owner: ask(`Bearer ${alice.token}`),
      'another share': ask(`Bearer ${elsewhere.token}`),
      unknown: ask(`Bearer ${newToken('pvv').text}`),
      'a session’s letters': ask(`Bearer ${visitor.token?.replace('pvv', 'pvs')}`),
      'one character wrong': ask(`Bearer ${changed(visitor.token ?? '', 7)}`),
      'a dead one': ask(`Bearer ${dead.token}`),
      'one that ran out': ask(`Bearer ${late.token}`),
      'another scheme': ask('Basic YWxpY2U6MTIzNA=='),
      nonsense: ask('Bearer pvv_nonsense'),
      'malformed, beside a good cookie': ask('Bearer', `pv_share=${visitor.token}`),
      'the owner’s cookie': ask(undefined, `pv_session=${alice.token}`),
    };
    for (const [what, answer] of Object.entries(tried)) {
      expect([what, comparable((await answer) as typeof refused)]).toEqual([what, comparable(refused)]);
    }
    const malformed = await visitor.request('GET', address.replace(made.id, 'nonsense'));
    expect(comparable(malformed)).toBe(comparable(refused));
  });

  it.each(PATHS)('%s is shut at the next request when the share ends', async (path) => {
    for (const end of [
      (id: string) => alice.request('DELETE', `/shares/${id}`),
      (id: string) => sql("UPDATE shares SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1", [id]),
      (id: string) => sql('UPDATE shares SET suspended_at = clock_timestamp() WHERE id = $1', [id]),
    ]) {
      const made = await originals();
      const visitor = await visit(vault, made);
      const address = `/shares/${made.id}${path.replace(':fileId', fileId)}`;
      await visitor.request('GET', `/shares/${made.id}/files`);
      await end(made.id);
      expectProblem(await visitor.request('GET', address), { status: 404, code: 'SHARE.NOT_FOUND' });
    }
  });

  it('opens nothing of the owner’s', async () => {
    const visitor = await visit(vault, await originals());
    for (const path of ['/files', '/users/me', '/shares', `/files/${fileId}`, `/files/${fileId}/content`]) {
      expectProblem(await visitor.request('GET', path), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
    }
  });

  it('keeps files outside of the share to itself, also of the same owner', async () => {
    const made = await originals();
    const visitor = await visit(vault, made);
    const strange = await visitor.request('GET', `/shares/${made.id}/files/${uuidv7()}/content`);
    expectProblem(strange, { status: 404, code: 'SHARE.NOT_FOUND' });
    for (const id of [otherId, 'nonsense', made.id]) {
      for (const part of ['content', 'renditions/preview']) {
        const answer = await visitor.request('GET', `/shares/${made.id}/files/${id}/${part}`);
        expect(comparable(answer)).toBe(comparable(strange));
      }
    }
    expect((await visitor.request('GET', `/shares/${made.id}/files/${fileId}/content`)).status).toBe(200);
  });
});

describe('a visitor’s cookie', () => {
  const open = async (of: TestApp, { id, secret }: MadeShare) =>
    of
      .stranger()
      .request<{ shareToken?: string }>('POST', `/shares/${id}/open`, { json: { secret, transport: 'cookie' } });

  it('is for one share alone, and no script can read it', async () => {
    const made = await originals();
    const { body, headers } = await open(vault, made);
    expect(body.shareToken).toBeUndefined();
    const [cookie] = headers.getSetCookie();
    expect(cookie).toMatch(
      new RegExp(`^pv_share=pvv_[\\w-]{43}[0-9a-f]{8}; Path=/api/v1/shares/${made.id}; HttpOnly; SameSite=Lax$`),
    );
    const asked = await vault.stranger().request('GET', `/shares/${made.id}/files/${fileId}/content`, {
      headers: { cookie: cookie?.split(';')[0] ?? '' },
    });
    expect(asked.bytes.equals(jpeg(5000, 'beach'))).toBe(true);
  });

  it('gives way to a bearer', async () => {
    const [made, other] = await Promise.all([originals(), originals()]);
    const [visitor, elsewhere] = await Promise.all([visit(vault, made), visit(vault, other)]);
    const ask = (token?: string, cookie?: string) =>
      vault.stranger().request('GET', `/shares/${made.id}/files`, {
        headers: { authorization: `Bearer ${token}`, cookie: `pv_share=${cookie}` },
      });
    expect((await ask(visitor.token, elsewhere.token)).status).toBe(200);
    expect((await ask(elsewhere.token, visitor.token)).status).toBe(404);
  });

  it('over TLS is secure, and knows the path that a proxy adds', async () => {
    const other = await startTestApp({
      DB_URL: vault.database.url,
      DATA_DIR: vault.dataDir,
      PUBLIC_URL: 'https://photos.example.com/vault/',
    });
    try {
      const made = await originals();
      const { headers } = await open(other, made);
      expect(headers.getSetCookie()).toEqual([
        expect.stringMatching(
          new RegExp(
            `^__Secure-pv_share=pvv_\\S+; Path=/vault/api/v1/shares/${made.id}; HttpOnly; Secure; SameSite=Lax$`,
          ),
        ),
      ]);
    } finally {
      await other.close();
    }
  });
});
