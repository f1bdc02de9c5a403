import type { Metrics, WordCounter, WordTimer } from '../metrics/metrics';
import { BlobStore, type ByteRange, type ListedObject, type StoredObject } from './blob-store';

type Operation = 'put' | 'read' | 'remove' | 'check';

const OPERATIONS: readonly Operation[] = ['put', 'read', 'remove', 'check'];
/** From a file in the page cache to a store that is about to be given up. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

/** A store whose time is taken: its own alone, without what a slow client takes to send a block or to want the next. */
export class MeasuredBlobStore extends BlobStore {
  private readonly durations: WordTimer<Operation>;
  private readonly failures: WordCounter<Operation>;

  constructor(
    private readonly store: BlobStore,
    metrics: Metrics,
  ) {
    super();
    const each = { label: 'operation', words: OPERATIONS };
    this.durations = metrics.timer(
      { name: 'photovault_blob_duration_seconds', help: 'What the blob store took for one object.', ...each },
      BUCKETS,
    );
    this.failures = metrics.counter({
      name: 'photovault_blob_failures_total',
      help: 'What the blob store could not do: no room, no such object, another size, no answer.',
      ...each,
    });
  }

  async put(key: string, source: AsyncIterable<Buffer>): Promise<StoredObject> {
    const watch = new Watch();
    let isSources = false;
    const watched = async function* (): AsyncGenerator<Buffer> {
      watch.stop();
      try {
        for await (const block of source) {
          watch.start();
          yield block;
          watch.stop();
        }
      } catch (error) {
        isSources = true;
        throw error;
      } finally {
        watch.start();
      }
    };
    watch.start();
    try {
      return await this.store.put(key, watched());
    } catch (error) {
      if (!isSources) this.failures.add('put');
      throw error;
    } finally {
      this.durations.observe('put', watch.seconds);
    }
  }

  async *read(key: string, expectedBytes: number, range: ByteRange): AsyncGenerator<Buffer> {
    const watch = new Watch();
    watch.start();
    try {
      for await (const block of this.store.read(key, expectedBytes, range)) {
        watch.stop();
        yield block;
        watch.start();
      }
    } catch (error) {
      this.failures.add('read');
      throw error;
    } finally {
      this.durations.observe('read', watch.seconds);
    }
  }

  remove(key: string): Promise<void> {
    return this.timed('remove', () => this.store.remove(key));
  }

  list(): AsyncIterable<ListedObject> {
    return this.store.list();
  }

  freeBytes(): Promise<number | null> {
    return this.store.freeBytes();
  }

  check(): Promise<void> {
    return this.timed('check', () => this.store.check());
  }

  private async timed<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    const watch = new Watch();
    watch.start();
    try {
      return await work();
    } catch (error) {
      this.failures.add(operation);
      throw error;
    } finally {
      this.durations.observe(operation, watch.seconds);
    }
  }
}

/** Adds up the time between its starts and its stops. */
class Watch {
  private sum = 0;
  private startedAt: number | null = null;

  get seconds(): number {
    this.stop();
    return this.sum / 1000;
  }

  start(): void {
    this.startedAt = performance.now();
  }

  stop(): void {
    if (this.startedAt !== null) this.sum += performance.now() - this.startedAt;
    this.startedAt = null;
  }
}
