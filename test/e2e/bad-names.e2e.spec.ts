import { parse } from 'content-disposition';
import { form } from '../support/form';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { blobDirectory, expectStored, tracesOf } from '../support/traces';
import type { FileBody, VaultClient } from '../support/vault-client';

/** Names as people, cameras and attackers give them (security design, section 5): data, never a path. */
let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const COMPOSED = 'Caf\u00e9 \u00c5.jpg';
const DECOMPOSED = 'Cafe\u0301 A\u030a.jpg';
const LONGEST = `${'ü'.repeat(125)}x.jpg`;

describe('row: path traversal, absolute and Windows names are data, by their last component', () => {
  const rows: [sent: string, kept: string][] = [
    ['../../../../tmp/evil.jpg', 'evil.jpg'],
    ['/etc/passwd', 'passwd'],
    ['C:\\Windows\\System32\\cmd.exe', 'cmd.exe'],
    ['\\\\server\\share\\unc.jpg', 'unc.jpg'],
    ['....//....//dots.jpg', 'dots.jpg'],
    ['..\\..\\mixed/../slashes.jpg', 'slashes.jpg'],
    ['CON', 'CON'],
    ['NUL.jpg', 'NUL.jpg'],
    ['ads.jpg:stream', 'ads.jpg:stream'],
    ['~root', '~root'],
    ['$(reboot).jpg', '$(reboot).jpg'],
    ["'; DROP TABLE files; --.jpg", "'; DROP TABLE files; --.jpg"],
    ['%2e%2e%2fdouble.jpg', '%2e%2e%2fdouble.jpg'],
    ['...', '...'],
    ['.htaccess', '.htaccess'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
  ];
  it.each(rows)('%j, raw and in a form, is kept as %j and touches no path', async (sent, kept) => {
    const owner = await vault.signUp();
    expect((await owner.put(sent, jpeg(500, 'raw'))).body).toMatchObject({ status: 'created', name: kept });
    const posted = await owner.post(sent, jpeg(500, 'form'));
    expect(posted.body.name).toMatch(/ \(1\)/);
    const { objects } = await tracesOf(vault, owner.userId);
    const object = /^[0-9a-f]{2}\/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
    const below = blobDirectory(vault, owner.userId ?? '');
    for (const path of objects) expect(path.slice(below.length + 1)).toMatch(object);
    await expectStored(vault, owner.userId, 2);
  });
});

describe('row: names that no system could give back are refused before the database sees them', () => {
  let owner: VaultClient;
  beforeAll(async () => {
    owner = await vault.signUp();
  });
  const rows: [what: string, encoded: string][] = [
    ['NUL', 'a%00b.jpg'],
    ['a control character', 'a%07b.jpg'],
    ['CR LF (header injection)', 'a%0d%0aSet-Cookie:%20x=y.jpg'],
    ['DEL', 'a%7fb.jpg'],
    ['a C1 control character', 'a%c2%85b.jpg'],
    ['nothing after the last slash', 'a%2F'],
    ['a single dot', '%2e'],
    ['two dots', '%2e%2e'],
    ['two dots behind a slash', 'a%2f..'],
    ['256 bytes', 'a'.repeat(256)],
    ['256 bytes of UTF-8 in 128 characters', encodeURIComponent('ü'.repeat(128))],
    ['10,000 bytes', 'b'.repeat(10_000)],
  ];
  it.each(rows)('raw PUT with %s: 422, nothing stored', async (_, encoded) => {
    // Not by fetch, which resolves dots in a path before it sends it.
    const answer = await owner.request('PUT', `/files/by-name/${encoded.replace(/^(%2e)+$/, 'x%2f$&')}`, {
      body: new Uint8Array(jpeg(500)),
    });
    expectProblem(answer, { status: 422, code: 'FILE.BAD_NAME' });
    await expectStored(vault, owner.userId, 0);
  });

  it.each(rows.slice(0, 10))('form with %s: 422, nothing stored', async (_, encoded) => {
    const filename = decodeURIComponent(encoded).replace(/\r/g, '%0D').replace(/\n/g, '%0A');
    const answer = await owner.request('POST', '/files', form({ name: 'file', filename, body: jpeg(500) }));
    // busboy does not take a head with a NUL for a head at all, nor a name that ends in a slash for a name.
    expectProblem(answer, { status: [400, 422] });
    await expectStored(vault, owner.userId, 0);
  });

  it.each([...rows.slice(0, 11), ['a lone surrogate', 'a\ud800b.jpg']])('rename to %s: 422', async (_, encoded) => {
    const renamer = await vault.signUp();
    const { body: file } = await renamer.put('good.jpg', jpeg(500));
    const name = encoded?.includes('\ud800') ? encoded : decodeURIComponent(encoded ?? '');
    const answer = await renamer.request('PATCH', `/files/${file.id}`, { json: { name } });
    expectProblem(answer, { status: 422, code: /^(FILE\.BAD_NAME|REQUEST\.INVALID)$/ });
    expect((await renamer.request('GET', `/files/${file.id}`)).body.name).toBe('good.jpg');
  });

  it.each([
    ['a lone surrogate', 'a%ED%A0%80b.jpg'],
    ['an overlong slash', '..%c0%afb.jpg'],
    ['half a character', 'a%c3.jpg'],
    ['a broken escape', 'a%zz.jpg'],
  ])('raw PUT with %s in UTF-8: 400, nothing stored', async (_, encoded) => {
    const answer = await owner.request('PUT', `/files/by-name/${encoded}`, { body: new Uint8Array(jpeg(500)) });
    expectProblem(answer, { status: 400, code: 'REQUEST.MALFORMED' });
    await expectStored(vault, owner.userId, 0);
  });

  it('a form’s name that is not UTF-8 is kept with replacement characters, as JSON can show it', async () => {
    const head = Buffer.concat([
      Buffer.from('Content-Disposition: form-data; name="file"; filename="'),
      Buffer.from([0x61, 0xed, 0xa0, 0x80, 0xff]),
      Buffer.from('.jpg"'),
    ]).toString('latin1');
    const { headers, body } = form({ head: ['@'], body: jpeg(500) });
    const bytes = Buffer.from(Buffer.from(body).toString('latin1').replace('@', head), 'latin1');
    const answer = await owner.request<FileBody>('POST', '/files', { headers, body: new Uint8Array(bytes) });
    expect(answer.body.name).toMatch(/^a\ufffd+\.jpg$/);
    const found = await owner.request('GET', `/files/by-name/${encodeURIComponent(answer.body.name)}/content`);
    expect(found.status).toBe(200);
  });
});

describe('row: other names are stored and returned as NFC', () => {
  it.each([
    ['composed', COMPOSED],
    ['decomposed', DECOMPOSED],
  ])('a name sent %s is found by both spellings, and is one name', async (_, sent) => {
    const owner = await vault.signUp();
    const photo = jpeg(500, sent);
    expect((await owner.put(sent, photo)).body.name).toBe(COMPOSED);
    for (const spelling of [COMPOSED, DECOMPOSED]) {
      expect((await byName(owner, spelling)).bytes.equals(photo)).toBe(true);
      const second = await owner.put(spelling, jpeg(500, 'other'), { query: '?conflict=reject' });
      expectProblem(second, { status: 409, code: 'FILE.NAME_TAKEN' });
    }
    await expectStored(vault, owner.userId, 1);
  });

  it.each(['日本語の写真.jpg', 'Ελληνικά.jpg', '📷🏳️‍🌈.jpg', 'עברית\u202egpj.jpg', 'a"b\'c;d,e=f%20g.jpg', LONGEST])(
    'row: UTF-8 names in multipart: %j comes back as it was, from a form and from a path',
    async (name) => {
      const owner = await vault.signUp();
      const posted = await owner.post(name, jpeg(500, 1));
      const put = await owner.put(name, jpeg(500, 2), { query: '?conflict=reject' });
      expect([posted.body.name, put.status]).toEqual([name, 409]);
      expect((await byName(owner, name)).status).toBe(200);
    },
  );

  it('a form’s filename* wins over its ASCII fallback', async () => {
    const owner = await vault.signUp();
    const head = [`Content-Disposition: form-data; name="file"; filename="x.jpg"; filename*=UTF-8''na%C3%AFve.jpg`];
    const { body } = await owner.request<FileBody>('POST', '/files', form({ head, body: jpeg(500) }));
    expect(body.name).toBe('naïve.jpg');
  });
});

describe('row: header injection by name', () => {
  it.each([
    ['plain.jpg', 'inline'],
    ['quo"te\\d.jpg', 'inline'],
    ['semi; filename=evil.html', 'inline'],
    ['日本語 €.jpg', 'inline'],
    ['100%25.jpg', 'inline'],
    ['line\u2028separator.jpg', 'inline'],
  ])('%j: Content-Disposition is one header that gives the name back, with an ASCII fallback', async (name, type) => {
    const owner = await vault.signUp();
    const { body: file } = await owner.request<FileBody>('PUT', `/files/by-name/x.jpg`, {
      body: new Uint8Array(jpeg(500)),
    });
    const renamed = await owner.request<FileBody>('PATCH', `/files/${file.id}`, { json: { name } });
    const { headers } = await owner.content(file.id);
    const header = headers.get('content-disposition') ?? '';
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    expect(parse(header)).toMatchObject({ type, parameters: { filename: renamed.body.name } });
    if (/[^\x20-\x7e]/.test(name)) expect(header).toMatch(/filename="[\x20-\x7e]+"; filename\*=UTF-8''/);
    const saved = await owner.request('GET', `/files/${file.id}/content?disposition=attachment`);
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment; /);
  });
});

describe('row: same name 50 times in parallel', () => {
  it('makes 50 distinct files with 50 numbered names, and overwrites none', async () => {
    const owner = await vault.signUp();
    const photos = Array.from({ length: 50 }, (_, i) => jpeg(2000 + i, `parallel ${i}`));
    const answers = await Promise.all(
      photos.map((photo, i) =>
        i % 2 ? owner.post('same.jpg', photo) : owner.put('same.jpg', photo, { query: '?conflict=rename' }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(photos.map(() => 201));
    const numbers = Array.from({ length: 49 }, (_, i) => `same (${i + 1}).jpg`);
    expect(new Set(answers.map(({ body }) => body.name))).toEqual(new Set(['same.jpg', ...numbers]));
    await expectStored(vault, owner.userId, 50);
    for (const [i, { body }] of answers.entries()) {
      expect((await owner.content(body.id)).bytes.equals(photos[i] ?? Buffer.alloc(0))).toBe(true);
    }
  });
});

async function byName(owner: VaultClient, name: string) {
  return owner.request('GET', `/files/by-name/${encodeURIComponent(name)}/content`);
}
