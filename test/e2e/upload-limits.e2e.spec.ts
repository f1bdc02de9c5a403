import { setTimeout as sleep } from 'node:timers/promises';
import { form } from '../support/form';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { VaultClient } from '../support/vault-client';

/** `UPLOAD_MAX_BYTES`: what is too large is refused as soon as that is known, not when all of it has been sent. */
const MAX_BYTES = 1_000_000;
const ANNOUNCED = 200_000_000;
/** What a refusal may cost: buffers of two sockets and a block or two on their way. */
const COST = 16_000_000;
const BLOCK = jpeg(65_536, 'flood');

let vault: TestApp;
let owner: VaultClient;

beforeAll(async () => {
  vault = await startTestApp({ UPLOAD_MAX_BYTES: String(MAX_BYTES) });
});
beforeEach(async () => {
  owner = await vault.signUp();
});
afterAll(() => vault.close());

const TOO_LARGE = { status: 413, code: 'UPLOAD.TOO_LARGE' };
const CHUNK = Buffer.concat([Buffer.from(`${BLOCK.length.toString(16)}\r\n`), BLOCK, Buffer.from('\r\n')]);
const FORM = form({ name: 'file', filename: 'p.jpg', body: BLOCK });
const FORM_HEAD = Buffer.from(FORM.body).subarray(0, Buffer.from(FORM.body).indexOf(BLOCK));

describe('row: multipart bombs and endless bodies: 413 before the body was sent', () => {
  const raw = 'PUT /api/v1/files/by-name/p.jpg HTTP/1.1';
  const type = `Content-Type: ${FORM.headers['content-type']}`;
  const rows: [what: string, lines: string[], first: Buffer | string, block: Buffer, least: number][] = [
    ['raw, honest Content-Length', [raw, `Content-Length: ${ANNOUNCED}`], '', BLOCK, 0],
    ['raw, chunked', [raw, 'Transfer-Encoding: chunked'], '', CHUNK, MAX_BYTES],
    [
      'form, honest Content-Length',
      ['POST /api/v1/files HTTP/1.1', type, `Content-Length: ${ANNOUNCED}`],
      '',
      BLOCK,
      0,
    ],
    [
      'form, chunked',
      ['POST /api/v1/files HTTP/1.1', type, 'Transfer-Encoding: chunked'],
      chunked(FORM_HEAD),
      CHUNK,
      MAX_BYTES,
    ],
  ];
  it.each(rows)('200 MB into a vault for 1 MB: %s', async (_, [line = '', ...headers], first, block, least) => {
    const connection = await RawConnection.to(vault.url);
    await connection.send([line, 'Host: x', `Authorization: Bearer ${owner.token}`, ...headers], first);
    const sent = await connection.pour(block, ANNOUNCED);
    expectProblem(await connection.answer(), TOO_LARGE);
    expect(sent).toBeGreaterThanOrEqual(least);
    expect(sent).toBeLessThan(COST);
    connection.abort();
    await expectStored(vault, owner.userId, 0);
  });

  it('a client that goes on sending after its answer is cut off', async () => {
    const connection = await RawConnection.to(vault.url);
    await connection.send([raw, 'Host: x', `Authorization: Bearer ${owner.token}`, `Content-Length: ${ANNOUNCED}`]);
    expectProblem(await connection.answer(), TOO_LARGE);
    const started = Date.now();
    while (!connection.isClosed && Date.now() - started < 8000) {
      await connection.write(BLOCK);
      await sleep(20);
    }
    expect(connection.isClosed).toBe(true);
  });

  it('a form that stays below the limit of the whole but whose file does not', async () => {
    const answer = await owner.post('p.jpg', jpeg(MAX_BYTES + 1));
    expectProblem(answer, TOO_LARGE);
    await expectStored(vault, owner.userId, 0);
  });

  it('the largest file that is allowed, both ways, is stored', async () => {
    expect((await owner.put('put.jpg', jpeg(MAX_BYTES, 'put'))).status).toBe(201);
    expect((await owner.post('post.jpg', jpeg(MAX_BYTES, 'post'))).status).toBe(201);
    await expectStored(vault, owner.userId, 2);
  });
});

describe('a refusal comes before the body: nobody sends 200 MB to hear "no"', () => {
  it.each([
    ['without a session: 401', 'PUT /api/v1/files/by-name/p.jpg', 'Authorization: Bearer nobody', 401],
    ['to an unknown route: 404', 'PUT /api/v1/nowhere', '', 404],
    ['under a bad name: 422', 'PUT /api/v1/files/by-name/%00', '', 422],
    ['into an unknown folder: 404', 'PUT /api/v1/files/by-name/p.jpg?folderId=x', '', 404],
    ['of a refused type: 415', 'PUT /api/v1/files/by-name/p.html', '', 415],
  ])('%s', async (_, target, authorization, status) => {
    const text = Buffer.alloc(BLOCK.length, '<html>');
    const lines = [`${target} HTTP/1.1`, 'Host: x', authorization || `Authorization: Bearer ${owner.token}`];
    const connection = await RawConnection.to(vault.url);
    // Within the limit, so that the length is not what is refused.
    await connection.send([...lines, `Content-Length: ${MAX_BYTES}`]);
    const sent = await connection.pour(text, MAX_BYTES - BLOCK.length);
    expectProblem(await connection.answer(), { status });
    expect(sent).toBeLessThan(MAX_BYTES);
    connection.abort();
    await expectStored(vault, owner.userId, 0);
  });
});

function chunked(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
