import { createCipheriv, createHash } from 'node:crypto';

/** The smallest beginning that makes bytes a JPEG. */
const JPEG_HEAD = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');

/** Bytes that are sniffed as a JPEG and are the same for the same arguments, different for others. @param size in bytes, at least 20 */
export function jpeg(size: number, seed: number | string = 0): Buffer {
  const key = createHash('sha256').update(`photo ${seed}`).digest();
  const noise = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(
    Buffer.alloc(Math.max(0, size - JPEG_HEAD.length)),
  );
  return Buffer.concat([JPEG_HEAD, noise]);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
