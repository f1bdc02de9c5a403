import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { newToken } from '../../src/platform/crypto/tokens';
import { addressOf, type ApiOperation, apiOperations } from '../support/api-operations';
import { form } from '../support/form';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { type Answer, VaultClient } from '../support/vault-client';

/** Who may enter: walked along the OpenAPI document, so that a new route is covered the day it is written. */
let vault: TestApp;
let closed: ApiOperation[];
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  const operations = await apiOperations(vault);
  closed = operations.filter(({ isPublic, isVisitors }) => !isPublic && !isVisitors);
  alice = await vault.signUp('alice@example.com', 'laptop');
  await alice.put('photo.jpg', jpeg(5000, 'alice'));
});
afterAll(() => vault.close());

/** What an operation answers to this client, without what differs from answer to answer. */
async function knock(client: VaultClient, operation: ApiOperation, address: string, headers = {}): Promise<string> {
  const isForm = operation.operationId === 'uploadFile';
  const photo = jpeg(1000, 'knock');
  const upload = isForm ? form({ name: 'file', filename: 'photo.jpg', body: photo }) : { body: new Uint8Array(photo) };
  const hasBytes = isForm || (operation.method === 'PUT' && !operation.json);
  const { json } = operation;
  const answer = await client.request(operation.method, address, {
    ...(hasBytes ? upload : json && { json }),
    headers: { ...(isForm && form().headers), ...headers },
  });
  return comparable(answer);
}

function comparable({ status, headers, bytes }: Answer): string {
  const id = headers.get('x-request-id') ?? '';
  const kept = [...headers].filter(
    ([name]) => !/^(date|x-request-id|connection|keep-alive|ratelimit(-policy)?)$/.test(name),
  );
  return JSON.stringify({ status, kept, body: bytes.toString().replace(id, '<request id>') });
}

/** Everything that a person owns, as the database has it. When a session was last seen is not theirs to keep. */
async function possessions(userId: string | undefined): Promise<unknown> {
  const tables = { users: 'id', user_keys: 'user_id', folders: 'owner_id', files: 'owner_id', blobs: 'owner_id' };
  const rows = Object.entries(tables).map(([table, column]) =>
    vault.database.query(`SELECT t::text FROM ${table} t WHERE ${column} = $1 ORDER BY 1`, [userId]),
  );
  const sessions = vault.database.query('SELECT id, token_hash, ended_at FROM sessions WHERE user_id = $1', [userId]);
  return Promise.all([...rows, sessions]);
}

