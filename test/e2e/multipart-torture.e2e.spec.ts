import { fields, form, type Form, type Part } from '../support/form';
import { jpeg } from '../support/photos';
import { expectProblem, type Expected } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';

/** Row "multipart bombs" of the security design, section 5: whatever the form, a refusal leaves not a row and not a byte. */
let vault: TestApp;
let owner: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
});
// One person a row: what one form leaves must not be blamed on the next.
beforeEach(async () => {
  owner = await vault.signUp();
});
afterAll(() => vault.close());
afterEach(async () => {
  expect((await vault.stranger().request('GET', '//health/live')).status).toBe(200);
});

const INHERITED = Object.getOwnPropertyNames(Object.prototype);
const PHOTO = jpeg(100_000, 'multipart');
const FILE: Part = { name: 'file', filename: 'photo.jpg', body: PHOTO };
const CONFLICT: Part = { name: 'conflict', body: 'rename' };
const BAD_FORM: Expected = { status: 400, code: 'UPLOAD.BAD_FORM' };
const TOO_LARGE: Expected = { status: 413, code: 'UPLOAD.FORM_TOO_LARGE' };
const INVALID: Expected = { status: 422, code: 'REQUEST.INVALID' };
const NO_FILE: Expected = { status: 422, code: 'UPLOAD.NO_FILE' };

const DISPOSITION = 'Content-Disposition: form-data; name="file"; filename="photo.jpg"';
const EMPTY_INPUT = [DISPOSITION.replace('photo.jpg', ''), 'Content-Type: application/octet-stream'];

function headerPairs(count: number): string[] {
  return [...Array.from({ length: count - 1 }, (_, i) => `X-${i}: x`), DISPOSITION];
}

function lyingHead(): string[] {
  return [DISPOSITION, 'Content-Type: text/html', 'Content-Transfer-Encoding: base64'];
}

/** A form whose head names this content type instead of its own. */
function typed(contentType: string, { body }: Form): Form {
  return { headers: { 'content-type': contentType }, body };
}

/** A form with this put in the place of its end. */
function ending(end: string, { headers, body }: Form): Form {
  const text = Buffer.from(body)
    .toString('latin1')
    .replace(/\r\n--[\w-]+--\r\n$/, end);
  return { headers, body: new Uint8Array(Buffer.from(text, 'latin1')) };
}

