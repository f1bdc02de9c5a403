import { setTimeout as sleep } from 'node:timers/promises';
import { SlowBodyWatch } from '../../src/platform/http/slow-body-watch';
import { form } from '../support/form';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { VaultClient } from '../support/vault-client';

/** Row "slowloris, dribble" with the half minute made half a second: the least is 1,000 bytes in each. */
const WINDOW_MS = 500;
const LEAST_BYTES = 1000;

let vault: TestApp;
let owner: VaultClient;

beforeAll(async () => {
  vault = await startTestApp({}, new SlowBodyWatch({ ms: WINDOW_MS, leastBytes: LEAST_BYTES }));
});
beforeEach(async () => {
  owner = await vault.signUp();
});
afterAll(() => vault.close());

const PHOTO = jpeg(40_000, 'slow');
const FORM = form({ name: 'file', filename: 'p.jpg', body: PHOTO });
const PUT = 'PUT /api/v1/files/by-name/p.jpg HTTP/1.1';
const POST = 'POST /api/v1/files HTTP/1.1';
const TYPE = `Content-Type: ${FORM.headers['content-type']}`;
const JSON_TYPE = 'Content-Type: application/json';

describe('row: slowloris, dribble', () => {
  const rows: [what: string, head: string[], first: number][] = [
    ['a raw upload that falls silent', [PUT, 'Content-Length: 40000'], 10_000],
    ['a raw upload that never begins', [PUT, 'Content-Length: 40000'], 0],
    ['a raw upload of a terabyte that falls silent', [PUT, 'Content-Length: 10000000000'], 10_000],
    ['a form that falls silent', [POST, TYPE, `Content-Length: ${FORM.body.length}`], 10_000],
    ['a JSON body that never ends', ['POST /api/v1/users HTTP/1.1', JSON_TYPE, 'Content-Length: 100'], 1],
  ];
  it.each(rows)('%s is answered 408 and closed; nothing stays', async (_, [line = '', ...headers], first) => {
    const connection = await RawConnection.to(vault.url);
    const body = line === PUT ? PHOTO : line === POST ? Buffer.from(FORM.body) : Buffer.from('{');
    const started = Date.now();
    await connection.send(
      [line, 'Host: x', `Authorization: Bearer ${owner.token}`, ...headers],
      body.subarray(0, first),
    );
    expectProblem(await connection.answer(), { status: 408, code: 'REQUEST.TOO_SLOW' });
    expect(Date.now() - started).toBeGreaterThan(WINDOW_MS * 0.9);
    await connection.closed();
    await expectStored(vault, owner.userId, 0);
  });

  it('one byte now and then is not enough', async () => {
    const connection = await RawConnection.to(vault.url);
    await connection.send([PUT, 'Host: x', `Authorization: Bearer ${owner.token}`, 'Content-Length: 40000']);
    for (let at = 0; !connection.isClosed && at < 200; at++) {
      await connection.write(PHOTO.subarray(at, at + 1));
      await sleep(25);
    }
    expectProblem(await connection.answer(), { status: 408, code: 'REQUEST.TOO_SLOW' });
    await expectStored(vault, owner.userId, 0);
  });

  it('an honest slow upload, many windows long, succeeds', async () => {
    const connection = await RawConnection.to(vault.url);
    await connection.send([PUT, 'Host: x', `Authorization: Bearer ${owner.token}`, 'Content-Length: 40000']);
    const started = Date.now();
    for (let at = 0; at < PHOTO.length; at += 1000) {
      await connection.write(PHOTO.subarray(at, at + 1000));
      await sleep(60);
    }
    expect(Date.now() - started).toBeGreaterThan(4 * WINDOW_MS);
    const answer = await connection.answer();
    expect(answer?.status).toBe(201);
    connection.abort();
    const stored = await owner.request('GET', '/files/by-name/p.jpg/content');
    expect(stored.bytes.equals(PHOTO)).toBe(true);
  });

  it('headers that never end do not hold a connection up for others', async () => {
    const idle = await Promise.all(Array.from({ length: 50 }, () => RawConnection.to(vault.url)));
    await Promise.all(idle.map((connection) => connection.write('GET /api/v1/files HTTP/1.1\r\nX: ')));
    expect((await owner.list()).status).toBe(200);
    for (const connection of idle) connection.abort();
  });

  it('Node’s own limits: endless headers end after a minute, bodies only by the watch', () => {
    const { requestTimeout, headersTimeout } = vault.app.getHttpServer();
    expect({ requestTimeout, headersTimeout }).toEqual({ requestTimeout: 0, headersTimeout: 60_000 });
  });
});
