import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { crc32 } from 'node:zlib';
import { v7 as uuidv7 } from 'uuid';
import { blobIdOf, blobKey } from '../../src/platform/blobs/blob-key';
import type { BlobStore, ListedObject } from '../../src/platform/blobs/blob-store';
import { BlobStoreError, type BlobStoreProblem } from '../../src/platform/blobs/blob-store-error';
import { collect } from '../support/chunked-interfaces';

const OWNER = uuidv7();
/** What an object store has begun to store when it has been given this much: its parts have 5 MiB. */
const MORE_THAN_A_PART = 6 * 1024 * 1024;
/** How often a large transfer is asked what it holds. */
const LOOK_BYTES = 8 * 1024 * 1024;
const A_KEY = '9b1c5f0d3e2a4876/11/019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11';

/** A key that nobody has used yet. */
export function newKey(): string {
  return blobKey(OWNER, uuidv7());
}

/** A stream of these blocks. */
export function source(...blocks: readonly Buffer[]): AsyncIterable<Buffer> {
  return (async function* () {
    for (const block of blocks) yield await Promise.resolve(block);
  })();
}

/** Everything that an object holds. */
export async function readAll(store: BlobStore, key: string, bytes: number): Promise<Buffer> {
  return collect(store.read(key, bytes, { start: 0, end: Math.max(0, bytes - 1) }));
}

export async function keysOf(store: BlobStore): Promise<string[]> {
  const listed: ListedObject[] = [];
  for await (const object of store.list()) listed.push(object);
  return listed.map(({ key }) => key).sort();
}

/** Expects a store to fail in one of the ways that its callers tell apart. */
export async function expectProblem(work: Promise<unknown>, problem: BlobStoreProblem): Promise<void> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BlobStoreError);
  expect((error as BlobStoreError).problem).toBe(problem);
}

/** A source that stops after its first block until it is told how to end. */
export function stalled(block: Buffer): {
  source: AsyncIterable<Buffer>;
  begun: Promise<void>;
  end: (error?: Error) => void;
} {
  let begin!: () => void;
  let end!: (error?: Error) => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
  return {
    begun,
    end: (error) => end(error),
    source: (async function* () {
      yield block;
      begin();
      await ended;
    })(),
  };
}

/**
 * What every blob store must do.
 * @param open an empty store, and what removes it; called before each test
 */
