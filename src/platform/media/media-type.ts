/** How much of the start of a file `sniffMediaType` wants to see, in bytes; less only when the file itself is shorter. */
export const SNIFF_BYTES = 64 * 1024;

/** Every type the server recognises, which is also what it accepts unless UPLOAD_TYPES says otherwise. */
export const MEDIA_TYPES = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/heic',
  'image/heif',
  'image/avif',
  'image/tiff',
  'image/x-adobe-dng',
  'image/x-canon-cr2',
  'image/x-canon-cr3',
  'image/x-fuji-raf',
  'image/x-nikon-nef',
  'image/x-olympus-orf',
  'image/x-panasonic-rw2',
  'image/x-pentax-pef',
  'image/x-samsung-srw',
  'image/x-sony-arw',
  'video/mp4',
  'video/quicktime',
  'video/3gpp',
  'video/webm',
] as const;

export type MediaType = (typeof MEDIA_TYPES)[number];

/**
 * The types a browser may show in place (security design, section 4): those it decodes as pictures or video and never runs.
 * Everything else leaves as `attachment` with `application/octet-stream`.
 */
export const INLINE_TYPES: ReadonlySet<string> = new Set<MediaType>([
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/heic',
  'image/heif',
  'image/avif',
  'video/mp4',
  'video/quicktime',
  'video/webm',
]);

/** Formats named by their first bytes alone, one character a byte. CR2 and BigTIFF stand here because TIFF comes later. */
const SIGNATURES: readonly (readonly [start: string, type: MediaType])[] = [
  ['\xff\xd8\xff', 'image/jpeg'],
  ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'image/png'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['II*\0\x10\0\0\0CR\x02', 'image/x-canon-cr2'],
  ['FUJIFILMCCD-RAW ', 'image/x-fuji-raf'],
  ['IIRO\x08\0\0\0', 'image/x-olympus-orf'],
  ['IIRS\x08\0\0\0', 'image/x-olympus-orf'],
  ['MMOR\0\0\0\x08', 'image/x-olympus-orf'],
  ['IIU\0\x08\0\0\0', 'image/x-panasonic-rw2'],
  ['IIU\0\x18\0\0\0', 'image/x-panasonic-rw2'],
  ['II+\0\x08\0\0\0', 'image/tiff'],
  ['MM\0+\0\x08\0\0', 'image/tiff'],
];

