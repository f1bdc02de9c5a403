import { gzipSync } from 'node:zlib';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { Answer, VaultClient } from '../support/vault-client';

/** JSON bodies as no client of ours sends them (security design, section 5), against every route that reads JSON. */
let vault: TestApp;
let owner: VaultClient;
let fileId: string;
let before: unknown;

const INHERITED = Object.getOwnPropertyNames(Object.prototype);

/** A body that each route would take. */
const GOOD = {
  signUp: { email: 'someone@example.com', deviceId: 'laptop', deviceName: 'Laptop' },
  requestPin: { email: 'someone@example.com', deviceId: 'laptop' },
  signIn: { challengeId: 'k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE', deviceId: 'laptop', pin: '0000' },
  editFile: { name: 'renamed.jpg', takenAt: '2026-08-02T17:21:09Z' },
} as const;

type Route = keyof typeof GOOD;
const ROUTES = Object.keys(GOOD) as Route[];

beforeAll(async () => {
  vault = await startTestApp();
  owner = await vault.signUp();
  fileId = (await owner.put('original.jpg', jpeg(1000))).body.id;
});
afterAll(() => vault.close());
beforeEach(async () => {
  before = (await owner.request('GET', `/files/${fileId}`)).body;
});
afterEach(async () => {
  expect((await owner.request('GET', `/files/${fileId}`)).body).toEqual(before);
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(INHERITED);
});

async function send(route: Route, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  const [method, path] = {
    signUp: ['POST', '/users'],
    requestPin: ['POST', '/auth/pin'],
    signIn: ['POST', '/auth/sessions'],
    editFile: ['PATCH', `/files/${fileId}`],
  }[route] as [string, string];
  const type = { 'content-type': 'application/json', ...headers };
  return owner.request(method, path, { body: new Uint8Array(Buffer.from(body)), headers: type });
}

const INVALID = { status: 422, code: 'REQUEST.INVALID' };

describe('row: mass assignment, prototype pollution: every unknown field is refused, by name', () => {
  const fields = [
    'id',
    'userId',
    'ownerId',
    'isAdmin',
    'size',
    'meta_version',
    '__proto__',
    'constructor',
    'prototype',
  ];
  const rows = ROUTES.flatMap((route) => [...fields, 'toString'].map((field): [Route, string] => [route, field]));
  it.each(rows)('%s with the field %s', async (route, field) => {
    for (const value of ['"x"', '{"polluted":true}', '{"prototype":{"polluted":true}}', 'null']) {
      const body = JSON.stringify(GOOD[route]).replace(/}$/, `,"${field}":${value}}`);
      const answer = await send(route, body);
      expectProblem(answer, INVALID);
      expect(answer.body.errors).toContainEqual(
        expect.objectContaining({ path: expect.stringMatching(`^${field}`) as string }),
      );
    }
  });
});

describe('an address that a mail on its way would lose a sign of, and so reach another mailbox', () => {
  it.each(['"a>b"@example.com', '"a<b"@example.com', '"<a@evil.example>"@example.com'])('%s', async (email) => {
    for (const path of ['/users', '/auth/pin']) {
      const answer = await vault.stranger().request('POST', path, { json: { email, deviceId: 'laptop' } });
      expectProblem(answer, INVALID);
    }
    const alice = await vault.signUp();
    expectProblem(await alice.request('PUT', '/users/me/email', { json: { email } }), INVALID);
  });
});

describe('wrong JSON types', () => {
  const values: [what: string, json: string][] = [
    ['an array', '["a@example.com"]'],
    ['an object', '{"a":1}'],
    ['an object like a query', '{"$gt":""}'],
    ['a number', '12345'],
    ['a number too large for a double', '1e999'],
    ['true', 'true'],
    ['an empty string', '""'],
    ['a string of 60,000 characters', `"${'x'.repeat(60_000)}"`],
    ['a NUL', '"a\\u0000b"'],
    ['a lone surrogate', '"\\ud800"'],
  ];
  const rows = ROUTES.flatMap((route) =>
    Object.keys(GOOD[route]).flatMap((field) => values.map(([what, json]) => [route, field, what, json] as const)),
  );
  it.each(rows)('%s: %s as %s', async (route, field, _, json) => {
    const body = JSON.stringify({ ...GOOD[route], [field]: '@' }).replace('"@"', json);
    const answer = await send(route, body);
    // Any string may be tried as a challenge or a PIN: the answer is the uniform refusal.
    const tried = (field === 'pin' || field === 'challengeId') && json.startsWith('"');
    expectProblem(answer, { status: tried ? [401, 422] : 422 });
  });

  it.each(ROUTES)('%s: 10,000 nested arrays or objects', async (route) => {
    const [field = ''] = Object.keys(GOOD[route]);
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = open.repeat(10_000) + '1' + close.repeat(10_000);
      const body = JSON.stringify({ ...GOOD[route], [field]: '@' }).replace('"@"', deep);
      expectProblem(await send(route, body), { status: [400, 422] });
      expectProblem(await send(route, deep), { status: [400, 422] });
    }
  });

  it.each(ROUTES)('%s: null for a field that must be there', async (route) => {
    const [field = ''] = Object.keys(GOOD[route]);
    expectProblem(await send(route, JSON.stringify({ ...GOOD[route], [field]: null })), INVALID);
  });
});