describe('invariant: every route needs a live session or says that it does not', () => {
  const expire = (column: string) => async (client: VaultClient) => {
    const sql = `UPDATE sessions SET ${column} = clock_timestamp() - interval '1 ms' WHERE user_id = $1`;
    await vault.database.query(sql, [client.userId]);
  };
  const flipped = (token: string) => token.slice(0, 10) + (token[10] === 'A' ? 'B' : 'A') + token.slice(11);
  const kinds: [what: string, headers: (token: string) => Record<string, string>][] = [
    ['no credentials', () => ({})],
    ['an empty header', () => ({ authorization: '' })],
    ['the scheme alone', () => ({ authorization: 'Bearer' })],
    ['a token without a scheme', (token) => ({ authorization: token })],
    ['another scheme', (token) => ({ authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` })],
    ['two tokens', (token) => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
    ['a malformed token', () => ({ authorization: 'Bearer pvs_nonsense' })],
    ['a token of 10,000 characters', () => ({ authorization: `Bearer ${'x'.repeat(10_000)}` })],
    ['a token with one character changed', (token) => ({ authorization: `Bearer ${flipped(token)}` })],
    ['a token in capitals', (token) => ({ authorization: `Bearer ${token.toUpperCase()}` })],
    ['an unknown token', () => ({ authorization: `Bearer ${newToken('pvs').text}` })],
    [
      'the hash of a token',
      (token) => ({ authorization: `Bearer ${createHash('sha256').update(token).digest('hex')}` }),
    ],
    ['SQL', () => ({ authorization: "Bearer ' OR 1=1 --" })],
    ['random bytes', () => ({ authorization: `Bearer ${randomBytes(40).toString('base64')}` })],
    [
      'the token in a cookie of another name',
      (token) => ({ cookie: `__Host-pv_session=${token}; pv_device=${token}; token=${token}` }),
    ],
    ['a cookie that stands for nothing', () => ({ cookie: `pv_session=${newToken('pvs').text}` })],
    [
      'a header that is no good, with a good cookie',
      (token) => ({ authorization: 'x', cookie: `pv_session=${token}` }),
    ],
    ['the token in other headers', (token) => ({ 'x-access-token': token, 'x-api-key': token, token })],
  ];

  it('the document has closed routes at all', () => {
    expect(closed.length).toBeGreaterThan(10);
  });

  it.each(kinds)('%s: 401, one answer on every closed route', async (_, headers) => {
    await expectShut(await vault.signUp(), (token) => ({ headers: headers(token) }));
  });

  it('the token in the query: 401, one answer on every closed route', async () => {
    await expectShut(await vault.signUp(), (token) => ({ query: `token=${token}&access_token=${token}` }));
  });

  it.each([
    ['idle for too long', expire('idle_expires_at')],
    ['older than any session may be', expire('expires_at')],
    ['revoked', expire('ended_at')],
    ['signed out', async (client: VaultClient) => void (await client.request('DELETE', '/auth/sessions/current'))],
    [
      'of a deleted account',
      async (client: VaultClient) =>
        void (await vault.database.query('DELETE FROM users WHERE id = $1', [client.userId])),
    ],
  ])('a session that is %s: 401, one answer on every closed route', async (_, end) => {
    const client = await vault.signUp();
    expect((await client.request('GET', '/users/me')).status).toBe(200);
    await end(client);
    await expectShut(client, (token) => ({ headers: { authorization: `Bearer ${token}` } }));
  });

  /** Knocks on every closed route, also with the id of a file that exists: the answer is the one to nobody at all. */
  async function expectShut(
    client: VaultClient,
    credentials: (token: string) => { headers?: Record<string, string>; query?: string },
  ): Promise<void> {
    const { headers, query } = credentials(client.token ?? '');
    const before = await possessions(alice.userId);
    const existing = (await alice.list()).body.items[0]?.id ?? '';
    for (const operation of closed) {
      const refusal = await knock(vault.stranger(), operation, operation.path);
      expect(refusal).toMatch(/^\{"status":401,/);
      if (operation.method !== 'HEAD') expect(refusal).toContain('AUTH.SESSION_REQUIRED');
      for (const id of [existing, randomUUID(), 'x']) {
        const address = addressOf(operation, id);
        const asked = query ? `${address}${address.includes('?') ? '&' : '?'}${query}` : address;
        expect([operation.operationId, await knock(vault.stranger(), operation, asked, headers)]).toEqual([
          operation.operationId,
          refusal,
        ]);
      }
    }
    expect(await possessions(alice.userId)).toEqual(before);
  }
});

describe('row: somebody else’s id, on any verb', () => {
  it('is answered byte for byte like a random and like a malformed id, and nothing changes', async () => {
    const bob = await vault.signUp();
    const sessions = await alice.request<{ items: { id: string }[] }>('GET', '/auth/sessions');
    const file = (await alice.list()).body.items[0];
    const foreign = { file: file?.id, folder: file?.folderId, session: sessions.body.items[0]?.id, user: alice.userId };
    const before = await possessions(alice.userId);
    const withIds = closed.filter(({ ids }) => ids.length > 0);
    expect(withIds.length).toBeGreaterThan(5);
    for (const operation of withIds) {
      const unknown = await knock(bob, operation, addressOf(operation, randomUUID()));
      expect([operation.operationId, unknown]).toEqual([
        operation.operationId,
        expect.stringMatching(/^\{"status":404,.*(NOT_FOUND|"kept":)/),
      ]);
      const malformed = ['x', '019ab0c4', '\0', '../..', `${randomUUID()}0`, "'--", '0'.repeat(32), '-1', '💥'];
      for (const [what, id] of [...Object.entries(foreign), ...malformed.map((each) => [each, each])]) {
        const answer = await knock(bob, operation, addressOf(operation, id ?? ''));
        expect([operation.operationId, what, answer]).toEqual([operation.operationId, what, unknown]);
      }
    }
    expect(await possessions(alice.userId)).toEqual(before);
    expect((await alice.request('GET', '/users/me')).status).toBe(200);
    expect((await bob.list()).body.items).toEqual([]);
  });

  it('one’s own ids in capitals are one’s own', async () => {
    const file = (await alice.list()).body.items[0];
    expect((await alice.request('GET', `/files/${file?.id.toUpperCase()}`)).body).toEqual(file);
  });
});
