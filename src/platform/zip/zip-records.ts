/**
 * The records of a ZIP file as bytes: PKWARE's APPNOTE 6.3.10, of which the sections are named below. Pure functions of facts that are known
 * before a byte of content flows, so that an archive's whole layout, and with it its length, can be computed up front.
 */

/** What an archive says of a file. Content is stored, not compressed: photos are compressed already. */
export interface ZipFacts {
  /**
   * With `/` between folders, and at the end of a folder's own entry, which has no bytes; not empty, at most 65,535 bytes in UTF-8. See
   * `entryNamer` for names that every system can write.
   */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** As zlib has it. */
  readonly crc32: number;
  readonly modifiedAt: Date;
}

/** Sections 4.4.8 and 4.4.1.4: a field with this value refers to the ZIP64 record or extra field. */
const IN_ZIP64_16 = 0xffff;
const IN_ZIP64_32 = 0xffffffff;
/** Section 4.4.3: 2.0 for folders in names, 4.5 for ZIP64. */
const VERSION_PLAIN = 20;
const VERSION_ZIP64 = 45;
/** Section 4.4.2: made by UNIX (3), whose file attributes are in the upper half of the external ones; specification 6.3. */
const MADE_BY = (3 << 8) | 63;
/** Section 4.4.4: bit 11, the name is UTF-8 (appendix D). Bit 3 stays off: sizes and CRC are in the local header. */
const UTF8_NAMES = 0x0800;
/** Section 4.4.5: stored. */
const STORED = 0;
/** Lengths of the headers without name and extra fields. */
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const [FIRST_DOS_MS, LAST_DOS_MS] = [Date.UTC(1980, 0, 1), Date.UTC(2107, 11, 31, 23, 59, 58)];
/** Section 4.4.15: the mode of UNIX in the upper half, and what MS-DOS calls a directory in the lower. */
const FILE_ATTRIBUTES = (0o100644 << 16) >>> 0;
const FOLDER_ATTRIBUTES = ((0o040755 << 16) | 0x10) >>> 0;

/** Section 4.3.7. */
export function localHeader(entry: ZipFacts): Buffer {
  const name = nameOf(entry);
  const isLarge = entry.size >= IN_ZIP64_32;
  const extra = new Extra(localFields(entry), entry.modifiedAt);
  const record = new RecordWriter(LOCAL_BYTES + name.length + extra.bytes);
  record.u32(0x04034b50).u16(isLarge ? VERSION_ZIP64 : VERSION_PLAIN);
  writeCommon(record, entry);
  record.u16(name.length).u16(extra.bytes).bytes(name);
  extra.writeTo(record);
  return record.done();
}

/** Length of {@link localHeader}. */
export function localHeaderBytes(entry: ZipFacts): number {
  return LOCAL_BYTES + Buffer.byteLength(entry.name) + new Extra(localFields(entry), entry.modifiedAt).bytes;
}

/**
 * Section 4.3.12.
 * @param offset where the entry's local header begins, in bytes from the archive's beginning
 */
export function centralHeader(entry: ZipFacts, offset: number): Buffer {
  const name = nameOf(entry);
  const large = centralFields(entry, offset);
  const extra = new Extra(large, entry.modifiedAt);
  const record = new RecordWriter(CENTRAL_BYTES + name.length + extra.bytes);
  record.u32(0x02014b50).u16(MADE_BY);
  record.u16(large.length > 0 ? VERSION_ZIP64 : VERSION_PLAIN);
  writeCommon(record, entry);
  record.u16(name.length).u16(extra.bytes);
  record.u16(0).u16(0).u16(0); // length of the comment, disk on which it begins, internal attributes
  record.u32(entry.name.endsWith('/') ? FOLDER_ATTRIBUTES : FILE_ATTRIBUTES);
  record.u32(Math.min(offset, IN_ZIP64_32)).bytes(name);
  extra.writeTo(record);
  return record.done();
}

/** Length of {@link centralHeader}. */
export function centralHeaderBytes(entry: ZipFacts, offset: number): number {
  const extra = new Extra(centralFields(entry, offset), entry.modifiedAt);
  return CENTRAL_BYTES + Buffer.byteLength(entry.name) + extra.bytes;
}

/**
 * What ends an archive: section 4.3.16, and before it 4.3.14 and 4.3.15 where a number does not fit.
 * @param entries how many there are
 * @param offset where the central directory begins, and its `size`, in bytes
 */