describe('bodies that are no JSON object', () => {
  it.each<[what: string, body: string | Buffer, status: number[]]>([
    ['null', 'null', [400, 422]],
    ['a string', '"text"', [400, 422]],
    ['a number', '1', [400, 422]],
    ['an empty array', '[]', [400, 422]],
    ['an array with a good body', JSON.stringify([GOOD.signUp]), [400, 422]],
    ['half a body', '{"email":', [400]],
    ['two bodies', '{}{}', [400]],
    ['a comment', '{/**/}', [400]],
    ['single quotes', "{'email':'x'}", [400]],
    ['NaN', '{"email":NaN}', [400]],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"deviceId":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      [400, 422],
    ],
    ['UTF-16', Buffer.from('\ufeff{"email":"x"}', 'utf16le'), [400]],
    ['300,000 opening brackets', '['.repeat(300_000), [413]],
    ['1 MB', JSON.stringify({ ...GOOD.signUp, deviceName: 'x'.repeat(1_000_000) }), [413]],
  ])('%s', async (_, body, status) => {
    for (const route of ['signUp', 'signIn', 'editFile'] as const) expectProblem(await send(route, body), { status });
  });

  it('no body at all where fields must be there', async () => {
    for (const route of ['signUp', 'requestPin', 'signIn'] as const) expectProblem(await send(route, ''), INVALID);
  });

  it('a gzip bomb of 60 KB that unpacks to 60 MB is refused as too large, at once', async () => {
    const bomb = gzipSync(Buffer.alloc(60_000_000, ' '));
    const started = Date.now();
    const answer = await send('signUp', bomb, { 'content-encoding': 'gzip' });
    expectProblem(answer, { status: 413 });
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it.each(['gzip', 'deflate', 'br', 'nonsense'])('a body that is not the %s it says it is', async (coding) => {
    const answer = await send('signUp', JSON.stringify(GOOD.signUp), { 'content-encoding': coding });
    expectProblem(answer, { status: [400, 415] });
  });

  it.each(['application/json; charset=latin1', 'application/json; charset=x'])(
    'a charset unknown: %s',
    async (type) => {
      const answer = await send('signUp', JSON.stringify(GOOD.signUp), { 'content-type': type });
      expectProblem(answer, { status: 415 });
    },
  );

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    '',
  ])('a good body under the Content-Type %j is refused, not ignored', async (type) => {
    for (const route of ROUTES) {
      const answer = await send(route, JSON.stringify(GOOD[route]), { 'content-type': type });
      expectProblem(answer, { status: [415, 422] });
    }
  });
});

describe('values that look right', () => {
  it.each([
    'a@xn--a.com',
    'a@ex\ufffe.com',
    'a\ud800@example.com',
    'a@b\r\nBcc: c@example.com',
    'a b@example.com',
    'a@[127.0.0.1]',
    'a@localhost',
    'A <a@example.com>',
    'a@example.com, b@example.com',
    `${'a'.repeat(250)}@example.com`,
    'a@-.com',
    'a@example..com',
  ])('the e-mail address %j: 422', async (email) => {
    for (const route of ['signUp', 'requestPin'] as const) {
      expectProblem(await send(route, JSON.stringify({ email, deviceId: 'laptop' })), INVALID);
    }
  });

  it.each([
    'yesterday',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-08-02T25:00:00Z',
    '2026-W31-1',
    '2026-W31',
    '2026-214',
    '20260802',
    '2026-08-02T17',
    '2026-08-02T17.5',
    '2026-08-02T17:21:09,5Z',
    '-4800-01-01T00:00:00Z',
    '+123456-01-01T00:00:00Z',
    '99999999999999',
    'infinity',
    'now',
    '1e3',
  ])('the date %j: 422, in a body, in a query and in a form', async (takenAt) => {
    expectProblem(await send('editFile', JSON.stringify({ takenAt })), INVALID);
    const query = `?takenAt=${encodeURIComponent(takenAt)}`;
    expectProblem(await owner.put('dated.jpg', jpeg(1000, takenAt), { query }), INVALID);
    expectProblem(await owner.post('dated.jpg', jpeg(1000, takenAt), { takenAt }), INVALID);
    await expectStored(vault, owner.userId, 1);
  });
});
