import { crc32 } from 'node:zlib';

/** Blocks on their way into a store that keeps them for a while: copied, because each is only valid until the next, and counted. */
export class TakenBlocks {
  bytes = 0;
  /** CRC-32 of all of them. */
  crc32 = 0;
  /** What the source has thrown, whatever the store makes of it. */
  failure?: { readonly error: unknown };

  constructor(private readonly source: AsyncIterable<Buffer>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const block of this.watched()) {
      this.bytes += block.length;
      this.crc32 = crc32(block, this.crc32);
      yield Buffer.from(block);
    }
  }

  /** In a generator of its own: into the one above, a stream that is given up throws its own error. */
  private async *watched(): AsyncGenerator<Buffer> {
    try {
      yield* this.source;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}
