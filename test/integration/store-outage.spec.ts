import { BlobStore } from '../../src/platform/blobs/blob-store';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { keysOf } from '../contracts/blob-store.contract';
import { FaultyGateway } from '../support/faulty-gateway';
import { jpeg } from '../support/photos';
import { photo } from '../support/pictures';
import { expectProblem } from '../support/problem';
import { describeWithS3, S3Server, withPrefix } from '../support/s3-server';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

// What the vault makes of a store that fails at a chosen moment; with real outages: test/faults/s3-away.spec.ts.

const MIB = 1024 * 1024;
const AWAY = { status: 503, code: 'VAULT.STORAGE_AWAY' };

describeWithS3('what the vault makes of an object store that fails')('an object store that fails', () => {
  let server: S3Server;
  let gateway: FaultyGateway;
  let vault: TestApp;
  let alice: VaultClient;

  beforeAll(async () => {
    server = await S3Server.givenOrStart();
    gateway = await FaultyGateway.before(server.env.S3_ENDPOINT);
    const env = { ...withPrefix(server.env), S3_ENDPOINT: gateway.url, S3_TIMEOUT_SECONDS: '5' };
    vault = await startTestApp(env);
    // Here the sweeper comes when it is called.
    await vault.app.get(JobsService).beforeApplicationShutdown();
  }, 120_000);
  afterAll(async () => {
    await vault.close();
    await gateway.close();
    await server.remove();
  });
  beforeEach(async () => {
    gateway.reset();
    alice = await vault.signUp();
  });

  const states = () => vault.database.query('SELECT state FROM blobs WHERE owner_id = $1', [alice.userId]);
  const sweep = () => vault.app.get(BlobSweeper).sweep();

  it('costs an upload a 503; the sweeper need not wait for its lease', async () => {
    gateway.plan = () => 'cut';
    expectProblem(await alice.put('small.jpg', jpeg(1000)), AWAY);
    expectProblem(await alice.post('large.jpg', jpeg(6 * MIB)), AWAY);
    expect(await states()).toEqual([{ state: 'deleting' }, { state: 'deleting' }]);
    gateway.reset();
    await sweep();
    expect(await states()).toEqual([]);
    expect(gateway.seen.filter((operation) => operation === 'DeleteObject')).toHaveLength(2);
  });

  it('gets no 201 where the last answer of an upload is lost, and keeps nothing of it', async () => {
    gateway.plan = (operation) => (operation === 'CompleteMultipartUpload' ? 'lost' : null);
    const { status, headers } = await alice.put('large.jpg', jpeg(6 * MIB));
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('2');
    expect((await alice.list()).body.items).toEqual([]);
    gateway.reset();
    await sweep();
    expect(await states()).toEqual([]);
    expect(await keysOf(vault.app.get(BlobStore))).toEqual([]);
  });

  it('is asked by the sweeper for a few blobs only, and for all when it is back', async () => {
    gateway.plan = () => 'cut';
    for (let n = 0; n < 30; n++) expectProblem(await alice.put(`${n}.jpg`, jpeg(1000, n)), AWAY);
    gateway.reset();
    gateway.plan = () => 'busy';
    await sweep();
    expect(new Set(gateway.seen)).toEqual(new Set(['ListMultipartUploads']));
    // Eight at a time, each of them three times at most.
    expect(gateway.seen.length).toBeLessThanOrEqual(24);
    expect(await states()).toHaveLength(30);
    gateway.reset();
    await sweep();
    expect(await states()).toEqual([]);
  });

  it('refuses a download before its first byte, and breaks it after', async () => {
    const { body } = await alice.put('photo.jpg', jpeg(6 * MIB));
    gateway.plan = () => 'cut';
    for (const range of [undefined, 'bytes=0-9', 'bytes=-10']) {
      const answer = await alice.content(body.id, range ? { range } : {});
      expectProblem(answer, AWAY);
      expect(answer.headers.get('retry-after')).toBe('2');
    }
    gateway.reset();
    gateway.plan = (operation, time) => (operation === 'GetObject' ? (time === 1 ? 3 * MIB : 'cut') : null);
    await expect(alice.content(body.id)).rejects.toThrow();
    expect(vault.logs.text).not.toContain('"alert":"integrity"');
    gateway.reset();
    expect((await alice.content(body.id)).bytes.equals(jpeg(6 * MIB))).toBe(true);
  });

  it('costs nobody their previews', async () => {
    const { body } = await alice.put('photo.jpg', await photo());
    const thumbnail = () => alice.request('GET', `/files/${body.id}/renditions/thumbnail`);
    for (const failing of ['GetObject', 'PutObject']) {
      gateway.plan = (operation) => (operation === failing ? 'cut' : null);
      expectProblem(await thumbnail(), AWAY);
      gateway.reset();
    }
    expect((await thumbnail()).status).toBe(200);
    expect((await thumbnail()).status).toBe(200);
  });

  it('is what readiness says, and no reason to refuse what needs no bytes', async () => {
    gateway.plan = () => 'cut';
    const ready = await alice.request('GET', '//health/ready');
    expect([ready.status, ready.body.detail]).toEqual([503, 'blobs']);
    expect((await alice.list()).status).toBe(200);
    expect((await alice.request('GET', '/users/me')).status).toBe(200);
  });
});
