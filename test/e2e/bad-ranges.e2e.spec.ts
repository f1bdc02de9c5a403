import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

/** Row "range bombs", and what else RFC 9110 lets a client ask of a download (sections 13 and 14). */
const SIZE = 100_000;
const PHOTO = jpeg(SIZE, 'ranges');

let vault: TestApp;
let owner: VaultClient;
let id: string;
let etag: string;

beforeAll(async () => {
  vault = await startTestApp();
  owner = await vault.signUp();
  ({ id } = (await owner.put('ranges.jpg', PHOTO)).body);
  etag = (await owner.content(id)).headers.get('etag') ?? '';
});
afterAll(() => vault.close());

describe('one range', () => {
  it.each<[range: string, start: number, end: number]>([
    ['bytes=0-0', 0, 0],
    ['bytes=0-', 0, SIZE - 1],
    ['bytes=99999-', SIZE - 1, SIZE - 1],
    ['bytes=-1', SIZE - 1, SIZE - 1],
    ['bytes=-500', SIZE - 500, SIZE - 1],
    [`bytes=-${SIZE}`, 0, SIZE - 1],
    ['bytes=-999999999999999999999', 0, SIZE - 1],
    ['bytes=16383-16384', 16_383, 16_384],
    ['bytes=16384-32767', 16_384, 32_767],
    ['bytes=50000-999999999999999999999', 50_000, SIZE - 1],
    ['bytes= 10-19', 10, 19],
    ['BYTES=10-19', 10, 19],
    ['bytes=,10-19,', 10, 19],
    ['bytes=00000000000000000000000000000010-19', 10, 19],
  ])('%s: 206', async (range, start, end) => {
    const { status, headers, bytes } = await owner.content(id, { range });
    expect([status, headers.get('content-range')]).toEqual([206, `bytes ${start}-${end}/${SIZE}`]);
    expect(headers.get('content-length')).toBe(String(end - start + 1));
    expect(bytes.equals(PHOTO.subarray(start, end + 1))).toBe(true);
  });
});

describe('row: range bombs', () => {
  it.each([
    ['more than one range: whole', 'bytes=0-1,2-3'],
    ['1,300 ranges: whole', `bytes=${Array.from({ length: 1300 }, (_, i) => `${i}-${i}`).join(',')}`],
    ['overlapping ranges: whole', 'bytes=0-,0-,0-,0-'],
    ['malformed: ignored', 'bytes=a-b'],
    ['no positions: ignored', 'bytes=-'],
    ['nothing: ignored', 'bytes='],
    ['a negative position: ignored', 'bytes=--5'],
    ['last before first: ignored', 'bytes=20-10'],
    ['last before first beyond 2^53: ignored', 'bytes=9007199254740993-9007199254740992'],
    ['another unit: ignored', 'items=0-5'],
    ['no unit: ignored', '0-5'],
    ['hexadecimal: ignored', 'bytes=0x1-0x5'],
    ['a fraction: ignored', 'bytes=1.5-3'],
    ['an exponent: ignored', 'bytes=1e2-'],
    ['a sign: ignored', 'bytes=+1-5'],
    ['text behind: ignored', 'bytes=0-5; drop table'],
    ['a space inside: ignored', 'bytes=0 -5'],
    ['8,000 digits and no end: ignored', `bytes=${'1'.repeat(8000)}x-`],
  ])('%s', async (_, range) => {
    const { status, headers, bytes } = await owner.content(id, { range });
    expect([status, headers.get('content-range')]).toEqual([200, null]);
    expect(bytes.equals(PHOTO)).toBe(true);
  });

  it.each([
    `bytes=${SIZE}-`,
    `bytes=${SIZE}-${SIZE}`,
    'bytes=-0',
    `bytes=${'9'.repeat(400)}-`,
    'bytes=9007199254740992-',
  ])('unsatisfiable %s: 416 with Content-Range', async (range) => {
    for (const path of [`/files/${id}/content`, '/files/by-name/ranges.jpg/content']) {
      const answer = await owner.request('GET', path, { headers: { range } });
      expectProblem(answer, { status: 416, code: 'FILE.RANGE_NOT_SATISFIABLE' });
      expect(answer.headers.get('content-range')).toBe(`bytes */${SIZE}`);
    }
  });

  it('a thousand ranges of a byte each, at random places, are a thousand right bytes', async () => {
    for (let i = 0; i < 1000; i += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const at = Math.floor(Math.random() * SIZE);
          return { at, ...(await owner.content(id, { range: `bytes=${at}-${at}` })) };
        }),
      );
      for (const { at, bytes } of answers) expect([at, ...bytes]).toEqual([at, PHOTO[at]]);
    }
  });
});

