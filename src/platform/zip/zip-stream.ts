import { crc32 } from 'node:zlib';
import { ZipEntryError } from './zip-entry-error';
import { centralHeader, endRecords, localHeader, type ZipFacts } from './zip-records';

/** A file on its way into an archive. */
export interface ZipEntry extends ZipFacts {
  /** Its bytes; a block may be the same buffer as the one before. */
  open(): AsyncIterable<Buffer>;
}

/** Headers per block of the central directory, so that tens of thousands of entries are not as many writes. */
const HEADERS_PER_BLOCK = 256;

/**
 * Writes an archive while it is read: of an entry, only one block is in memory, and afterwards some hundred bytes for the central directory.
 * A block is the consumer's until it asks for the next one.
 * @throws {ZipEntryError} when an entry's bytes are not those that it announced: the transfer must break, because what has been sent cannot be
 *   taken back. Else whatever `entries` and `open` throw.
 */
export async function* zipStream(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Buffer, void> {
  const central: Buffer[] = [];
  let offset = 0;
  for await (const entry of entries) {
    const header = localHeader(entry);
    central.push(centralHeader(entry, offset));
    offset += header.length + entry.size;
    yield header;
    yield* announcedBytes(entry, central.length);
  }
  let size = 0;
  for (let first = 0; first < central.length; first += HEADERS_PER_BLOCK) {
    const block = Buffer.concat(central.slice(first, first + HEADERS_PER_BLOCK));
    size += block.length;
    yield block;
  }
  yield endRecords({ entries: central.length, offset, size });
}

/**
 * An entry's bytes, as long as they are those that it announced.
 * @param position of the entry in the archive, from 1: its name may be a secret, and errors are logged
 * @throws {ZipEntryError} at the latest after the last one
 */
export async function* announcedBytes(entry: ZipEntry, position: number): AsyncGenerator<Buffer, void> {
  let [bytes, crc] = [0, 0];
  for await (const block of entry.open()) {
    bytes += block.length;
    if (bytes > entry.size) throw new ZipEntryError(position);
    crc = crc32(block, crc);
    yield block;
  }
  if (bytes !== entry.size || crc !== entry.crc32) throw new ZipEntryError(position);
}
