import { randomBytes, randomUUID } from 'node:crypto';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';

/** Row "injection through sort, filter, cursor": every parameter of a list and of the other queries, under attack. */
let vault: TestApp;
let alice: VaultClient;
let bob: VaultClient;
let bobsCursor: string;
let bobsFile: FileBody;
let before: number[];

type Page = { items: FileBody[]; nextCursor: string | null };

beforeAll(async () => {
  vault = await startTestApp();
  [alice, bob] = [await vault.signUp(), await vault.signUp()];
  for (let i = 0; i < 5; i++) await alice.put(`alice ${i}.jpg`, jpeg(500, `alice ${i}`));
  for (let i = 0; i < 5; i++) bobsFile = (await bob.put(`bob ${i}.jpg`, jpeg(500, `bob ${i}`))).body;
  bobsCursor = (await bob.list('?limit=2')).body.nextCursor ?? '';
});
afterAll(() => vault.close());
beforeEach(async () => {
  before = await counts();
});
afterEach(async () => {
  expect(await counts()).toEqual(before);
});

async function counts(): Promise<number[]> {
  const lists = await Promise.all([alice, bob].map((owner) => owner.list('?limit=200')));
  return lists.map(({ body }) => body.items.length);
}

const INVALID = { status: 422, code: 'REQUEST.INVALID' };
const INJECTIONS = [
  "' OR 1=1 --",
  "'; DROP TABLE files; --",
  'created_at; SELECT pg_sleep(10)',
  'created,(SELECT 1)',
  '" ASC, id --',
  '$1',
  'COALESCE(f.taken_at, f.created_at)',
  '\0',
  '\ufffd\u202e',
  'x'.repeat(10_000),
  '',
  '[object Object]',
  '__proto__',
  'constructor',
  'null',
  'CREATED',
];

async function list(query: Record<string, string>): Promise<Answer<Page>> {
  return alice.list(`?${new URLSearchParams(query).toString()}`);
}

function expectOnlyOwn({ status, body }: Answer<Page>): void {
  expect(status).toBe(200);
  expect(body.items.every(({ name }) => name.startsWith('alice'))).toBe(true);
}

