import { centralHeaderBytes, endRecords, localHeaderBytes, type ZipFacts } from './zip-records';

/** Adds an archive up, entry by entry, before any of it is written. */
export class ArchiveLength {
  private entries = 0;
  private contentBytes = 0;
  private directoryBytes = 0;

  /** Where the next entry's local header begins, in bytes from the archive's beginning. */
  get offset(): number {
    return this.contentBytes;
  }

  /** Length of the central directory so far. */
  get directory(): number {
    return this.directoryBytes;
  }

  add(entry: ZipFacts): void {
    this.entries++;
    this.directoryBytes += centralHeaderBytes(entry, this.contentBytes);
    this.contentBytes += localHeaderBytes(entry) + entry.size;
  }

  /** What ends the archive of the entries so far. */
  end(): Buffer {
    return endRecords({ entries: this.entries, offset: this.contentBytes, size: this.directoryBytes });
  }

  /** Of the whole archive, in bytes. */
  get total(): number {
    return this.contentBytes + this.directoryBytes + this.end().length;
  }
}

/** Length in bytes of the archive of these entries, in this order. */
export function archiveBytes(entries: Iterable<ZipFacts>): number {
  const length = new ArchiveLength();
  for (const entry of entries) length.add(entry);
  return length.total;
}
