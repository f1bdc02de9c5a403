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
/** Section 4.4.15: the mode of UNIX in the upper half, and what MS-DOS calls a directory in the lower. */
const FILE_ATTRIBUTES = (0o100644 << 16) >>> 0;
const FOLDER_ATTRIBUTES = ((0o040755 << 16) | 0x10) >>> 0;

/** Section 4.3.7. */
export function localHeader(entry: ZipFacts): Buffer {
  const name = nameOf(entry);
  const isLarge = entry.size >= IN_ZIP64_32;
  // Section 4.5.3: in a local header the extra field must have both sizes.
  const extra = Buffer.concat([...(isLarge ? [zip64Extra([entry.size, entry.size])] : []), timestampExtra(entry)]);
  return Buffer.concat([
    u32(0x04034b50),
    u16(isLarge ? VERSION_ZIP64 : VERSION_PLAIN),
    ...commonFields(entry),
    u16(name.length),
    u16(extra.length),
    name,
    extra,
  ]);
}

/**
 * Section 4.3.12.
 * @param offset where the entry's local header begins, in bytes from the archive's beginning
 */
export function centralHeader(entry: ZipFacts, offset: number): Buffer {
  const name = nameOf(entry);
  const isLarge = entry.size >= IN_ZIP64_32;
  const isFar = offset >= IN_ZIP64_32;
  // Section 4.5.3: only the fields that do not fit, in this order.
  const large = [...(isLarge ? [entry.size, entry.size] : []), ...(isFar ? [offset] : [])];
  const extra = Buffer.concat([...(large.length > 0 ? [zip64Extra(large)] : []), timestampExtra(entry)]);
  return Buffer.concat([
    u32(0x02014b50),
    u16(MADE_BY),
    u16(large.length > 0 ? VERSION_ZIP64 : VERSION_PLAIN),
    ...commonFields(entry),
    u16(name.length),
    u16(extra.length),
    u16(0), // length of the comment
    u16(0), // disk on which it begins
    u16(0), // internal attributes
    u32(entry.name.endsWith('/') ? FOLDER_ATTRIBUTES : FILE_ATTRIBUTES),
    u32(Math.min(offset, IN_ZIP64_32)),
    name,
    extra,
  ]);
}

/**
 * What ends an archive: section 4.3.16, and before it 4.3.14 and 4.3.15 where a number does not fit.
 * @param entries how many there are
 * @param offset where the central directory begins, and its `size`, in bytes
 */
export function endRecords({ entries, offset, size }: { entries: number; offset: number; size: number }): Buffer {
  const isZip64 = entries >= IN_ZIP64_16 || offset >= IN_ZIP64_32 || size >= IN_ZIP64_32;
  const zip64 = [
    u32(0x06064b50),
    u64(44), // what follows in this record
    u16(MADE_BY),
    u16(VERSION_ZIP64),
    u32(0), // this disk, and that of the central directory
    u32(0),
    u64(entries),
    u64(entries),
    u64(size),
    u64(offset),
    // The locator.
    u32(0x07064b50),
    u32(0),
    u64(offset + size),
    u32(1),
  ];
  return Buffer.concat([
    ...(isZip64 ? zip64 : []),
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(Math.min(entries, IN_ZIP64_16)),
    u16(Math.min(entries, IN_ZIP64_16)),
    u32(Math.min(size, IN_ZIP64_32)),
    u32(Math.min(offset, IN_ZIP64_32)),
    u16(0),
  ]);
}

/** From the flags to the uncompressed size, which are the same in both headers. */
function commonFields({ size, crc32, modifiedAt }: ZipFacts): Buffer[] {
  const shown = Math.min(size, IN_ZIP64_32);
  return [u16(UTF8_NAMES), u16(STORED), dosTime(modifiedAt), u32(crc32), u32(shown), u32(shown)];
}

function nameOf({ name }: ZipFacts): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length > IN_ZIP64_16) throw new RangeError('not the name of a ZIP entry');
  return bytes;
}

/** Section 4.5.3, header ID 0x0001. */
function zip64Extra(values: readonly number[]): Buffer {
  return Buffer.concat([u16(0x0001), u16(values.length * 8), ...values.map(u64)]);
}

/**
 * Info-ZIP's extended timestamp, header ID 0x5455 (section 4.6.1): seconds since 1970 in UTC, which the older field cannot say. Left out where
 * 32 bits with a sign do not reach.
 */
function timestampExtra({ modifiedAt }: ZipFacts): Buffer {
  const seconds = Math.floor(modifiedAt.getTime() / 1000);
  if (seconds < 0 || seconds > 0x7fffffff) return Buffer.alloc(0);
  return Buffer.concat([u16(0x5455), u16(5), Buffer.of(1), u32(seconds)]);
}

/** Section 4.4.6: the time and then the date of MS-DOS, every other second from 1980 to 2107; here in UTC, because nobody's place is known. */
function dosTime(time: Date): Buffer {
  const clamped = new Date(
    Math.min(Math.max(time.getTime(), Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31, 23, 59, 58)),
  );
  const clock = (clamped.getUTCHours() << 11) | (clamped.getUTCMinutes() << 5) | (clamped.getUTCSeconds() >> 1);
  const day = ((clamped.getUTCFullYear() - 1980) << 9) | ((clamped.getUTCMonth() + 1) << 5) | clamped.getUTCDate();
  return Buffer.concat([u16(clock), u16(day)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
