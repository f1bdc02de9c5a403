import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import type { S3 } from '@aws-sdk/client-s3';
import { blobIdOf } from '../../src/platform/blobs/blob-key';
import { BlobStoreError } from '../../src/platform/blobs/blob-store-error';
import { S3BlobStore } from '../../src/platform/blobs/s3.blob-store';
import { s3Settings } from '../../src/platform/blobs/s3-settings';
import { AppConfig } from '../../src/platform/config/app-config';
import { createLogger } from '../../src/platform/logging/logger';
import { collect } from '../support/chunked-interfaces';
import { FaultyGateway, type Fault, type S3Operation } from '../support/faulty-gateway';
import { LogLines } from '../support/log-lines';
import { describeWithS3, isGivenS3, s3Client, S3Server, withPrefix } from '../support/s3-server';
import { eventually } from '../support/waiting';
import { describeBlobStore, expectProblem, keysOf, newKey, readAll, source, stalled } from './blob-store.contract';

const MIB = 1024 * 1024;
/** In three parts, the last of which is short. */
const LARGE = 12 * MIB + 1;

describeWithS3('the blob store on an object store')('S3BlobStore', () => {
  let server: S3Server;
  let client: S3;
  let env: NodeJS.ProcessEnv & { S3_PREFIX: string };
  let logs: LogLines;
  let store: S3BlobStore;

  /** A store in a part of the bucket that nobody else has. */
  async function openStore(more: NodeJS.ProcessEnv = {}): Promise<S3BlobStore> {
    logs = new LogLines();
    const config = AppConfig.load({ ...env, ...more });
    return S3BlobStore.open(s3Settings(config), createLogger('info', logs));
  }

  /** Uploads in parts that are neither complete nor aborted, and whose keys begin like those of the store. */
  async function openUploads(): Promise<{ Key?: string; UploadId?: string }[]> {
    const { Uploads = [] } = await client.listMultipartUploads({ Bucket: server.env.S3_BUCKET, Prefix: env.S3_PREFIX });
    return Uploads;
  }

  beforeAll(async () => {
    server = await S3Server.givenOrStart();
    client = s3Client(server.env);
  }, 120_000);
  afterAll(async () => {
    client.destroy();
    await server.remove();
  });
  beforeEach(async () => {
    env = withPrefix(server.env);
    store = await openStore();
  });

  describeBlobStore('S3BlobStore', () => Promise.resolve({ store, close: () => Promise.resolve() }));

  it.each(['WHEN_REQUIRED', 'WHEN_SUPPORTED'])('keeps what it is given with S3_CHECKSUMS=%s', async (mode) => {
    const checked = await openStore({ S3_CHECKSUMS: mode });
    for (const size of [0, 1000, LARGE]) {
      const [key, bytes] = [newKey(), randomBytes(size)];
      await checked.put(key, source(bytes));
      expect((await readAll(checked, key, size)).equals(bytes)).toBe(true);
      const middle = await collect(checked.read(key, size, { start: 100, end: 999 }));
      expect(middle.equals(bytes.subarray(100, 1000))).toBe(true);
    }
  });

  describe('in a bucket that holds other things', () => {
    let others: string[];

    beforeEach(async () => {
      const key = newKey();
      const Bucket = server.env.S3_BUCKET;
      // Beside the prefix, below it, and with a key that would be ours elsewhere.
      others = [`${env.S3_PREFIX}2/${key}`, `${env.S3_PREFIX}/notes.txt`, `${env.S3_PREFIX}/more/${key}`];
      for (const Key of others) {
        await client.putObject({ Bucket, Key, Body: 'mine' });
        await client.createMultipartUpload({ Bucket, Key });
      }
    });
    afterEach(async () => {
      const Bucket = server.env.S3_BUCKET;
      const isOther = ({ Key = '' }: { Key?: string }) => others.includes(Key);
      for (const Key of others) expect((await client.headObject({ Bucket, Key })).ContentLength).toBe(4);
      const uploads = (await openUploads()).filter(isOther);
      expect(uploads).toHaveLength(others.length);
      for (const { Key, UploadId } of uploads) await client.abortMultipartUpload({ Bucket, Key, UploadId });
    });

    it('names none of them as one of its own, and removes none', async () => {
      const key = newKey();
      await store.put(key, source(randomBytes(10)));
      expect((await keysOf(store)).filter((each) => blobIdOf(each) !== null)).toEqual([key]);
      for (const other of others) {
        const id = other.slice(-36);
        if (/^[0-9a-f-]{36}$/.test(id)) await store.remove(`tmp/${id}`);
        await expectProblem(store.remove(other.slice(env.S3_PREFIX.length + 1)), 'unsafe');
      }
      await store.remove(key);
    });
  });

  it('has all of a list that comes in pages', async () => {
    const Bucket = server.env.S3_BUCKET;
    const keys = Array.from({ length: 1005 }, newKey);
    const ids = keys.map((key) => `tmp/${blobIdOf(key)}`);
    for (let at = 0; at < keys.length; at += 67) {
      await Promise.all(
        keys.slice(at, at + 67).flatMap((key) => {
          const Key = `${env.S3_PREFIX}/${key}`;
          return [client.putObject({ Bucket, Key, Body: 'x' }), client.createMultipartUpload({ Bucket, Key })];
        }),
      );
    }
    expect(await keysOf(store)).toEqual([...keys, ...ids].sort());
  }, 120_000);

  describe('behind a gateway that fails', () => {
    let gateway: FaultyGateway;

    beforeAll(async () => {
      gateway = await FaultyGateway.before(server.env.S3_ENDPOINT);
    });
    afterAll(() => gateway.close());
    beforeEach(async () => {
      gateway.reset();
      store = await openStore({ S3_ENDPOINT: gateway.url, S3_TIMEOUT_SECONDS: '2' });
    });

    /** Lets the first `times` requests of a kind go wrong. */
    function fail(operation: S3Operation, fault: Fault, times = Infinity): void {
      gateway.plan = (asked, time) => (asked === operation && time <= times ? fault : null);
    }

    it('sends a small object with one request, and a large one in three parts', async () => {
      await store.put(newKey(), source(randomBytes(5 * MIB)));
      expect(gateway.seen).toEqual(['PutObject']);
      gateway.reset();
      await store.put(newKey(), source(randomBytes(LARGE)));
      const parts = ['UploadPart', 'UploadPart', 'UploadPart'];
      expect(gateway.seen).toEqual(['CreateMultipartUpload', ...parts, 'CompleteMultipartUpload']);
    });

    it.each<[S3Operation, Fault]>([
      ['PutObject', 'busy'],
      ['CreateMultipartUpload', 'cut'],
      ['UploadPart', 'busy'],
      ['UploadPart', 'torn'],
      ['CompleteMultipartUpload', 'cut'],
      ['CompleteMultipartUpload', 'deaf'],
      ['CompleteMultipartUpload', 'late'],
      ['GetObject', 'cut'],
      ['GetObject', 'short'],
      ['GetObject', 'deaf'],
    ])('tries again what was not answered: %s (%s)', async (operation, fault) => {
      const [key, bytes] = [newKey(), randomBytes(operation === 'PutObject' ? 1000 : LARGE)];
      fail(operation, fault, 2);
      await store.put(key, source(bytes));
      expect((await readAll(store, key, bytes.length)).equals(bytes)).toBe(true);
      expect(gateway.seen.filter((each) => each === operation).length).toBeGreaterThan(2);
      expect(await openUploads()).toEqual([]);
    });

    it.each<[S3Operation, Fault]>([
      ['PutObject', 'busy'],
      ['CreateMultipartUpload', 'cut'],
      ['UploadPart', 'cut'],
      ['UploadPart', 'deaf'],
      ['CompleteMultipartUpload', 'busy'],
      ['CompleteMultipartUpload', 'late'],
      ['PutObject', 'idle'],
      ['UploadPart', 'idle'],
      ['CompleteMultipartUpload', 'idle'],
    ])('says `away` in the end and leaves nothing: %s (%s)', async (operation, fault) => {
      fail(operation, fault);
      const size = operation === 'PutObject' ? 1000 : LARGE;
      await expectProblem(store.put(newKey(), source(randomBytes(size))), 'away');
      expect(await openUploads()).toEqual([]);
      expect(await keysOf(store)).toEqual([]);
    });

    it('leaves no second upload open where the first was begun and nobody heard of it', async () => {
      const [key, bytes] = [newKey(), randomBytes(LARGE)];
      fail('CreateMultipartUpload', 'lost', 1);
      await store.put(key, source(bytes));
      expect(gateway.seen.filter((each) => each === 'CreateMultipartUpload')).toHaveLength(2);
      expect(await openUploads()).toEqual([]);
      expect((await readAll(store, key, LARGE)).equals(bytes)).toBe(true);
    });

    it.each<[S3Operation, number]>([
      ['PutObject', 1000],
      ['CompleteMultipartUpload', LARGE],
    ])('does not say that it has an object of which it has not heard: %s', async (operation, size) => {
      const key = newKey();
      fail(operation, 'lost');
      const outcome = await store.put(key, source(randomBytes(size))).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(BlobStoreError);
      // It is there all the same: whoever asked for it removes it.
      gateway.reset();
      expect(await keysOf(store)).toEqual([key]);
      await store.remove(key);
      expect(await keysOf(store)).toEqual([]);
      expect(await openUploads()).toEqual([]);
    });

    it('does not wait for a client to learn that a part was not taken', async () => {
      const slow = stalled(randomBytes(6 * MIB));
      fail('UploadPart', 'cut');
      await expectProblem(store.put(newKey(), slow.source), 'away');
      slow.end();
    });

    it('asks for the rest of an object whose answer broke off, as often as it gets on', async () => {
      const [key, bytes] = [newKey(), randomBytes(LARGE)];
      await store.put(key, source(bytes));
      fail('GetObject', 3 * MIB);
      expect((await readAll(store, key, LARGE)).equals(bytes)).toBe(true);
      expect(gateway.seen.filter((each) => each === 'GetObject')).toHaveLength(5);
    });

    it.each<Fault>(['whole', 'other', 'short', 'long'])(
      'gives no byte that was not asked for, and does not call the object damaged: %s',
      async (fault) => {
        const [key, bytes] = [newKey(), randomBytes(MIB)];
        await store.put(key, source(bytes));
        fail('GetObject', fault);
        const read: Buffer[] = [];
        const reading = async (): Promise<void> => {
          for await (const block of store.read(key, MIB, { start: 100, end: 199 })) read.push(Buffer.from(block));
        };
        await expectProblem(reading(), 'away');
        expect(Buffer.concat(read).equals(bytes.subarray(100, fault === 'short' ? 199 : 100))).toBe(true);
      },
    );

    it('leaves nothing under way for a reader or a source that has gone', async () => {
      const key = newKey();
      await store.put(key, source(randomBytes(LARGE)));
      const gone = new Error('the client went away');
      // A socket that the deaf have never read from is closed when they are.
      const deaf = gateway.underWay;
      for (let i = 0; i < 5; i++) {
        // eslint-disable-next-line @typescript-eslint/no-unused-vars
        for await (const _ of store.read(key, LARGE, { start: 0, end: LARGE })) break;
        const half = stalled(randomBytes(6 * MIB));
        const put = store.put(newKey(), half.source);
        await half.begun;
        half.end(gone);
        await expect(put).rejects.toBe(gone);
      }
      await eventually('no request is under way', () => gateway.underWay <= deaf);
      expect(await openUploads()).toEqual([]);
    });

    it('says `away` where it does not get on', async () => {
      const key = newKey();
      await store.put(key, source(randomBytes(LARGE)));
      gateway.plan = (operation, time) => (operation === 'GetObject' ? (time === 1 ? MIB : 0) : null);
      let read = 0;
      const reading = async (): Promise<void> => {
        for await (const block of store.read(key, LARGE, { start: 0, end: LARGE })) read += block.length;
      };
      await expectProblem(reading(), 'away');
      expect(read).toBe(MIB);
    });

    it('goes on where a reader has paused for longer than the store waits for it', async () => {
      const [key, bytes] = [newKey(), randomBytes(LARGE)];
      await store.put(key, source(bytes));
      const blocks: Buffer[] = [];
      for await (const block of store.read(key, LARGE, { start: 0, end: LARGE })) {
        if (blocks.length === 0) await new Promise((resolve) => setTimeout(resolve, 4500));
        blocks.push(Buffer.from(block));
      }
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
    });

    it('does not wait for ever until a store says that it can be written', async () => {
      fail('HeadBucket', 'deaf');
      await expectProblem(store.check(), 'away');
    });

    it('says once that the store is away, and once that it is back', async () => {
      fail('HeadBucket', 'cut');
      for (let i = 0; i < 3; i++) await expectProblem(store.check(), 'away');
      gateway.reset();
      for (let i = 0; i < 3; i++) await store.check();
      const said = logs.lines.map((line) => JSON.parse(line) as { msg: string });
      expect(said.map(({ msg }) => msg)).toEqual([
        'the object store is away: uploads and downloads get 503',
        'the object store is back',
      ]);
    });
  });

  (isGivenS3 ? it.skip : it)(
    'says `full` where the bucket may hold no more, and goes on with what is in it',
    async () => {
      const [key, bytes] = [newKey(), randomBytes(100_000)];
      await store.put(key, source(bytes));
      await server.limitTo(1);
      try {
        for (const size of [1000, LARGE]) await expectProblem(store.put(newKey(), source(randomBytes(size))), 'full');
        expect(await openUploads()).toEqual([]);
        expect((await readAll(store, key, bytes.length)).equals(bytes)).toBe(true);
      } finally {
        await server.limitTo(-1);
      }
      expect(await keysOf(store)).toEqual([key]);
      await store.put(newKey(), source(bytes));
    },
  );

  it.each<[string, NodeJS.ProcessEnv]>([
    ['a bucket that is not there', { S3_BUCKET: 'nobody-has-it' }],
    ['a key that nobody has', { S3_ACCESS_KEY_ID: 'AKIAWRONG' }],
    ['another secret', { S3_SECRET_ACCESS_KEY: 'hunter2hunter2' }],
  ])('says `refused` of %s, and gives away neither key nor secret', async (_, wrong) => {
    const refused = await openStore(wrong);
    const key = newKey();
    const errors: unknown[] = [];
    const attempts = [
      () => refused.put(key, source(randomBytes(10))),
      () => refused.put(key, source(randomBytes(6 * MIB))),
      () => readAll(refused, key, 10),
      () => refused.remove(key),
      () => keysOf(refused),
      () => refused.check(),
    ];
    for (const attempt of attempts) {
      const failed = attempt();
      await expectProblem(failed, 'refused');
      errors.push(await failed.catch((error: unknown) => error));
    }
    const known = { ...env, ...wrong };
    for (const secret of [known.S3_ACCESS_KEY_ID ?? '', known.S3_SECRET_ACCESS_KEY ?? '', 'Signature=']) {
      expect(inspect(errors, { depth: 10, showHidden: true })).not.toContain(secret);
      expect(logs.text).not.toContain(secret);
    }
    expect(logs.lines).toHaveLength(1);
  });
});