describe('row: multipart bombs: a refused form stores nothing', () => {
  const attachment: Part = { head: ['Content-Disposition: attachment; filename="a.jpg"'], body: 'x' };

  const rows: [what: string, sent: Form, expected: Expected][] = [
    ['2 files', form(FILE, { ...FILE, filename: 'second.jpg', body: jpeg(5000, 'second') }), { status: [400, 413] }],
    ['11 fields', form(...fields(11), FILE), TOO_LARGE],
    ['11 fields after the file', form(FILE, ...fields(11)), { status: [400, 413] }],
    ['13 parts', form(...Array.from({ length: 12 }, () => attachment), FILE), TOO_LARGE],
    ['1,000 parts', form(...Array.from({ length: 1000 }, () => attachment), FILE), TOO_LARGE],
    ['a field name of 65 bytes', form({ name: 'n'.repeat(65), body: 'x' }, FILE), TOO_LARGE],
    ['a file part’s name of 65 bytes', form({ ...FILE, name: 'n'.repeat(65) }), { status: [400, 413] }],
    ['a value of 8,193 bytes', form({ name: 'folderId', body: 'x'.repeat(8193) }, FILE), TOO_LARGE],
    ['a value of 1 MB', form({ name: 'folderId', body: 'x'.repeat(1_000_000) }, FILE), TOO_LARGE],
    ['a part with 3,000 header pairs', form({ head: headerPairs(3000), body: PHOTO }), BAD_FORM],
    ['a part with a header of 20 KB', form({ ...FILE, filename: 'x'.repeat(20_000) }), BAD_FORM],
    ['a part without a name', form({ head: ['Content-Disposition: form-data'], body: 'x' }, FILE), BAD_FORM],
    ['a part without a head', form({ head: [], body: 'x' }, FILE), { status: [400, 422] }],
    ['a part with a broken head', form({ head: ['Content-Disposition'], body: PHOTO }), BAD_FORM],
    ['no boundary', typed('multipart/form-data', form(FILE)), BAD_FORM],
    ['an empty boundary', typed('multipart/form-data; boundary=', form(FILE)), { status: [400, 422] }],
    ['another boundary', typed('multipart/form-data; boundary=other', form(FILE)), { status: [400, 422] }],
    ['a boundary of 10,000 bytes', typed(`multipart/form-data; boundary=${'b'.repeat(10_000)}`, form(FILE)), BAD_FORM],
    ['multipart/mixed', typed('multipart/mixed; boundary=photovault-test-boundary', form(FILE)), { status: 415 }],
    ['JSON', typed('application/json', { ...form(), body: new Uint8Array(Buffer.from('{}')) }), { status: 415 }],
    ['an urlencoded form', typed('application/x-www-form-urlencoded', form(FILE)), { status: 415 }],
    ['no parts', form(), { status: [400, 422] }],
    ['no file part', form({ name: 'conflict', body: 'rename' }), NO_FILE],
    ['a file part without a filename', form({ name: 'file', body: PHOTO }), { status: [413, 422] }],
    ['a file part with an empty filename', form({ ...FILE, filename: '' }), { status: [413, 422] }],
    ['a file input that was left empty', form({ head: EMPTY_INPUT, body: '' }), NO_FILE],
    ['the file under another name', form({ ...FILE, name: 'photo' }), BAD_FORM],
    ['the file under an array’s name', form({ ...FILE, name: 'file[]' }), BAD_FORM],
    ['a field after the file', form(FILE, { name: 'conflict', body: 'reject' }), BAD_FORM],
    ['a field again after the file', form(CONFLICT, FILE, { name: 'conflict', body: 'reject' }), BAD_FORM],
    ['a folder after the file', form(FILE, { name: 'folderId', body: 'x' }), BAD_FORM],
    ['a field __proto__ after the file', form(FILE, { name: '__proto__', body: 'x' }), BAD_FORM],
    ['a nested field a[b][c]', form({ name: 'a[b][c]', body: 'x' }, FILE), TOO_LARGE],
    ['a nested field takenAt[x]', form({ name: 'takenAt[x]', body: '2026' }, FILE), { status: [413, 422] }],
    ['a field twice', form({ name: 'takenAt', body: '2026' }, { name: 'takenAt', body: '2027' }, FILE), INVALID],
    ['an unknown field', form({ name: 'ownerId', body: 'x' }, FILE), INVALID],
    ['an unknown field size', form({ name: 'size', body: '1' }, FILE), INVALID],
    ['a field __proto__', form({ name: '__proto__', body: 'x' }, FILE), INVALID],
    ['a field __proto__[polluted]', form({ name: '__proto__[polluted]', body: 'x' }, FILE), { status: [413, 422] }],
    ['a field constructor', form({ name: 'constructor', body: 'x' }, FILE), INVALID],
    ['a field constructor[prototype]', form({ name: 'constructor[x]', body: 'x' }, FILE), { status: [413, 422] }],
    ['a field toString', form({ name: 'toString', body: 'x' }, FILE), INVALID],
    // An index makes an array of that length, and whoever walks it holds the process up: 2^32 elements for two minutes.
    ['a field of a million elements', form({ name: 'folderId[999999]', body: 'x' }, FILE), TOO_LARGE],
    ['a bad conflict', form({ name: 'conflict', body: 'overwrite' }, FILE), INVALID],
    ['a bad date', form({ name: 'takenAt', body: 'yesterday' }, FILE), INVALID],
    ['a bad folder', form({ name: 'folderId', body: "x'--" }, FILE), { status: 404, code: 'FOLDER.NOT_FOUND' }],
    ['an empty file', form({ ...FILE, body: '' }), { status: 422, code: 'UPLOAD.EMPTY' }],
    ['nothing behind the last part', ending('', form(FILE)), { status: 400 }],
    ['half of the last boundary', ending('\r\n--photovault-te', form(FILE)), { status: 400 }],
    ['no body at all', { ...form(), body: new Uint8Array() }, { status: [400, 422] }],
    [
      'a long text file',
      form({ ...FILE, body: 'text '.repeat(100_000) }),
      { status: 415, code: 'UPLOAD.TYPE_REFUSED' },
    ],
    ['a text file', form({ ...FILE, body: 'just text' }), { status: 415, code: 'UPLOAD.TYPE_REFUSED' }],
  ];

  it.each(rows)('%s', async (_, { headers, body }, expected) => {
    expectProblem(await owner.request('POST', '/files', { headers, body }), expected);
    await expectStored(vault, owner.userId, 0);
    expect((await owner.list()).body).toEqual({ items: [], nextCursor: null });
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(INHERITED);
  });
});

