import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** What nobody may learn from a preview; found in the bytes of a photo as they are. */
export const SECRETS = { make: 'Secretcam', description: 'written at home' } as const;

/** A picture with colours that differ from place to place: left of its upper half it is red, the rest is noise. */
async function canvas(width: number, height: number): Promise<sharp.Sharp> {
  const noise = await sharp({
    create: {
      width: 300,
      height: 200,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })
    .resize(width, height, { fit: 'fill' })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const red = { create: { width: width >> 1, height: height >> 1, channels: 3 as const, background: '#f00' } };
  return sharp(noise).composite([{ input: red, left: 0, top: 0 }]);
}

/** A JPEG as a camera writes it: with a place, a maker and XMP, lying on its side (EXIF orientation 6) unless told otherwise. */
export async function photo(width = 1200, height = 800, orientation = 6): Promise<Buffer> {
  return (await canvas(width, height))
    .jpeg({ quality: 90 })
    .withExif({
      IFD0: { Make: SECRETS.make, ImageDescription: SECRETS.description },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '51/1 30/1 3230/100',
        GPSLongitudeRef: 'W',
        GPSLongitude: '0/1 7/1 4366/100',
      },
    })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- ${SECRETS.description} --></x:xmpmeta>`)
    .withMetadata({ orientation })
    .withIccProfile('p3')
    .toBuffer();
}

/** The same picture in another format. */
export async function pictureAs(format: 'png' | 'webp' | 'gif' | 'avif' | 'tiff'): Promise<Buffer> {
  return (await canvas(400, 300)).toFormat(format).toBuffer();
}

/** A whole PNG of a few bytes that claims to be of so many pixels. */
export function pngClaiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8);
  const data = Buffer.from('789c6360000000020001', 'hex');
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    ...[chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))],
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(8 + body.length);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}

/** Process ids of this process's decoders. */
export function decoderPids(parent = process.pid): number[] {
  if (process.platform !== 'linux') {
    const table = execFileSync('ps', ['-axo', 'pid=,ppid=,command=']).toString().split('\n');
    return table.flatMap((line) => {
      const [, pid, ppid, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return Number(ppid) === parent && command.includes('decoder.process.cjs') ? [Number(pid)] : [];
    });
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => read(pid, 'cmdline').includes('decoder.process.cjs') && parentOf(pid) === parent);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(read(pid, 'status'))?.[1]);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It has ended since.
  }
}
