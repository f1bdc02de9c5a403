/** What a store says of an object that it has taken. */
export interface StoredObject {
  readonly bytes: number;
  /** CRC-32 (ISO-HDLC, as in zlib) of the stored bytes. */
  readonly crc32: number;
}

/** Byte positions, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  readonly modifiedAt: Date;
}

/**
 * Keeps opaque objects under keys made by `blobKey`. Port of a directory and of an object store; the class is the injection
 * token. Only `vault/` may use it: what arrives here is ciphertext.
 */
export abstract class BlobStore {
  /**
   * Stores an object whole or not at all; when it resolves, the object survives a power cut.
   * @param source each block is only valid until the next one is asked for
   * @throws {BlobStoreError} `full` when there is no room, whatever `source` throws otherwise; nothing is left behind by a failure
   * that the process survives
   */
  abstract put(key: string, source: AsyncIterable<Buffer>): Promise<StoredObject>;

  /**
   * Streams a part of an object; an end behind the object's end is cut off.
   * @param expectedBytes size that the object must have
   * @throws {BlobStoreError} `missing` when there is none, `damaged` when its size is another
   */
  abstract read(key: string, expectedBytes: number, range: ByteRange): AsyncIterable<Buffer>;

  /** Removes an object and whatever an unfinished `put` left of it; removing nothing is fine. */
  abstract remove(key: string): Promise<void>;

  /** Every object and every remains of an unfinished `put`, in no order. */
  abstract list(): AsyncIterable<ListedObject>;

  /** Bytes that new objects may still take, of a second ago at most; null where a store cannot know. */
  abstract freeBytes(): Promise<number | null>;

  /** Resolves when objects can be written. */
  abstract check(): Promise<void>;
}
