import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INLINE_TYPES, MEDIA_TYPES, SNIFF_BYTES, sniffMediaType } from './media-type';
import type { MediaType } from './media-type';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

function ftyp(major: string, ...compatible: string[]): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(16 + 4 * compatible.length);
  return Buffer.concat([size, latin1(`ftyp${major}\0\0\0\0${compatible.join('')}`)]);
}

function ebml(docType: string): Buffer {
  const version = latin1('\x42\x86\x81\x01');
  const elements = Buffer.concat([version, latin1('\x42\x82'), Buffer.from([0x80 | docType.length]), latin1(docType)]);
  return Buffer.concat([latin1('\x1a\x45\xdf\xa3'), Buffer.from([0x80 | elements.length]), elements]);
}

const SUBFILE_TYPE = 254;
const WIDTH = 256;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const MAKE = 271;
const SUB_IFDS = 330;
const DNG_VERSION = 50706;

/** A TIFF header and one directory at 8; strings are ASCII values of more than 3 letters behind it. */
function tiff(tags: Record<number, number | string>, order: 'II' | 'MM' = 'II'): Buffer {
  const entries = Object.entries(tags);
  const head = Buffer.alloc(8 + 2 + 12 * entries.length + 4);
  const short = (value: number, at: number): number =>
    order === 'II' ? head.writeUInt16LE(value, at) : head.writeUInt16BE(value, at);
  const long = (value: number, at: number): number =>
    order === 'II' ? head.writeUInt32LE(value, at) : head.writeUInt32BE(value, at);
  head.write(order, 'latin1');
  short(42, 2);
  long(8, 4);
  short(entries.length, 8);
  let behind = latin1('');
  entries.forEach(([tag, value], i) => {
    const at = 10 + 12 * i;
    short(Number(tag), at);
    if (typeof value === 'string') {
      const ascii = latin1(`${value}\0`);
      short(2, at + 2);
      long(ascii.length, at + 4);
      long(head.length + behind.length, at + 8);
      behind = Buffer.concat([behind, ascii]);
    } else {
      const isShort = [COMPRESSION, PHOTOMETRIC].includes(Number(tag));
      short(isShort ? 3 : 4, at + 2);
      long(1, at + 4);
      if (isShort) short(value, at + 8);
      else long(value, at + 8);
    }
  });
  return Buffer.concat([head, behind]);
}

/** What Nikon, Sony and Samsung write: no full picture in the first directory, the raw data in a sub-directory. */
const thumbnailFirst = (make: string, order?: 'II' | 'MM'): Buffer =>
  tiff({ [SUBFILE_TYPE]: 1, [WIDTH]: 160, [MAKE]: make, [SUB_IFDS]: 4096 }, order);