/** What a major brand of an ISO base media file says by itself (ISO/IEC 14496-12 section 4.3, mp4ra.org). */
const BRANDS: ReadonlyMap<string, MediaType> = new Map(
  (
    [
      ['image/heic', ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']],
      ['image/avif', ['avif', 'avis']],
      ['image/x-canon-cr3', ['crx ']],
      ['video/quicktime', ['qt  ', 'mqt ']],
      ['video/3gpp', ['3gp4', '3gp5', '3gp6', '3gp7', '3gr6', '3gs6', '3gs7', '3ge6', '3ge7', '3gg6']],
      ['video/mp4', ['isom', 'iso2', 'iso3', 'iso4', 'iso5', 'iso6', 'iso7', 'iso8', 'iso9', 'mp41', 'mp42', 'mmp4']],
      ['video/mp4', ['avc1', 'M4V ', 'M4VH', 'M4VP', 'F4V ', 'MSNV', 'XAVC', 'dash']],
    ] as const
  ).flatMap(([type, brands]) => brands.map((brand): [string, MediaType] => [brand, type])),
);

/** HEIF containers that leave the codec to a compatible brand (ISO/IEC 23008-12 section 10). */
const HEIF_BRANDS: ReadonlySet<string> = new Set(['mif1', 'msf1']);

/** Sound only, although the compatible brands usually promise mp42 or isom. */
const AUDIO_BRANDS: ReadonlySet<string> = new Set(['M4A ', 'M4B ', 'M4P ', 'F4A ', 'F4B ', 'aax ', 'aaxc']);

/** QuickTime atoms that may stand before the film itself. */
const QUICKTIME_PREFIXES: ReadonlySet<string> = new Set(['wide', 'free', 'skip', 'pnot']);

/** TIFF 6.0 tags, SubIFDs of TIFF Technical Note 1 and DNGVersion of the DNG specification. */
const TAG = { subfileType: 254, width: 256, compression: 259, photometric: 262, make: 271, subIfds: 330, dng: 50706 };
const COLOUR_FILTER_ARRAY = 32803;
const PENTAX_COMPRESSION = 65535;

/** Raw formats that are TIFF inside and differ by who made the camera; `make` is how the tag Make begins. */
const RAW_MAKES: readonly (readonly [make: string, type: MediaType])[] = [
  ['NIKON', 'image/x-nikon-nef'],
  ['SONY', 'image/x-sony-arw'],
  ['PENTAX', 'image/x-pentax-pef'],
  ['RICOH', 'image/x-pentax-pef'],
  ['SAMSUNG', 'image/x-samsung-srw'],
];

/**
 * Names a file's type from its own bytes. The name and the client's Content-Type are never asked: both are claims
 * (security design, section 5).
 *
 * @param head the first SNIFF_BYTES of the file, or all of a shorter one; read within its bounds whatever it claims
 * @returns null for everything that is not a photo or a film: the caller answers 415. A damaged file that begins like a
 *   JPEG is a JPEG: whether it can be shown is the decoder's question.
 */
export function sniffMediaType(head: Buffer): MediaType | null {
  return (
    SIGNATURES.find(([start]) => text(head, 0, start.length) === start)?.[1] ??
    sniffWebp(head) ??
    sniffTiff(head) ??
    sniffIsoMedia(head) ??
    sniffOldQuickTime(head) ??
    sniffWebm(head)
  );
}

/** RFC 9649 section 2.4: "RIFF", the file's size, "WEBP", then a first chunk of VP8, VP8L or VP8X. */
function sniffWebp(head: Buffer): MediaType | null {
  return text(head, 0, 4) === 'RIFF' && /^WEBPVP8[ LX]$/.test(text(head, 8, 8)) ? 'image/webp' : null;
}

/**
 * TIFF 6.0 section 2, and the raw formats built on it. Only the first directory is read, each entry once and none
 * followed, so neither a loop nor a count can hold us; a directory out of reach leaves a plain TIFF.
 * A camera's Make alone proves nothing, since every editor copies it: the directory must also describe raw data.
 */
function sniffTiff(head: Buffer): MediaType | null {
  const littleEndian = text(head, 0, 4) === 'II*\0';
  if (!littleEndian && text(head, 0, 4) !== 'MM\0*') return null;
  const short = (at: number): number => uint(head, at, 2, littleEndian);
  const long = (at: number): number => uint(head, at, 4, littleEndian);

  const directory = long(4);
  const inReach = Math.floor((head.length - directory - 2) / 12);
  const entries = new Map<number, number>(); // tag → where its 12 bytes begin
  for (let i = 0; i < Math.min(short(directory), inReach); i++) {
    const at = directory + 2 + 12 * i;
    entries.set(short(at), at);
  }
  /** A single SHORT or LONG, which stands in the entry itself; NaN when the tag is missing. */
  const value = (tag: number): number => {
    const at = entries.get(tag) ?? NaN;
    return short(at + 2) === 3 ? short(at + 8) : long(at + 8);
  };
  /** The first characters of an ASCII value; up to four bytes stand in the entry itself. */
  const ascii = (tag: number): string => {
    const at = entries.get(tag) ?? NaN;
    const count = long(at + 4);
    return text(head, count <= 4 ? at + 8 : long(at + 8), Math.min(count, 16));
  };

  if (entries.has(TAG.dng)) return 'image/x-adobe-dng';
  const holdsRaw = value(TAG.photometric) === COLOUR_FILTER_ARRAY || value(TAG.compression) === PENTAX_COMPRESSION;
  // TIFF/EP (ISO 12234-2) puts a thumbnail or no picture at all first and the raw data into a sub-directory.
  const pointsToRaw = entries.has(TAG.subIfds) && (value(TAG.subfileType) === 1 || !entries.has(TAG.width));
  if (!holdsRaw && !pointsToRaw) return 'image/tiff';
  const make = ascii(TAG.make).toUpperCase();
  return RAW_MAKES.find(([start]) => make.startsWith(start))?.[1] ?? 'image/tiff';
}

/** ISO/IEC 14496-12 section 4.3: size, "ftyp", the major brand, its version, then the compatible brands. */
function sniffIsoMedia(head: Buffer): MediaType | null {
  const size = uint(head, 0, 4);
  if (text(head, 4, 4) !== 'ftyp' || size < 16 || size > head.length) return null;
  const brand = (at: number): string => text(head, at, 4).replaceAll('\0', ' '); // some writers pad with NUL
  const major = brand(8);
  const compatible: string[] = [];
  for (let at = 16; at + 4 <= size; at += 4) compatible.push(brand(at));

  const byMajor = BRANDS.get(major);
  if (byMajor !== undefined) return byMajor;
  if (AUDIO_BRANDS.has(major)) return null;
  const byCompatible = compatible.flatMap((name) => BRANDS.get(name) ?? []);
  if ([major, ...compatible].some((name) => HEIF_BRANDS.has(name))) {
    return byCompatible.find((type) => type === 'image/heic' || type === 'image/avif') ?? 'image/heif';
  }
  return byCompatible.find((type) => type.startsWith('video/')) ?? null;
}

/**
 * QuickTime File Format: cameras of the first years wrote `moov` or `mdat` without `ftyp`. Four letters are little to go
 * by, so the size before them must be one that no text begins with: below 0x09000000, which is 144 MiB.
 */
function sniffOldQuickTime(head: Buffer): MediaType | null {
  if (!(uint(head, 0, 1) < 0x09)) return null;
  let at = 0;
  let size = uint(head, 0, 4);
  while (QUICKTIME_PREFIXES.has(text(head, at + 4, 4)) && size >= 8) {
    at += size;
    size = uint(head, at, 4);
  }
  const atom = text(head, at + 4, 4);
  if (atom === 'moov') return ['mvhd', 'cmov'].includes(text(head, at + 12, 4)) ? 'video/quicktime' : null;
  // A size of 1 means that 64 bits of it follow the name.
  return atom === 'mdat' && (size >= 8 || size === 1) ? 'video/quicktime' : null;
}

/** RFC 8794 section 11.2.6: the EBML header names the DocType; Matroska, the same but for that word, is refused. */
function sniffWebm(head: Buffer): MediaType | null {
  if (uint(head, 0, 4) !== 0x1a45dfa3) return null;
  const header = ebmlSize(head, 4);
  const end = Math.min(header.next + header.size, head.length);
  let at = header.next;
  while (at < end) {
    const id = text(head, at, ebmlLength(head, at));
    const { size, next } = ebmlSize(head, at + id.length);
    if (id === '\x42\x82') return text(head, next, size).replace(/\0+$/, '') === 'webm' ? 'video/webm' : null;
    at = next + size;
  }
  return null;
}

/** RFC 8794 section 4.1: the leading zero bits of a variable-size integer say how many bytes it has; NaN for more than 8. */
function ebmlLength(head: Buffer, at: number): number {
  const first = uint(head, at, 1);
  return first > 0 ? Math.clz32(first) - 23 : NaN;
}

/** An element's data size and where the data begins; NaN, and so the end of every walk, where there is none. */
function ebmlSize(head: Buffer, at: number): { size: number; next: number } {
  const length = ebmlLength(head, at);
  let size = uint(head, at, 1) & (0xff >> length);
  for (let i = 1; i < length; i++) size = size * 256 + uint(head, at + i, 1);
  return { size, next: at + length };
}

/** An unsigned integer, or NaN outside of `head`: NaN equals nothing, so every check on a missing byte fails closed. */
function uint(head: Buffer, at: number, bytes: 1 | 2 | 4, littleEndian = false): number {
  if (!(at + bytes <= head.length)) return NaN;
  return littleEndian ? head.readUIntLE(at, bytes) : head.readUIntBE(at, bytes);
}

/** `length` bytes as characters, fewer at the end of `head`, none outside of it. */
function text(head: Buffer, at: number, length: number): string {
  return at >= 0 ? head.toString('latin1', at, at + length) : '';
}