describe('conditions', () => {
  const range = 'bytes=0-9';
  it.each<[what: string, headers: () => Record<string, string>, status: number]>([
    ['If-Range: the current tag', () => ({ range, 'if-range': etag }), 206],
    ['stale If-Range: whole', () => ({ range, 'if-range': '"stale"' }), 200],
    ['weak If-Range: whole', () => ({ range, 'if-range': `W/${etag}` }), 200],
    ['If-Range: a date: whole', () => ({ range, 'if-range': 'Fri, 20 Nov 2026 10:00:00 GMT' }), 200],
    ['stale If-Range beside an unsatisfiable range: whole', () => ({ range: 'bytes=999999-', 'if-range': '"x"' }), 200],
    ['If-None-Match: the current tag', () => ({ 'if-none-match': etag }), 304],
    ['If-None-Match: the current tag, weak', () => ({ 'if-none-match': `W/${etag}` }), 304],
    ['If-None-Match: one of many', () => ({ 'if-none-match': `"a", "b,c", ${etag}` }), 304],
    ['If-None-Match: *', () => ({ 'if-none-match': '*' }), 304],
    ['If-None-Match: another', () => ({ 'if-none-match': '"another"' }), 200],
    ['If-None-Match: the tag without quotes', () => ({ 'if-none-match': etag.slice(1, -1) }), 200],
    ['If-None-Match: unfinished quotes', () => ({ 'if-none-match': '"'.repeat(4000) }), 200],
    ['If-None-Match before Range', () => ({ range, 'if-none-match': etag }), 304],
    ['If-Modified-Since: not our way', () => ({ 'if-modified-since': 'Fri, 20 Nov 2099 10:00:00 GMT' }), 200],
  ])('%s', async (_, headers, status) => {
    const answer = await owner.content(id, headers());
    expect(answer.status).toBe(status);
    expect(answer.headers.get('etag')).toBe(etag);
    const expected = { 200: PHOTO, 206: PHOTO.subarray(0, 10), 304: Buffer.alloc(0) }[status];
    expect(answer.bytes.equals(expected ?? PHOTO)).toBe(true);
  });

  it('the tag is strong, opaque, and says nothing of the bytes: the same bytes of two people have two', async () => {
    const other = await vault.signUp();
    const { body } = await other.put('ranges.jpg', PHOTO);
    const theirs = (await other.content(body.id)).headers.get('etag');
    expect(theirs).toMatch(/^"[^"]+"$/);
    expect(theirs).not.toBe(etag);
  });

  it.each(['If-None-Match: *', 'If-None-Match: the tag'])(
    'access is checked before any 304 (%s): 404 for another, 401 for nobody',
    async (what) => {
      const headers = { 'if-none-match': what.endsWith('*') ? '*' : etag };
      expectProblem(await (await vault.signUp()).content(id, headers), { status: 404, code: 'FILE.NOT_FOUND' });
      expectProblem(await vault.stranger().content(id, headers), { status: 401 });
    },
  );
});

describe('HEAD', () => {
  it.each([() => `/files/${id}/content`, () => '/files/by-name/ranges.jpg/content'])(
    'answers the headers of GET and no byte (%#)',
    async (path) => {
      const [get, head] = [await owner.request('GET', path()), await owner.request('HEAD', path())];
      expect([head.status, head.bytes.length]).toEqual([200, 0]);
      const same = ['content-length', 'content-type', 'etag', 'accept-ranges', 'cache-control', 'content-disposition'];
      for (const name of same) expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    },
  );

  it('ignores a range, and knows 304', async () => {
    const path = `/files/${id}/content`;
    const ranged = await owner.request('HEAD', path, { headers: { range: 'bytes=999999-' } });
    expect([ranged.status, ranged.headers.get('content-length')]).toEqual([200, String(SIZE)]);
    expect((await owner.request('HEAD', path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });
});

describe('content headers (security design, section 4)', () => {
  it.each([200, 206])('a file is data: sandboxed, not sniffed, private (%d)', async (status) => {
    const { headers } = await owner.content(id, status === 206 ? { range: 'bytes=0-1' } : {});
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      vary: 'Cookie, Authorization',
      'accept-ranges': 'bytes',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });
});