const SAMPLES: [what: string, type: MediaType, head: Buffer][] = [
  ['JPEG with JFIF', 'image/jpeg', latin1('\xff\xd8\xff\xe0\0\x10JFIF\0')],
  ['JPEG with Exif', 'image/jpeg', latin1('\xff\xd8\xff\xe1\0\x10Exif\0\0')],
  ['PNG', 'image/png', latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01')],
  ['GIF87a', 'image/gif', latin1('GIF87a\x01\0\x01\0')],
  ['GIF89a', 'image/gif', latin1('GIF89a\x01\0\x01\0')],
  ['lossy WebP', 'image/webp', latin1('RIFF\x20\0\0\0WEBPVP8 ')],
  ['lossless WebP', 'image/webp', latin1('RIFF\x20\0\0\0WEBPVP8L')],
  ['extended WebP', 'image/webp', latin1('RIFF\x20\0\0\0WEBPVP8X')],
  ['HEIC', 'image/heic', ftyp('heic', 'mif1', 'heic')],
  ['10-bit HEIC', 'image/heic', ftyp('heix', 'mif1')],
  ['HEIC sequence', 'image/heic', ftyp('hevc', 'msf1', 'iso8')],
  ['HEIC known by its compatible brand', 'image/heic', ftyp('mif1', 'mif1', 'heic')],
  ['HEIC behind a video brand', 'image/heic', ftyp('msf1', 'iso8', 'hevc')],
  ['HEIF of another codec', 'image/heif', ftyp('mif1', 'miaf')],
  ['HEIF sequence of another codec', 'image/heif', ftyp('msf1', 'iso8')],
  ['HEIF under an unknown major brand', 'image/heif', ftyp('avci', 'mif1')],
  ['AVIF', 'image/avif', ftyp('avif', 'mif1', 'miaf')],
  ['AVIF sequence', 'image/avif', ftyp('avis', 'msf1', 'iso8')],
  ['AVIF known by its compatible brand', 'image/avif', ftyp('mif1', 'miaf', 'avif')],
  ['little-endian TIFF', 'image/tiff', tiff({ [WIDTH]: 640 })],
  ['big-endian TIFF', 'image/tiff', tiff({ [WIDTH]: 640 }, 'MM')],
  ['little-endian BigTIFF', 'image/tiff', latin1('II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0')],
  ['big-endian BigTIFF', 'image/tiff', latin1('MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10')],
  ['DNG', 'image/x-adobe-dng', tiff({ [WIDTH]: 160, [DNG_VERSION]: 0x0401 })],
  [
    'DNG of a camera with a raw format of its own',
    'image/x-adobe-dng',
    tiff({ [MAKE]: 'PENTAX', [DNG_VERSION]: 1 }, 'MM'),
  ],
  ['CR2', 'image/x-canon-cr2', latin1('II*\0\x10\0\0\0CR\x02\0')],
  ['CR3', 'image/x-canon-cr3', ftyp('crx ', 'crx ', 'isom')],
  ['RAF', 'image/x-fuji-raf', latin1('FUJIFILMCCD-RAW 0201')],
  ['NEF', 'image/x-nikon-nef', thumbnailFirst('NIKON CORPORATION')],
  ['big-endian NEF', 'image/x-nikon-nef', thumbnailFirst('NIKON CORPORATION', 'MM')],
  ['ORF', 'image/x-olympus-orf', latin1('IIRO\x08\0\0\0')],
  ['ORF of the E-10', 'image/x-olympus-orf', latin1('IIRS\x08\0\0\0')],
  ['big-endian ORF', 'image/x-olympus-orf', latin1('MMOR\0\0\0\x08')],
  ['RW2', 'image/x-panasonic-rw2', latin1('IIU\0\x18\0\0\0')],
  ['RW2 of the first models', 'image/x-panasonic-rw2', latin1('IIU\0\x08\0\0\0')],
  ['compressed PEF', 'image/x-pentax-pef', tiff({ [WIDTH]: 7392, [COMPRESSION]: 65535, [MAKE]: 'PENTAX' })],
  [
    'PEF after Ricoh',
    'image/x-pentax-pef',
    tiff({ [WIDTH]: 7392, [PHOTOMETRIC]: 32803, [MAKE]: 'RICOH IMAGING' }, 'MM'),
  ],
  [
    'SRW, without a picture in its first directory',
    'image/x-samsung-srw',
    tiff({ [MAKE]: 'SAMSUNG', [SUB_IFDS]: 512 }),
  ],
  ['ARW', 'image/x-sony-arw', thumbnailFirst('SONY')],
  ['MP4', 'video/mp4', ftyp('isom', 'isom', 'iso2', 'avc1', 'mp41')],
  ['MP4 of a phone', 'video/mp4', ftyp('mp42', 'isom', 'mp42')],
  ['M4V', 'video/mp4', ftyp('M4V ', 'mp42', 'isom')],
  ['MP4 without compatible brands', 'video/mp4', ftyp('mp41')],
  ['MP4 under an unknown major brand', 'video/mp4', ftyp('CAEP', 'mp42')],
  ['QuickTime', 'video/quicktime', ftyp('qt  ', 'qt  ')],
  ['QuickTime of a Casio', 'video/quicktime', ftyp('caqv', 'qt  ')],
  ['QuickTime without ftyp', 'video/quicktime', latin1('\0\x01\x7f\x42moov\0\0\0lmvhd')],
  ['QuickTime with its data first', 'video/quicktime', latin1('\0\x0b\x2a\0mdat\0\0')],
  ['QuickTime with 64-bit data', 'video/quicktime', latin1('\0\0\0\x01mdat\0\0\0\x01\0\0\0\0')],
  ['QuickTime behind other atoms', 'video/quicktime', latin1('\0\0\0\x0cfreexxxx\0\0\0\x08wide\x7f\0\0\0mdat')],
  ['QuickTime with no data yet', 'video/quicktime', latin1('\0\0\0\x08mdat')],
  ['3GP', 'video/3gpp', ftyp('3gp5', '3gp5', 'isom')],
  ['WebM', 'video/webm', ebml('webm')],
  [
    'WebM of FFmpeg, with sizes of eight bytes',
    'video/webm',
    latin1('\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x07\x42\x82\x84webm'),
  ],
  [
    'WebM with Voids of 100 and of 300 bytes before its DocType',
    'video/webm',
    latin1(`\x1a\x45\xdf\xa3\x41\x9c\xec\xe4${'\0'.repeat(100)}\xec\x41\x2c${'\0'.repeat(300)}\x42\x82\x84webm`),
  ],
  ['WebM with a padded DocType', 'video/webm', ebml('webm\0\0')],
];

const REFUSED: [what: string, head: Buffer | string][] = [
  ['nothing', ''],
  ['text', 'GIF is an image format'],
  ['HTML', '<!DOCTYPE html><script>alert(1)</script>'],
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
  ['XML with an SVG inside', '<?xml version="1.0"?><svg/>'],
  ['PDF', '%PDF-1.7\n'],
  ['a PDF with a JPEG behind it', '%PDF-1.7\n\xff\xd8\xff\xe0'],
  ['ZIP', 'PK\x03\x04\x14\0\0\0'],
  ['an EXE', 'MZ\x90\0\x03\0\0\0'],
  ['an ELF', '\x7fELF\x02\x01\x01\0'],
  ['a script', '#!/bin/sh\nexit\n'],
  ['PostScript', '%!PS-Adobe-3.0'],
  ['a JPEG behind a line feed', '\n\xff\xd8\xff\xe0'],
  ['two bytes of a JPEG', '\xff\xd8'],
  ['a PNG signature mangled to text', '\x89PNG\n\x1a\n\0\0\0\rIHDR'],
  ['a PNG that does not begin with IHDR', '\x89PNG\r\n\x1a\n\0\0\0\x04CgBI'],
  ['AVI', 'RIFF\x20\0\0\0AVI LIST'],
  ['WAVE', 'RIFF\x20\0\0\0WAVEfmt '],
  ['RIFF that only claims to be WebP', 'RIFF\x20\0\0\0WEBP<htm'],
  ['Matroska', ebml('matroska')],
  ['EBML without a DocType', '\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01'],
  ['EBML with a DocType behind its header', '\x1a\x45\xdf\xa3\x80\x42\x82\x84webm'],
  ['EBML that ends in its header', '\x1a\x45\xdf\xa3'],
  [
    'EBML of impossible sizes',
    '\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff\x42\x86\x01\xff\xff\xff\xff\xff\xff\xff',
  ],
  ['EBML with a size of no length', '\x1a\x45\xdf\xa3\0\0\0\0\0\0\0\0'],
  ['M4A, for all its compatible brands', ftyp('M4A ', 'mp42', 'isom')],
  ['M4A with a NUL where the blank belongs', ftyp('M4A\0', '3gp5', 'isom')],
  ['JPEG 2000', ftyp('jp2 ', 'jp2 ')],
  ['an ftyp too small for a brand', '\0\0\0\x08ftypmp42\0\0\0\0'],
  ['an ftyp larger than the file', '\0\0\0\x40ftypmp42\0\0\0\0'],
  ['text with "mdat" in the right place', '<!--mdat--><script>'],
  ['a tab and "mdat" in the right place', '\ta=1mdat'],
  ['an mdat smaller than its own header', '\0\0\0\x04mdat'],
  ['a line feed and "moov" in the right place', '\nab moovxxxxmvhd'],
  ['a moov without a header', '\0\0\0\x10moov\0\0\0\x08free'],
  ['QuickTime filler and no film', '\0\0\0\x08free\0\0\0\x08free'],
  ['QuickTime filler of size zero', '\0\0\0\0free\0\0\0\0'],
  ['Canon CIFF', 'II\x1a\0\0\0HEAPCCDR'],
];

describe('sniffMediaType', () => {
  it.each(SAMPLES)('knows %s', (_what, type, head) => {
    expect(sniffMediaType(head)).toBe(type);
  });

  it.each(REFUSED)('refuses %s', (_what, head) => {
    expect(sniffMediaType(typeof head === 'string' ? latin1(head) : head)).toBeNull();
  });

  it('can return every type that it lists, and no other', () => {
    expect(new Set(SAMPLES.map(([, type]) => type))).toEqual(new Set(MEDIA_TYPES));
  });

  describe('in a TIFF', () => {
    it.each([
      ['the make of a camera alone', tiff({ [WIDTH]: 4000, [MAKE]: 'NIKON CORPORATION' })],
      ['a make and a full picture with pyramid levels', tiff({ [WIDTH]: 4000, [MAKE]: 'SONY', [SUB_IFDS]: 512 })],
      ['raw data of an unknown make', thumbnailFirst('Leaf')],
      ['raw data without a make', tiff({ [SUBFILE_TYPE]: 1, [SUB_IFDS]: 512 })],
    ])('does not take %s for a raw format', (_what, head) => {
      expect(sniffMediaType(head)).toBe('image/tiff');
    });

    it('reads a make of four characters from the entry itself', () => {
      const make = 10 + 12 * 2;
      const head = thumbnailFirst('').subarray(0, -1);
      head.writeUInt32LE(4, make + 4);
      head.write('SONY', make + 8, 'latin1');
      expect(sniffMediaType(head)).toBe('image/x-sony-arw');
    });

    it('reads no more of the make than its count', () => {
      const head = thumbnailFirst('PENTAX');
      expect(sniffMediaType(head)).toBe('image/x-pentax-pef');
      head.writeUInt32LE(5, 10 + 12 * 2 + 4);
      expect(sniffMediaType(head)).toBe('image/tiff');
    });

    it('reads no more entries than the directory has', () => {
      const head = tiff({ [WIDTH]: 640, [DNG_VERSION]: 1 });
      expect(sniffMediaType(head)).toBe('image/x-adobe-dng');
      head.writeUInt16LE(1, 8);
      expect(sniffMediaType(head)).toBe('image/tiff');
    });

    it.each([
      ['a directory beyond the file', 4, 0xffffffff],
      ['a directory inside the header', 4, 0],
      ['a directory at the last byte', 4, 64],
      ['more entries than the file has bytes', 8, 0xffffffff],
      ['a make of four thousand million characters', 10 + 12 * 2 + 4, 0xffffffff],
      ['a make beyond the file', 10 + 12 * 2 + 8, 0xffffffff],
    ])('survives %s', (_what, at, value) => {
      const head = tiff({ [SUBFILE_TYPE]: 1, [WIDTH]: 160, [MAKE]: 'PHASE', [SUB_IFDS]: 8 });
      head.writeUInt32LE(value, at);
      expect(sniffMediaType(head)).toBe('image/tiff');
    });
  });

  it('gives no wrong type and no exception for any beginning of any sample', () => {
    for (const [what, type, head] of SAMPLES) {
      for (let length = 0; length < head.length; length++) {
        const sniffed = sniffMediaType(head.subarray(0, length));
        const honest = [null, type, ...(/^(II\*\0|MM\0\*)/.test(head.toString('latin1')) ? ['image/tiff'] : [])];
        if (!honest.includes(sniffed)) throw new Error(`${what}, cut to ${length} bytes, is called ${sniffed}`);
      }
    }
  });

  it('answers within the list for damaged samples', () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
    const answers: readonly (string | null)[] = [null, ...MEDIA_TYPES];
    for (let round = 0; round < 5000; round++) {
      const head = Buffer.concat([SAMPLES[random(SAMPLES.length)][2], Buffer.alloc(random(64), random(256))]);
      for (let i = random(8); i >= 0; i--) head[random(head.length)] = random(256);
      const sniffed = sniffMediaType(head);
      if (!answers.includes(sniffed)) throw new Error(`${head.toString('hex')} is called ${sniffed}`);
    }
  });
});

