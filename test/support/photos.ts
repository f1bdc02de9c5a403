import { createCipheriv, createHash } from 'node:crypto';

/** The smallest beginning that makes bytes a JPEG. */
const JPEG_HEAD = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');
/** A PNG's signature and the beginning of its first chunk. */
const PNG_HEAD = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const BLOCK_BYTES = 64 * 1024;

/** Bytes that are sniffed as a JPEG and are the same for the same arguments, different for others. @param size in bytes, at least 20 */
export function jpeg(size: number, seed: number | string = 0): Buffer {
  return withNoise(JPEG_HEAD, size, seed);
}

/** The same for a PNG. @param size in bytes, at least 16 */
export function png(size: number, seed: number | string = 0): Buffer {
  return withNoise(PNG_HEAD, size, seed);
}

function withNoise(head: Buffer, size: number, seed: number | string): Buffer {
  const key = createHash('sha256').update(`photo ${seed}`).digest();
  const noise = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(
    Buffer.alloc(Math.max(0, size - head.length)),
  );
  return Buffer.concat([head, noise]);
}

/** The bytes of `jpeg(size, seed)` piece by piece, for photos too large to hold. */
export function* jpegBlocks(size: number, seed: number | string = 0): Generator<Buffer> {
  const key = createHash('sha256').update(`photo ${seed}`).digest();
  const noise = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  yield JPEG_HEAD;
  for (let left = size - JPEG_HEAD.length; left > 0; left -= BLOCK_BYTES) {
    yield noise.update(Buffer.alloc(Math.min(BLOCK_BYTES, left)));
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
