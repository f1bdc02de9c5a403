import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { form } from '../support/form';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { VaultClient } from '../support/vault-client';

// `MIN_FREE_BYTES`: uploads leave some of the disk alone. On a disk of its own: test/faults/disk-full.spec.ts.

const GIB = 1024 ** 3;
const FULL = { status: 507, code: 'VAULT.STORAGE_FULL' };
const free = (() => {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize;
})();

describe('a disk with less room than it shall keep', () => {
  let vault: TestApp;
  let alice: VaultClient;

  beforeAll(async () => {
    vault = await startTestApp({ MIN_FREE_BYTES: String(free + 100 * GIB) });
    alice = await vault.signUp();
  });
  afterAll(() => vault.close());

  it('takes no upload, raw or as a form', async () => {
    expectProblem(await alice.put('p.jpg', jpeg(1000)), FULL);
    expectProblem(await alice.post('p.jpg', jpeg(1000)), FULL);
    await expectStored(vault, alice.userId, 0);
  });

  it('says so before the bytes, whether their number is announced or not', async () => {
    const { headers, body } = form({ name: 'file', filename: 'p.jpg', body: 'first bytes' });
    const head = Buffer.from(body).subarray(0, 150);
    const rows: [string[], Buffer | string][] = [
      [['PUT /api/v1/files/by-name/p.jpg HTTP/1.1', 'Content-Length: 1000000'], ''],
      [['PUT /api/v1/files/by-name/p.jpg HTTP/1.1', 'Transfer-Encoding: chunked'], ''],
      [['POST /api/v1/files HTTP/1.1', `Content-Type: ${headers['content-type']}`, 'Content-Length: 1000000'], head],
    ];
    for (const [lines, first] of rows) {
      const connection = await RawConnection.to(vault.url);
      await connection.send([...lines, 'Host: x', `Authorization: Bearer ${alice.token}`], first);
      expectProblem(await connection.answer(), FULL);
      connection.abort();
    }
  });
});

describe('a disk with room above what it shall keep', () => {
  let vault: TestApp;

  beforeAll(async () => {
    vault = await startTestApp({ MIN_FREE_BYTES: String(Math.floor(free / 2)), UPLOAD_MAX_BYTES: String(1024 * GIB) });
  });
  afterAll(() => vault.close());

  it('takes what leaves it alone, and refuses what is announced not to', async () => {
    const alice = await vault.signUp();
    expect((await alice.put('p.jpg', jpeg(1000))).status).toBe(201);
    const connection = await RawConnection.to(vault.url);
    const length = Math.min(free, 1024 * GIB);
    const head = ['PUT /api/v1/files/by-name/large.jpg HTTP/1.1', 'Host: x', `Authorization: Bearer ${alice.token}`];
    await connection.send([...head, `Content-Length: ${length}`]);
    expectProblem(await connection.answer(), FULL);
    connection.abort();
  });
});