describe('INLINE_TYPES', () => {
  it('holds only types that sniffing can give', () => {
    expect([...INLINE_TYPES].filter((type) => !(MEDIA_TYPES as readonly string[]).includes(type))).toEqual([]);
  });

  it('leaves TIFF and raw formats to the download', () => {
    expect([...INLINE_TYPES].filter((type) => /tiff|image\/x-/.test(type))).toEqual([]);
  });
});

const photosDir = process.env.PHOTOS_DIR;
if (!photosDir)
  process.stderr.write('NOT RUN: media types of real camera files; set PHOTOS_DIR to a folder of them.\n');

(photosDir ? describe : describe.skip)('sniffMediaType on real camera files', () => {
  it('knows each by what the first word of its name says', () => {
    const kinds: Record<string, MediaType> = { jpg: 'image/jpeg', heic: 'image/heic', tiff: 'image/tiff' };
    const photos = readdirSync(photosDir!).filter((name) => name.split('-')[0] in kinds);
    const sniffed = photos.map((name) => [
      name,
      sniffMediaType(readFileSync(join(photosDir!, name)).subarray(0, SNIFF_BYTES)),
    ]);
    expect(photos.length).toBeGreaterThan(0);
    expect(sniffed).toEqual(photos.map((name) => [name, kinds[name.split('-')[0]]]));
  });
});
