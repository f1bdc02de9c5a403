import { join, resolve } from 'node:path';
import type { S3 } from '@aws-sdk/client-s3';
import { v7 as uuidv7 } from 'uuid';
import { blobKey } from '../../src/platform/blobs/blob-key';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { describeWithS3, s3Client, S3Server, withPrefix } from '../support/s3-server';
import type { VaultClient } from '../support/vault-client';
import { type Outcome, startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

// The built server and command with their bytes in a bucket: what they say where it is not as it should be.

/** No key of ours, and none that the SDK finds on this machine. */
const NO_KEY = {
  S3_ACCESS_KEY_ID: '',
  S3_SECRET_ACCESS_KEY: '',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const REFUSED = { code: 78, signal: null };
const A_DAY_LATER = `--require "${resolve(__dirname, '../support/shifted-clock.cjs')}"`;

jest.setTimeout(120_000);

describeWithS3('a vault whose bytes are in an object store, from start to fsck')('a vault on an object store', () => {
  let store: S3Server;
  let client: S3;
  let database: TestDatabase;
  let env: NodeJS.ProcessEnv & { S3_BUCKET: string; S3_PREFIX: string };
  let home: VaultHome;
  let server: VaultProcess;
  let alice: VaultClient;

  beforeAll(async () => {
    store = await S3Server.start();
    client = s3Client(store.env);
  });
  afterAll(async () => {
    client.destroy();
    await store.remove();
  });
  beforeEach(async () => {
    database = await createTestDatabase();
    env = { DB_URL: database.url, ...withPrefix(store.env) };
    home = await VaultHome.create(env);
  });
  afterEach(async () => {
    await home.close();
    await database.drop();
  });

  async function begin(): Promise<void> {
    server = home.start();
    alice = await server.signUp('alice@example.com');
  }

  const fsck = (args: string[] = [], more: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    startCommand(home, ['fsck', ...args], { env: { ...env, ...more } }).outcome;
  const place = (key: string) => ({ Bucket: env.S3_BUCKET, Key: `${env.S3_PREFIX}/${key}` });

  async function bytesOf(key: string): Promise<Buffer> {
    const { Body } = await client.getObject(place(key));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  /** Photos of one size; the keys of their objects, in the order of their uploads. */
  async function newPhotos(count: number): Promise<string[]> {
    for (let n = 0; n < count; n++) expect((await alice.put(`${n}.jpg`, jpeg(100_000, n))).status).toBe(201);
    const rows = await home.query<{ id: string }>("SELECT id FROM blobs WHERE state = 'ready' ORDER BY id");
    return rows.map(({ id }) => blobKey(alice.userId ?? '', id));
  }

  it('has nothing on its disk but its key, and everything again in another data directory with that key', async () => {
    await begin();
    const { body } = await alice.put('photo.jpg', jpeg(100_000));
    expect(home.files()).toEqual(['master.key']);
    await server.end('SIGTERM');
    const elsewhere = home.start({
      DATA_DIR: join(home.directory, 'elsewhere'),
      VAULT_MASTER_KEY_FILE: join(home.dataDir, 'master.key'),
    });
    const { bytes } = await (await elsewhere.clientOf(alice)).content(body.id);
    expect(bytes.equals(jpeg(100_000))).toBe(true);
  });

  it('takes the key that the SDK finds where it has none of its own', async () => {
    const { S3_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY } = store.env;
    server = home.start({ ...NO_KEY, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
    alice = await server.signUp('alice@example.com');
    expect((await alice.put('photo.jpg', jpeg(100_000))).status).toBe(201);
    expect(await home.stored()).toHaveLength(1);
  });

  it('tells a file that is lost from a store that is away, and from a bucket that is gone', async () => {
    await begin();
    const { body } = await alice.put('photo.jpg', jpeg(100_000));
    const [key = ''] = await home.stored();
    await client.deleteObject(place(key));
    expectProblem(await alice.content(body.id), { status: 500, code: 'VAULT.DAMAGED' });
    await server.end('SIGTERM');
    expect(server.stdout.text).toContain('"alert":"integrity"');

    const Bucket = 'soon-gone';
    await client.createBucket({ Bucket });
    server = home.start({ S3_BUCKET: Bucket });
    alice = await server.clientOf(alice);
    await client.deleteBucket({ Bucket });
    expectProblem(await alice.content(body.id), { status: 503, code: 'VAULT.STORAGE_AWAY' });
    expectProblem(await alice.put('other.jpg', jpeg(1000, 'other')), { status: 503, code: 'VAULT.STORAGE_AWAY' });
    await server.end('SIGTERM');
    expect(server.stdout.text).not.toContain('"alert":"integrity"');
    expect(server.messages).toContain('the object store lets nobody in: look at S3_BUCKET, its keys and their rights');
  });

  it('checks every object with fsck: finds a flipped byte, a truncated one, a missing one and strays, and removes those alone', async () => {
    await begin();
    const keys = await newPhotos(5);
    const size = (await bytesOf(keys[0] ?? '')).length;
    expect(await fsck()).toEqual({
      code: 0,
      stdout: `Checked objects: 5, bytes: ${5 * size}. Problems: 0.\n`,
      stderr: '',
    });

    const [flipped = '', cut = '', missing = ''] = keys;
    const bytes = await bytesOf(flipped);
    bytes.writeUInt8(bytes.readUInt8(size >> 1) ^ 0x80, size >> 1);
    await client.putObject({ ...place(flipped), Body: bytes });
    await client.putObject({ ...place(cut), Body: bytes.subarray(0, size - 1000) });
    await client.deleteObject(place(missing));
    // No row knows them: one is whole, one was begun. A third was begun for a blob that is whole without it.
    const [whole, begun] = [blobKey(uuidv7(), uuidv7()), blobKey(uuidv7(), uuidv7())];
    const again = keys[4] ?? '';
    await client.putObject({ ...place(whole), Body: 'what a crash has left' });
    for (const key of [begun, again]) await client.createMultipartUpload(place(key));

    const now = await fsck(['--json']);
    expect(now.code).toBe(1);
    expect(found(now)).toEqual([`crc ${flipped}`, `length ${cut}`, `missing ${missing}`].sort());
    const tomorrow = { NODE_OPTIONS: A_DAY_LATER, CLOCK_SHIFT_MS: String(25 * 3600 * 1000) };
    const strays = [`stray ${whole}`, `stray tmp/${begun.slice(-36)}`, `stray tmp/${again.slice(-36)}`];
    const later = await fsck(['--json', '--repair-strays'], tomorrow);
    expect(found(later)).toEqual([...found(now), ...strays].sort());
    expect(await home.stored()).toEqual(keys.filter((key) => key !== missing).sort());
    expect((await alice.content((await alice.list('?limit=1')).body.items[0]?.id ?? '')).status).toBe(200);
  });

  function found({ stdout }: Outcome): string[] {
    const { problems } = JSON.parse(stdout) as { problems: { kind: string; object: string }[] };
    return problems.map(({ kind, object }) => `${kind} ${object}`).sort();
  }

  it('says of a store that is away that nothing can be said', async () => {
    await begin();
    await newPhotos(1);
    const away = await fsck([], { S3_ENDPOINT: 'http://127.0.0.1:9' });
    expect(away).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('not reachable just now') as string });
    expect(away.stderr).not.toMatch(/\n\s+at /);
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['without a bucket', { S3_BUCKET: '' }, /S3_BUCKET must be given with BLOB_DRIVER=s3/],
    [
      'with half a pair of keys',
      { S3_SECRET_ACCESS_KEY: '' },
      /S3_SECRET_ACCESS_KEY must be given with S3_ACCESS_KEY_ID/,
    ],
    [
      'with a bucket that is not there',
      { S3_BUCKET: 'nobody-has-it' },
      /lets nobody in \(S3: NoSuchBucket, HTTP 404\)/,
    ],
    [
      'with another’s secret',
      { S3_SECRET_ACCESS_KEY: 'hunter2hunter2' },
      /lets nobody in \(S3: SignatureDoesNotMatch, HTTP 403\)/,
    ],
    ['without any key', NO_KEY, /lets nobody in \(S3: CredentialsProviderError\)/],
    [
      'for the first time where the store does not answer',
      { S3_ENDPOINT: 'http://127.0.0.1:9' },
      /does not answer \(S3: ECONNREFUSED\)/,
    ],
  ])('does not start %s, and says so in a sentence', async (_, wrong, sentence) => {
    const refused = home.start(wrong);
    expect(await refused.ending()).toEqual(REFUSED);
    expect(refused.messages.join('\n')).toMatch(sentence);
    for (const secret of [store.env.S3_ACCESS_KEY_ID, store.env.S3_SECRET_ACCESS_KEY, 'hunter2']) {
      expect(refused.stdout.text + refused.stderr.text).not.toContain(secret);
    }
    expect(refused.stderr.text).toBe('');
  });

  it('is not begun on the objects of another', async () => {
    await begin();
    await newPhotos(1);
    await server.end('SIGTERM');
    const empty = await createTestDatabase('empty');
    try {
      const second = home.start({ DB_URL: empty.url, DATA_DIR: join(home.directory, 'second') });
      expect(await second.ending()).toEqual(REFUSED);
      expect(second.messages.at(-1)).toMatch(/holds objects of another one .* choose another S3_BUCKET or S3_PREFIX/);
    } finally {
      await empty.drop();
    }
  });
});