export function endRecords({ entries, offset, size }: { entries: number; offset: number; size: number }): Buffer {
  const isZip64 = entries >= IN_ZIP64_16 || offset >= IN_ZIP64_32 || size >= IN_ZIP64_32;
  const record = new RecordWriter((isZip64 ? 56 + 20 : 0) + 22);
  if (isZip64) {
    record.u32(0x06064b50).u64(44); // and the length of what follows in this record
    record.u16(MADE_BY).u16(VERSION_ZIP64);
    record.u32(0).u32(0); // this disk, and that of the central directory
    record.u64(entries).u64(entries).u64(size).u64(offset);
    // The locator.
    record
      .u32(0x07064b50)
      .u32(0)
      .u64(offset + size)
      .u32(1);
  }
  const [shownEntries, shownSize, shownOffset] = [
    Math.min(entries, IN_ZIP64_16),
    Math.min(size, IN_ZIP64_32),
    Math.min(offset, IN_ZIP64_32),
  ];
  record.u32(0x06054b50).u16(0).u16(0).u16(shownEntries).u16(shownEntries);
  return record.u32(shownSize).u32(shownOffset).u16(0).done();
}

/** Section 4.5.3: in a local header the extra field must have both sizes. */
function localFields({ size }: ZipFacts): number[] {
  return size >= IN_ZIP64_32 ? [size, size] : [];
}

/** Section 4.5.3: in the central directory only the fields that do not fit, in this order. */
function centralFields(entry: ZipFacts, offset: number): number[] {
  return [...localFields(entry), ...(offset >= IN_ZIP64_32 ? [offset] : [])];
}

/** From the flags to the uncompressed size, which are the same in both headers. */
function writeCommon(record: RecordWriter, { size, crc32, modifiedAt }: ZipFacts): void {
  const shown = Math.min(size, IN_ZIP64_32);
  const [clock, day] = dosTime(modifiedAt);
  record.u16(UTF8_NAMES).u16(STORED).u16(clock).u16(day).u32(crc32).u32(shown).u32(shown);
}

function nameOf({ name }: ZipFacts): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length > IN_ZIP64_16) throw new RangeError('not the name of a ZIP entry');
  return bytes;
}

/**
 * Extra fields: section 4.5.3, header ID 0x0001, for what does not fit; and Info-ZIP's extended timestamp, header ID 0x5455 (section 4.6.1),
 * seconds since 1970 in UTC, which the older field cannot say. That is left out where 32 bits with a sign do not reach.
 */
class Extra {
  readonly bytes: number;
  private readonly seconds: number;
  private readonly hasTime: boolean;

  constructor(
    private readonly large: readonly number[],
    modifiedAt: Date,
  ) {
    this.seconds = Math.floor(modifiedAt.getTime() / 1000);
    this.hasTime = this.seconds >= 0 && this.seconds <= 0x7fffffff;
    this.bytes = (large.length > 0 ? 4 + large.length * 8 : 0) + (this.hasTime ? 9 : 0);
  }

  writeTo(record: RecordWriter): void {
    if (this.large.length > 0) {
      record.u16(0x0001).u16(this.large.length * 8);
      for (const value of this.large) record.u64(value);
    }
    if (this.hasTime) record.u16(0x5455).u16(5).u8(1).u32(this.seconds);
  }
}

/** Section 4.4.6: the time and then the date of MS-DOS, every other second from 1980 to 2107; here in UTC, because nobody's place is known. */
function dosTime(time: Date): [clock: number, day: number] {
  const clamped = new Date(Math.min(Math.max(time.getTime(), FIRST_DOS_MS), LAST_DOS_MS));
  const clock = (clamped.getUTCHours() << 11) | (clamped.getUTCMinutes() << 5) | (clamped.getUTCSeconds() >> 1);
  const day = ((clamped.getUTCFullYear() - 1980) << 9) | ((clamped.getUTCMonth() + 1) << 5) | clamped.getUTCDate();
  return [clock, day];
}

/** Writes one record, little-endian, field by field. */
class RecordWriter {
  private readonly record: Buffer;
  private position = 0;

  /** @param size of the record, in bytes */
  constructor(size: number) {
    this.record = Buffer.allocUnsafe(size);
  }

  u8(value: number): this {
    this.position = this.record.writeUInt8(value, this.position);
    return this;
  }

  u16(value: number): this {
    this.position = this.record.writeUInt16LE(value, this.position);
    return this;
  }

  u32(value: number): this {
    this.position = this.record.writeUInt32LE(value, this.position);
    return this;
  }

  u64(value: number): this {
    this.position = this.record.writeBigUInt64LE(BigInt(value), this.position);
    return this;
  }

  bytes(value: Buffer): this {
    this.position += value.copy(this.record, this.position);
    return this;
  }

  /** @throws {RangeError} when it has another size than was said */
  done(): Buffer {
    if (this.position !== this.record.length) throw new RangeError('a ZIP record of another size');
    return this.record;
  }
}
