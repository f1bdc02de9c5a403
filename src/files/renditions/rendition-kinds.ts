import { BlobKind } from '../../platform/crypto/contexts';

/** What there is of a photo beside itself: the square of `edge` pixels that it fits into, and what its blob is called in contexts. */
export const RENDITIONS = {
  thumbnail: { edge: 320, blobKind: BlobKind.thumbnail },
  preview: { edge: 2048, blobKind: BlobKind.preview },
} as const;

export type RenditionKind = keyof typeof RENDITIONS;

/** As a path has them. */
export const RENDITION_KINDS = Object.keys(RENDITIONS) as RenditionKind[];

export function isRenditionKind(word: string): word is RenditionKind {
  return Object.hasOwn(RENDITIONS, word);
}

/** The types that the worker has a decoder for; HEIC is not among them, because no free decoder may be shipped for it. */
export const RENDERED_TYPES: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'image/tiff',
]);

/** Bytes of the largest original that is rendered: the worker holds it in memory. */
export const MAX_RENDERED_BYTES = 256 * 1024 * 1024;