export function describeBlobStore(
  name: string,
  open: () => Promise<{ store: BlobStore; close: () => Promise<void> }>,
): void {
  describe(`${name} keeps the contract of a blob store:`, () => {
    let store: BlobStore;
    let close: () => Promise<void>;

    beforeEach(async () => ({ store, close } = await open()));
    afterEach(() => close());

    it('says that it can be written, also before anything was', async () => {
      await store.check();
      expect(await keysOf(store)).toEqual([]);
    });

    it('says how much room there is, also before anything was, or that it cannot know', async () => {
      const free = await store.freeBytes();
      expect(free === null || (Number.isSafeInteger(free) && free >= 0)).toBe(true);
      expect(await keysOf(store)).toEqual([]);
    });

    it.each([0, 1, 16_384, 524_288, 524_289, 3_000_001, 5_242_880, 5_242_881, 12_000_001])(
      'gives %i bytes back as they came',
      async (size) => {
        const [key, bytes] = [newKey(), randomBytes(size)];
        const third = Math.ceil(size / 3);
        const blocks = [0, 1, 2].map((i) => bytes.subarray(i * third, (i + 1) * third));
        expect(await store.put(key, source(...blocks))).toEqual({ bytes: size, crc32: crc32(bytes) });
        expect((await readAll(store, key, size)).equals(bytes)).toBe(true);
        expect(await keysOf(store)).toEqual([key]);
      },
    );

    it('copies each block before it asks for the next one, which may be the same memory', async () => {
      const [key, block] = [newKey(), Buffer.alloc(100_000)];
      const reusing = async function* (): AsyncGenerator<Buffer> {
        for (let i = 0; i < 20; i++) yield await Promise.resolve(block.fill(i));
      };
      const expected = Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(100_000, i)));
      expect(await store.put(key, reusing())).toEqual({ bytes: 2_000_000, crc32: crc32(expected) });
      expect((await readAll(store, key, 2_000_000)).equals(expected)).toBe(true);
    });

    it.each([
      [0, 0],
      [0, 99],
      [1, 1],
      [524_287, 524_288],
      [999_999, 999_999],
      [5, 999_998],
      [999_990, 5_000_000],
    ])('gives the range %i–%i, cut off at the end of the object', async (start, end) => {
      const [key, bytes] = [newKey(), randomBytes(1_000_000)];
      await store.put(key, source(bytes));
      const got = await collect(store.read(key, bytes.length, { start, end }));
      expect(got.equals(bytes.subarray(start, end + 1))).toBe(true);
    });

    it('lets a reader go before the end', async () => {
      const [key, bytes] = [newKey(), randomBytes(2_000_000)];
      await store.put(key, source(bytes));
      for (let i = 0; i < 50; i++) {
        for await (const block of store.read(key, bytes.length, { start: 0, end: bytes.length - 1 })) {
          expect(block.equals(bytes.subarray(0, block.length))).toBe(true);
          break;
        }
      }
    });

    it('has no object that was never put', async () => {
      await expectProblem(readAll(store, newKey(), 1), 'missing');
    });

    it('gives no byte of an object that has another size than it must', async () => {
      const key = newKey();
      await store.put(key, source(randomBytes(1000)));
      for (const wrong of [999, 1001, 0]) await expectProblem(readAll(store, key, wrong), 'damaged');
    });

    it('removes an object, and nothing with the same ease', async () => {
      const [key, other] = [newKey(), newKey()];
      await store.put(key, source(randomBytes(10)));
      await store.put(other, source(randomBytes(10)));
      for (let i = 0; i < 2; i++) await store.remove(key);
      await expectProblem(readAll(store, key, 10), 'missing');
      expect(await keysOf(store)).toEqual([other]);
    });

    it('passes the failure of a source on and leaves nothing behind', async () => {
      const failure = new Error('the client went away');
      const large = randomBytes(MORE_THAN_A_PART);
      for (const blocks of [[], [randomBytes(10)], [randomBytes(900_000), randomBytes(900_000)], [large, large]]) {
        const failing = async function* (): AsyncGenerator<Buffer> {
          yield* blocks;
          await Promise.reject(failure);
        };
        await expect(store.put(newKey(), failing())).rejects.toBe(failure);
      }
      expect(await keysOf(store)).toEqual([]);
    });

    it('shows an object whole or not at all, and an unfinished one by its id in the list', async () => {
      const [key, slow] = [newKey(), stalled(randomBytes(MORE_THAN_A_PART))];
      const stored = store.put(key, slow.source);
      await slow.begun;
      await expectProblem(readAll(store, key, MORE_THAN_A_PART), 'missing');
      const [listed = '', ...more] = await keysOf(store);
      expect(more).toEqual([]);
      expect(listed).not.toBe(key);
      expect(blobIdOf(listed)).toBe(blobIdOf(key));

      slow.end();
      expect((await stored).bytes).toBe(MORE_THAN_A_PART);
      expect(await keysOf(store)).toEqual([key]);
    });

    it('removes what an unfinished put has left, by the key in the list or by its own', async () => {
      for (const by of ['listed', 'own']) {
        const [key, slow] = [newKey(), stalled(randomBytes(MORE_THAN_A_PART))];
        const stored = store.put(key, slow.source);
        await slow.begun;
        const [listed = ''] = await keysOf(store);
        await store.remove(by === 'listed' ? listed : key);
        expect(await keysOf(store)).toEqual([]);
        slow.end();
        // Whether the put notices is its own affair; it must not bring back half an object.
        await stored.catch(() => undefined);
        await store.remove(key);
      }
    });

    it('removes what one unfinished put has left and not what another is about', async () => {
      const [one, other] = [newKey(), newKey()];
      const [dead, alive] = [stalled(randomBytes(MORE_THAN_A_PART)), stalled(randomBytes(MORE_THAN_A_PART))];
      const puts = [store.put(one, dead.source), store.put(other, alive.source)];
      await Promise.all([dead.begun, alive.begun]);
      await store.remove(`tmp/${blobIdOf(one)}`);
      expect(await keysOf(store)).toEqual([`tmp/${blobIdOf(other)}`]);
      dead.end();
      alive.end();
      await puts[0]?.catch(() => undefined);
      expect(await puts[1]).toMatchObject({ bytes: MORE_THAN_A_PART });
    });

    it('leaves the object that is there when a second put under its key fails', async () => {
      const [key, bytes] = [newKey(), randomBytes(1000)];
      await store.put(key, source(bytes));
      const slow = stalled(randomBytes(10));
      const second = store.put(key, slow.source);
      slow.end(new Error('no'));
      await expect(second).rejects.toThrow('no');
      expect((await readAll(store, key, 1000)).equals(bytes)).toBe(true);
    });

    it('takes many objects at once, and keeps them apart', async () => {
      const objects = Array.from({ length: 40 }, (_, i) => ({ key: newKey(), bytes: randomBytes(50_000 + i) }));
      await Promise.all(
        objects.map(({ key, bytes }) => store.put(key, source(bytes.subarray(0, 20_000), bytes.subarray(20_000)))),
      );
      expect(await keysOf(store)).toEqual(objects.map(({ key }) => key).sort());
      const back = await Promise.all(objects.map(({ key, bytes }) => readAll(store, key, bytes.length)));
      expect(back.every((bytes, i) => objects[i] && bytes.equals(objects[i].bytes))).toBe(true);
    });

    it('says when an object was last written', async () => {
      await store.put(newKey(), source(randomBytes(10)));
      for await (const { modifiedAt } of store.list()) {
        // File systems and object stores cut off parts of a second.
        expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(5000);
      }
    });

    it('holds no more of a large object in memory than a few blocks', async () => {
      const [key, size] = [newKey(), 128 * 1024 * 1024];
      const block = randomBytes(256 * 1024);
      const memory = new MemoryWatch();
      const large = async function* (): AsyncGenerator<Buffer> {
        for (let sent = 0; sent < size; sent += block.length) {
          if (sent % LOOK_BYTES === 0) memory.look();
          yield await Promise.resolve(block);
        }
      };
      await store.put(key, large());
      let read = 0;
      for await (const part of store.read(key, size, { start: 0, end: size - 1 })) {
        if (Math.floor(read / LOOK_BYTES) !== Math.floor((read + part.length) / LOOK_BYTES)) memory.look();
        read += part.length;
      }
      expect(read).toBe(size);
      expect(memory.growth).toBeLessThan(24 * 1024 * 1024);
    }, 90_000);

    it.each([
      '',
      'photo.jpg',
      '../../etc/passwd',
      `/${A_KEY}`,
      `${A_KEY}/..`,
      `../${A_KEY}`,
      A_KEY.replace('/', '/../'),
      A_KEY.toUpperCase(),
      A_KEY.replace(/\//g, '\\'),
      `${A_KEY}\n`,
      `${A_KEY}\0.jpg`,
    ])('refuses the key %j, which is not of our making', async (key) => {
      await expectProblem(store.put(key, source(randomBytes(1))), 'unsafe');
      await expectProblem(readAll(store, key, 1), 'unsafe');
      await expectProblem(store.remove(key), 'unsafe');
      expect(await keysOf(store)).toEqual([]);
    });
  });
}

/** How much of the memory outside of the JavaScript heap, where buffers live, is held more than at the beginning, in bytes. */
class MemoryWatch {
  private readonly start = MemoryWatch.bytes();
  private peak = this.start;

  look(): void {
    this.peak = Math.max(this.peak, MemoryWatch.bytes());
  }

  get growth(): number {
    return this.peak - this.start;
  }

  private static bytes(): number {
    collectGarbage();
    return process.memoryUsage().external;
  }
}

/** What nobody holds any more must not count: when it goes is the collector's affair. Buffers that the first run finds, the second lets go. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  for (let run = 0; run < 2; run++) (runInNewContext('gc') as () => void)();
}
