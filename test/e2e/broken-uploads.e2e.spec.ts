import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { jpeg } from '../support/photos';
import { expectProblem, type Expected } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { FileBody, VaultClient } from '../support/vault-client';

/** Raw uploads that break off, lie about their length or their bytes, or cannot be told apart (security design, section 5). */
let vault: TestApp;
let owner: VaultClient;

const PHOTO = jpeg(200_000, 'broken');
const MALFORMED: Expected = { status: 400, code: 'REQUEST.MALFORMED' };
const MISMATCH: Expected = { status: 422, code: 'UPLOAD.DIGEST_MISMATCH' };

beforeAll(async () => {
  vault = await startTestApp();
});
// One person a test: what one upload leaves must not be blamed on the next.
beforeEach(async () => {
  owner = await vault.signUp();
});
afterAll(() => vault.close());
afterEach(async () => {
  expect((await vault.stranger().request('GET', '//health/live')).status).toBe(200);
});

/** The head of a PUT with these headers more. */
function put(...headers: string[]): string[] {
  return ['PUT /api/v1/files/by-name/p.jpg HTTP/1.1', 'Host: x', `Authorization: Bearer ${owner.token}`, ...headers];
}

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

describe('row: client abort: no 201, nothing listed, nothing left, process alive', () => {
  it.each([
    ['before the first byte', 0],
    ['before the type is known', 1000],
    ['in the middle', 100_000],
    ['one byte before the end', PHOTO.length - 1],
  ])('%s, with Content-Length and with chunks', async (_, cut) => {
    for (const leave of ['abort', 'end'] as const) {
      for (const framing of [`Content-Length: ${PHOTO.length}`, 'Transfer-Encoding: chunked']) {
        const connection = await RawConnection.to(vault.url);
        const part = PHOTO.subarray(0, cut);
        await connection.send(put(framing), framing.startsWith('T') && cut > 0 ? chunk(part) : part);
        await new Promise((resolve) => setTimeout(resolve, 30));
        connection[leave]();
        await connection.closed();
        const answer = await connection.answer();
        if (answer) expect([400, 408]).toContain(answer.status);
        await expectStored(vault, owner.userId, 0);
      }
    }
    expect((await owner.list()).body.items).toEqual([]);
    // The same name and bytes are welcome afterwards: nothing of the attempts is in their way.
    expect((await owner.put('p.jpg', PHOTO)).status).toBe(201);
  });
});

