import { createTestDatabase, type TestDatabase } from '../support/database';
import { jpegBlocks } from '../support/photos';
import { describeWithS3, S3Server, withPrefix } from '../support/s3-server';
import { beginDownload, digest, send } from '../support/transfers';
import { VaultHome } from '../support/vault-home';

// A file is streamed, never held: what a transfer costs in memory does not depend on how large the file is. Not a timed test.

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
const LIMIT = 200 * MIB;

const onLinux = process.platform === 'linux';
if (!onLinux) process.stderr.write('NOT RUN: how much memory a large transfer takes. Run on Linux.\n');

jest.setTimeout(120_000);

(onLinux ? describe : describe.skip)('256 MiB', () => {
  let database: TestDatabase;
  let home: VaultHome;

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await VaultHome.create({ DB_URL: database.url });
  });
  afterAll(async () => {
    await home.close();
    await database.drop();
  });

  it.each<['PUT' | 'POST', string]>([
    ['PUT', '/files/by-name/big.jpg'],
    ['POST', '/files'],
  ])('by %s %s and back stay below 200 MiB of resident memory', async (method, path) => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const photo = (): Iterable<Buffer> => jpegBlocks(SIZE, method);
    const { status, body } = await (method === 'PUT'
      ? send(alice, method, path, photo(), { 'content-length': String(SIZE) })
      : send(alice, method, path, asForm(photo()), { 'content-type': 'multipart/form-data; boundary=b' }));
    expect(status).toBe(201);
    expect(body.size).toBe(SIZE);
    expect(await digest(await beginDownload(alice, body.id))).toBe(body.sha256);
    expect(server.peakMemory()).toBeGreaterThan(30 * MIB);
    expect(server.peakMemory()).toBeLessThan(LIMIT);
    await server.end('SIGTERM');
  });
});

(onLinux ? describeWithS3('how much memory transfers to an object store take') : describe.skip)(
  'on their way to an object store and back,',
  () => {
    let store: S3Server;
    let database: TestDatabase;
    let home: VaultHome;

    beforeAll(async () => {
      store = await S3Server.start();
      database = await createTestDatabase();
      home = await VaultHome.create({ DB_URL: database.url, ...withPrefix(store.env) });
    });
    afterAll(async () => {
      await home.close();
      await database.drop();
      await store.remove();
    });

    it.each([
      ['256 MiB take', 1, SIZE, 100 * MIB],
      // Each holds about three parts of 5 MiB.
      ['24 MiB sixteen times at once take', 16, 24 * MIB, 16 * 24 * MIB],
    ])('%s no more than a few parts each', async (_, count, size, growth) => {
      const server = home.start();
      const alice = await server.signUp(`${count}@example.com`);
      const before = server.peakMemory();
      const uploads = Array.from({ length: count }, async (_, n) => {
        const path = `/files/by-name/${n}.jpg`;
        const { status, body } = await send(alice, 'PUT', path, jpegBlocks(size, n), {
          'content-length': String(size),
        });
        expect(status).toBe(201);
        expect(await digest(await beginDownload(alice, body.id))).toBe(body.sha256);
      });
      await Promise.all(uploads);
      expect(server.peakMemory() - before).toBeLessThan(growth);
      await server.end('SIGTERM');
    });
  },
);

function* asForm(blocks: Iterable<Buffer>): Generator<Buffer> {
  yield Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="big.jpg"\r\n\r\n');
  yield* blocks;
  yield Buffer.from('\r\n--b--\r\n');
}
