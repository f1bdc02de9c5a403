/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A part of something long, of which the length is known before the bytes. */
export interface Stretch {
  /** Bytes. */
  readonly size: number;
  /** @param range positions in the stretch; a block may be the same buffer as the one before */
  open(range: ByteRange): Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** A stretch that is in memory. */
export function inMemory(bytes: Buffer): Stretch {
  return { size: bytes.length, open: ({ start, end }) => [bytes.subarray(start, end + 1)] };
}

/** Several stretches as one: those before a range and those behind it are not opened. */
export function joined(stretches: readonly Stretch[]): Stretch {
  return {
    size: stretches.reduce((size, stretch) => size + stretch.size, 0),
    open: (range) => readStretches(stretches, range),
  };
}

/**
 * The bytes of a range of what lies one behind the other.
 * @throws {RangeError} when a stretch gives more or fewer bytes than it said: what has been sent cannot be taken back
 */
async function* readStretches(stretches: readonly Stretch[], { start, end }: ByteRange): AsyncGenerator<Buffer, void> {
  let position = 0;
  for (const stretch of stretches) {
    const first = Math.max(0, start - position);
    const last = Math.min(stretch.size - 1, end - position);
    if (first <= last) yield* exactly(last - first + 1, stretch.open({ start: first, end: last }));
    position += stretch.size;
    if (position > end) return;
  }
}

async function* exactly(size: number, blocks: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let left = size;
  for await (const block of blocks) {
    left -= block.length;
    if (left < 0) break;
    yield block;
  }
  if (left !== 0) throw new RangeError('a stretch does not have the bytes that it announced');
}