describe('row: Content-Length lies, CL+TE: refused, nothing stored', () => {
  it('a body longer than announced: what was announced is held against its digest, the rest is not a request', async () => {
    const digest = `Content-Digest: sha-256=:${createHash('sha256').update(PHOTO).digest('base64')}:`;
    const connection = await RawConnection.to(vault.url);
    await connection.send(put('Content-Length: 150000', digest), PHOTO);
    // What follows cannot be read as a request, and its refusal may overtake the answer to the first.
    expectProblem(await connection.answer(), { status: [400, 422] });
    await connection.closed();
    await expectStored(vault, owner.userId, 0);
  });

  const rows: [what: string, framing: string[], body: string | Buffer][] = [
    ['Content-Length next to Transfer-Encoding', ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['Transfer-Encoding next to Content-Length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'],
    ['two Content-Lengths', ['Content-Length: 4', 'Content-Length: 5'], 'abcde'],
    ['a Content-Length with two values', ['Content-Length: 4, 4'], 'abcd'],
    ['a negative Content-Length', ['Content-Length: -1'], ''],
    ['a signed Content-Length', ['Content-Length: +4'], 'abcd'],
    ['a hexadecimal Content-Length', ['Content-Length: 0x10'], 'a'.repeat(16)],
    ['a Content-Length with a letter', ['Content-Length: 12a'], 'a'.repeat(12)],
    ['a Content-Length beyond 2^64', ['Content-Length: 99999999999999999999999'], 'abcd'],
    ['chunked not as the last coding', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['an unknown transfer coding', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['a chunk size that is no number', ['Transfer-Encoding: chunked'], 'zz\r\nabc\r\n'],
    ['a negative chunk size', ['Transfer-Encoding: chunked'], '-3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size beyond 2^64', ['Transfer-Encoding: chunked'], 'fffffffffffffffffff\r\nabc\r\n'],
    ['a chunk longer than its size', ['Transfer-Encoding: chunked'], '2\r\nabcdef\r\n0\r\n\r\n'],
    [
      'garbage after a good chunk',
      ['Transfer-Encoding: chunked'],
      Buffer.concat([chunk(PHOTO), Buffer.from('!!\r\n')]),
    ],
    ['a header behind a space', ['Content-Length : 4'], 'abcd'],
    ['a folded header', ['Content-Length: 4', ' 5'], 'abcd'],
    ['a bare LF in the headers', ['X: a\nContent-Length: 4'], 'abcd'],
    ['a NUL in a header', ['X: a\0b', 'Content-Length: 4'], 'abcd'],
  ];
  it.each(rows)('%s', async (_, framing, body) => {
    const connection = await RawConnection.to(vault.url);
    await connection.send(put(...framing), body);
    const answer = await connection.answer();
    await connection.closed();
    expectProblem(answer, MALFORMED);
    await expectStored(vault, owner.userId, 0);
  });

  it('no length at all: an empty file, refused', async () => {
    expectProblem(await RawConnection.exchange(vault.url, put()), { status: 422, code: 'UPLOAD.EMPTY' });
    await expectStored(vault, owner.userId, 0);
  });
});

describe('upload commit protocol: the optional digest', () => {
  const base64 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64');
  const wrong = `sha-256=:${base64(jpeg(10))}:`;
  const right = `sha-256=:${base64(PHOTO)}:`;
  it.each<[string, Record<string, string>, Expected]>([
    ['a wrong Content-Digest', { 'content-digest': wrong }, MISMATCH],
    ['a wrong Repr-Digest', { 'repr-digest': wrong }, MISMATCH],
    ['a right and a wrong one', { 'content-digest': right, 'repr-digest': wrong }, MISMATCH],
    ['a digest of 31 bytes', { 'content-digest': `sha-256=:${base64(PHOTO).slice(0, -3)}=:` }, MALFORMED],
    ['a digest in hex', { 'content-digest': `sha-256=${'0'.repeat(64)}` }, MALFORMED],
    ['an unfinished digest', { 'content-digest': 'sha-256=:' }, MALFORMED],
    ['a digest that is no dictionary', { 'repr-digest': '💥=;;' }, MALFORMED],
  ])('%s: nothing stored', async (_, headers, expected) => {
    // HTTP headers are bytes: a character beyond them has to be written as its UTF-8.
    const bytes = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
    const answer = await owner.put('p.jpg', PHOTO, { headers: Object.fromEntries(bytes) as Record<string, string> });
    expectProblem(answer, expected);
    await expectStored(vault, owner.userId, 0);
  });

  it.each<[string, Record<string, string>]>([
    ['the right Content-Digest', { 'content-digest': right }],
    ['the right Repr-Digest among others', { 'repr-digest': `md5=:AAAA:, ${right}` }],
    ['only algorithms that we do not know', { 'content-digest': 'sha-512=:AAAA:' }],
  ])('%s: 201', async (_, headers) => {
    expect((await owner.put('p.jpg', PHOTO, { headers })).status).toBe(201);
  });
});

describe('what arrives is what is stored', () => {
  it('zero bytes: 422, nothing stored', async () => {
    expectProblem(await owner.put('p.jpg', Buffer.alloc(0)), { status: 422, code: 'UPLOAD.EMPTY' });
    const chunked = await RawConnection.exchange(vault.url, put('Transfer-Encoding: chunked'), '0\r\n\r\n');
    expectProblem(chunked, { status: 422, code: 'UPLOAD.EMPTY' });
    await expectStored(vault, owner.userId, 0);
  });

  it.each([
    ['gzip', gzipSync(PHOTO)],
    ['gzip', PHOTO],
    ['deflate', PHOTO],
    ['br', PHOTO],
    ['nonsense', PHOTO],
  ])('Content-Encoding %s: 415, neither decoded nor stored as if it were the file', async (coding, body) => {
    const answer = await owner.put('p.jpg', body, { headers: { 'content-encoding': coding } });
    expectProblem(answer, { status: 415 });
    await expectStored(vault, owner.userId, 0);
  });

  // RFC 9110 section 14.5: a server that does not support partial PUT answers 400; taking the part for the whole would lose the rest.
  it('Content-Range: 400, a part is not taken for the whole', async () => {
    const headers = { 'content-range': `bytes 0-199999/400000` };
    expectProblem(await owner.put('p.jpg', PHOTO, { headers }), MALFORMED);
    await expectStored(vault, owner.userId, 0);
  });

  it.each(['application/json', 'text/html', 'multipart/form-data', 'application/x-www-form-urlencoded', 'x'])(
    'a raw body of Content-Type %s is a stream of bytes like any other',
    async (contentType) => {
      const answer = await owner.put('p.jpg', PHOTO, { headers: { 'content-type': contentType } });
      expect(answer.body).toMatchObject({ status: 'created', contentType: 'image/jpeg', size: PHOTO.length });
      expect((await owner.content(answer.body.id)).bytes.equals(PHOTO)).toBe(true);
    },
  );

  it('chunks of one byte and trailers make the same file as one block', async () => {
    const small = PHOTO.subarray(0, 3000);
    const body = Buffer.concat([
      ...Array.from(small, (byte) => chunk(Buffer.from([byte]))),
      Buffer.from('0\r\nX: y\r\n\r\n'),
    ]);
    const answer = await RawConnection.exchange(vault.url, put('Transfer-Encoding: chunked'), body);
    expect(answer?.status).toBe(201);
    const { id } = answer?.body as unknown as FileBody;
    expect((await owner.content(id)).bytes.equals(small)).toBe(true);
  });
});

describe('Expect: 100-continue', () => {
  it('is answered 100 before the body and 201 after it', async () => {
    const connection = await RawConnection.to(vault.url);
    await connection.send(put(`Content-Length: ${PHOTO.length}`, 'Expect: 100-continue'));
    expect((await connection.answer())?.status).toBe(100);
    await connection.write(PHOTO);
    expect((await connection.answer())?.status).toBe(201);
    connection.abort();
  });

  it('is refused without a session, and no byte is stored', async () => {
    const connection = await RawConnection.to(vault.url);
    const lines = put(`Content-Length: ${PHOTO.length}`, 'Expect: 100-continue');
    await connection.send(lines.filter((line) => !line.startsWith('Authorization')));
    let answer = await connection.answer();
    if (answer?.status === 100) answer = await connection.answer();
    expectProblem(answer, { status: 401 });
    connection.abort();
    await expectStored(vault, owner.userId, 0);
  });

  // RFC 9110 section 10.1.1: a server MAY answer 417 to another expectation; it may as well not mind.
  it('another expectation is no fault, and its refusal is a problem like any other', async () => {
    const lines = put(`Content-Length: ${PHOTO.length}`, 'Expect: a-miracle');
    const answer = await RawConnection.exchange(vault.url, lines, PHOTO);
    if (answer?.status !== 201) expectProblem(answer, { status: 417 });
  });
});
