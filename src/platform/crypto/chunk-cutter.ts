/**
 * Cuts a stream that arrives in pieces of any size into chunks of one size.
 *
 * A chunk that lies inside one piece is a view of it; only a chunk that spans pieces is copied together.
 */
export class ChunkCutter {
  private readonly carry: Buffer;
  private carried = 0;

  /**
   * @param chunkBytes length of every chunk but the first
   * @param wanted length of the first chunk, at most `chunkBytes`
   */
  constructor(
    private readonly chunkBytes: number,
    private wanted = chunkBytes,
  ) {
    this.carry = Buffer.allocUnsafe(chunkBytes);
  }

  /** The chunks that `piece` completes. Each is valid only until the next one is asked for. */
  *cut(piece: Buffer): Generator<Buffer, void> {
    let offset = 0;
    while (offset < piece.length) {
      const end = offset + this.wanted - this.carried;
      if (this.carried === 0 && end <= piece.length) {
        yield this.finish(piece.subarray(offset, end));
      } else {
        this.carried += piece.copy(this.carry, this.carried, offset, end);
        if (this.carried === this.wanted) yield this.finish(this.rest());
      }
      offset = end;
    }
  }

  /** What is left over: the bytes of a chunk that no piece has completed (may be empty). */
  rest(): Buffer {
    return this.carry.subarray(0, this.carried);
  }

  private finish(chunk: Buffer): Buffer {
    this.carried = 0;
    this.wanted = this.chunkBytes;
    return chunk;
  }
}
