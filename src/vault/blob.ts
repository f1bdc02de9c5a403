import type { BlobKind } from '../platform/crypto/contexts';

/** Which file a blob belongs to and what it is of it: the parts of its context. */
export interface BlobIdentity {
  readonly ownerId: string;
  readonly fileId: string;
  readonly kind: BlobKind;
}

/** A blob before its bytes. */
export interface PendingBlob extends BlobIdentity {
  readonly id: string;
  /** Plaintext bytes that count in its owner's quota until it is ready or given up. */
  readonly reservedBytes: number;
}

/** A blob whose bytes are safe, but which no file has yet. Ends as part of a file (`settled`) or by `forget`. */
export interface SealedBlob {
  readonly id: string;
  readonly ownerId: string;
  readonly ctBytes: number;
  readonly ctCrc32: number;
  readonly header: Buffer;
}

/** A blob that a file has. */
export interface ReadyBlob extends BlobIdentity {
  readonly id: string;
  readonly ctBytes: number;
  readonly header: Buffer;
  /** Plaintext length from the file's sealed metadata. */
  readonly ptBytes: number;
}