describe('row: injection through sort, filter, cursor', () => {
  it.each(INJECTIONS)('order, direction and conflict are words of a list: %j', async (attack) => {
    expectProblem(await list({ order: attack }), INVALID);
    expectProblem(await list({ direction: attack }), INVALID);
    const query = `?${new URLSearchParams({ conflict: attack }).toString()}`;
    expectProblem(await alice.put('never.jpg', jpeg(500, attack), { query }), INVALID);
    const disposition = `?${new URLSearchParams({ disposition: attack }).toString()}`;
    expectProblem(await bob.request('GET', `/files/${bobsFile.id}/content${disposition}`), INVALID);
  });

  it.each(INJECTIONS)('folderId is an id or unknown: %j', async (attack) => {
    const query = `?${new URLSearchParams({ folderId: attack }).toString()}`;
    for (const answer of [
      await alice.list(query),
      await alice.put('never.jpg', jpeg(500, 'never'), { query }),
      await alice.request('GET', `/files/by-name/alice%201.jpg/content${query}`),
    ]) {
      expectProblem(answer, { status: [404, 422], code: /^(FOLDER\.NOT_FOUND|REQUEST\.INVALID)$/ });
    }
  });

  it('another’s folder is as unknown as none', async () => {
    const [theirs, nobodys] = [await list({ folderId: bobsFile.folderId }), await list({ folderId: randomUUID() })];
    expectProblem(theirs, { status: 404, code: 'FOLDER.NOT_FOUND' });
    expect({ ...theirs.body, requestId: '' }).toEqual({ ...nobodys.body, requestId: '' });
    const query = `?folderId=${bobsFile.folderId}`;
    expectProblem(await alice.put('never.jpg', jpeg(500, 'x'), { query }), { status: 404, code: 'FOLDER.NOT_FOUND' });
    const posted = await alice.post('never.jpg', jpeg(500, 'x'), { folderId: bobsFile.folderId });
    expectProblem(posted, { status: 404, code: 'FOLDER.NOT_FOUND' });
    const stolen = await alice.request('GET', `/files/by-name/bob%201.jpg/content${query}`);
    expectProblem(stolen, { status: 404, code: 'FOLDER.NOT_FOUND' });
  });

  it.each([
    '0',
    '-1',
    '201',
    '1e9',
    '1.5',
    'NaN',
    'Infinity',
    '',
    ' ',
    '1;',
    '9007199254740993',
    '0x1F4',
    'ten',
    '1,2',
  ])('limit is a whole number from 1 to 200: %j', async (limit) => {
    expectProblem(await list({ limit }), INVALID);
  });

  it('another’s cursor opens nobody else’s list', async () => {
    expect(bobsCursor).not.toBe('');
    for (const direction of ['asc', 'desc']) {
      for (const order of ['taken', 'created']) expectOnlyOwn(await list({ cursor: bobsCursor, order, direction }));
    }
  });

  const cursors: [what: string, cursor: () => string][] = [
    ['truncated', () => bobsCursor.slice(0, -1)],
    ['truncated to half', () => bobsCursor.slice(0, bobsCursor.length / 2)],
    ['empty', () => ''],
    ['plain SQL', () => "' OR 1=1 --"],
    ['encoded SQL', () => encode("0.' OR 1=1 --")],
    ['JSON', () => encode('{"ownerId":"x"}')],
    ['of another form of id', () => encode(`0.${'g'.repeat(32)}`)],
    ['with a time beyond all dates', () => encode(`zzzzzzzzzzz.${'0'.repeat(32)}`)],
    ['of 100,000 characters', () => 'A'.repeat(10_000)],
    ['not base64', () => '💥'.repeat(20)],
    ['with a NUL', () => encode(`0\0.${'0'.repeat(32)}`)],
  ];
  it.each(cursors)('a cursor that is %s: 422', async (_, cursor) => {
    expectProblem(await list({ cursor: cursor() }), INVALID);
  });

  it.each([
    ['the first of all dates', -8_640_000_000_000_000],
    ['the last of all dates', 8_640_000_000_000_000],
    ['the year 1', -62_135_596_800_000],
    ['before PostgreSQL’s first day', -210_866_803_200_001],
    ['now', 1_790_000_000_000],
  ])('a cursor at %s: an ordinary page of one’s own, or 422', async (_, ms) => {
    for (const direction of ['asc', 'desc']) {
      const answer = await list({ cursor: encode(`${ms.toString(36)}.${'0'.repeat(32)}`), direction });
      if (answer.status === 200) expectOnlyOwn(answer);
      else expectProblem(answer, INVALID);
    }
  });

  it('500 random cursors: never a fault, never somebody else’s files', async () => {
    for (let i = 0; i < 500; i++) {
      const bytes = i % 2 ? randomBytes(i % 60) : mutated(Buffer.from(bobsCursor, 'base64url'));
      const answer = await list({ cursor: bytes.toString('base64url') });
      if (answer.status === 200) expectOnlyOwn(answer);
      else expectProblem(answer, INVALID);
    }
  });
});

describe('row: mass assignment, prototype pollution: queries', () => {
  const unknown = [
    'ownerId',
    'userId',
    'trashed',
    'fields',
    'sql',
    'prototype',
    '__proto__',
    'constructor',
    'toString',
  ];
  it.each(unknown)('an unknown parameter %s is refused, by name', async (field) => {
    for (const answer of [
      await alice.list(`?${field}=x`),
      await alice.put('never.jpg', jpeg(500, 'never'), { query: `?${field}=x` }),
      await bob.request('GET', `/files/${bobsFile.id}/content?${field}=x`),
      await bob.request('GET', `/files/by-name/bob%204.jpg/content?${field}=x`),
    ]) {
      expectProblem(answer, INVALID);
      expect((answer.body as unknown as { errors: unknown }).errors).toContainEqual(
        expect.objectContaining({ path: field }),
      );
    }
  });

  it.each(['order[]=created', 'order[0]=created', 'order[$ne]=x', '__proto__[order]=x', 'limit[gt]=1', 'a.b=1'])(
    'a nested parameter %s is an unknown one',
    async (query) => {
      expectProblem(await alice.list(`?${query}`), INVALID);
    },
  );

  it.each([
    'order=created&order=taken',
    'direction=asc&direction=asc',
    'limit=1&limit=2',
    `folderId=${randomUUID()}&folderId=${randomUUID()}`,
    'cursor=a&cursor=b',
  ])('a parameter given twice: %s', async (query) => {
    expectProblem(await alice.list(`?${query}`), INVALID);
  });

  it('1,500 parameters, and escapes that are none: refused or read, never a fault', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `p${i}=`).join('&');
    expectProblem(await alice.list(`?${many}`), INVALID);
    expectProblem(await alice.list('?order=%zz'), INVALID);
    expectProblem(await alice.list('?order=%ff%fe'), INVALID);
    expect((await alice.list('?&&=&')).status).not.toBe(500);
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** The same with a random byte in a random place. */
function mutated(bytes: Buffer): Buffer {
  bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256);
  return bytes;
}