describe('row: multipart bombs: what is odd but harmless is read', () => {
  it.each<[string, Part]>([
    ['21 header pairs: a head is limited to 16 KiB, whatever their number', { head: headerPairs(21), body: PHOTO }],
    ['a Content-Type and a transfer encoding of the part: not believed', { head: lyingHead(), body: PHOTO }],
  ])('%s', async (_, part) => {
    expectPhoto(await owner.request<FileBody>('POST', '/files', form({ name: 'conflict', body: 'reject' }, part)));
  });

  it('a preamble and an epilogue', async () => {
    const { headers, body } = form(FILE);
    const whole = new Uint8Array(Buffer.concat([Buffer.from('preamble\r\n'), body, Buffer.from('\r\nepilogue')]));
    expectPhoto(await owner.request<FileBody>('POST', '/files', { headers, body: whole }));
  });

  it('a value of 8,192 bytes is read, and refused for what it says', async () => {
    const answer = await owner.request('POST', '/files', form({ name: 'conflict', body: 'x'.repeat(8192) }, FILE));
    expectProblem(answer, INVALID);
  });

  function expectPhoto({ body }: Answer<FileBody>): void {
    expect(body).toMatchObject({ status: 'created', contentType: 'image/jpeg', size: PHOTO.length });
  }
});

describe('row: client abort, truncated multipart: no 201, nothing listed, nothing left, process alive', () => {
  const whole = Buffer.from(form({ name: 'conflict', body: 'rename' }, FILE).body);
  const inHead = whole.indexOf('filename') + 3;
  it.each([
    ['before the first byte', 0],
    ['inside the first boundary', 5],
    ['inside a field', 100],
    ['inside the file’s head', inHead],
    ['behind the file’s head', whole.indexOf(PHOTO)],
    ['after 20 bytes of the file', whole.indexOf(PHOTO) + 20],
    ['in the middle of the file', 60_000],
    ['inside the last boundary', whole.length - 4],
  ])('%s', async (_, cut) => {
    for (const leave of ['abort', 'end'] as const) {
      const connection = await RawConnection.to(vault.url);
      await connection.send(
        [
          'POST /api/v1/files HTTP/1.1',
          'Host: x',
          `Authorization: Bearer ${owner.token}`,
          `Content-Type: ${form().headers['content-type']}`,
          `Content-Length: ${whole.length}`,
        ],
        whole.subarray(0, cut),
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
      connection[leave]();
      await connection.closed();
      const answer = await connection.answer();
      if (answer) expect([400, 408]).toContain(answer.status);
      await expectStored(vault, owner.userId, 0);
    }
    expect((await owner.list()).body.items).toEqual([]);
  });
});
