import { BlobKind } from '../platform/crypto/contexts';
import type { ReadyBlob } from '../vault/blob';
import { unwrapFileKey } from './file-sealing';
import type { OpenFile } from './files.service';

/** What it takes to read a file's bytes, for whoever holds its key: its owner, or a visitor of a share. */
export interface StoredFile {
  readonly id: string;
  readonly ownerId: string;
  /** The original's object: its id, and its ciphertext's length and first 56 bytes. */
  readonly blobId: string;
  readonly ctBytes: number;
  readonly header: Buffer;
  /** Plaintext bytes, and the type: from metadata that were sealed. */
  readonly length: number;
  readonly contentType: string;
  /** 32 bytes. */
  readonly fileKey: Buffer;
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function storedFileOf({ row, folder, metadata: { length, contentType } }: OpenFile): StoredFile {
  const { id, ownerId, blobId, ctBytes, header } = row;
  return {
    id,
    ownerId,
    blobId,
    ctBytes: Number(ctBytes),
    header,
    length,
    contentType,
    fileKey: unwrapFileKey(folder, row),
  };
}

/** The original, as the vault opens it. */
export function originalOf({ id: fileId, ownerId, blobId: id, ctBytes, header, length }: StoredFile): ReadyBlob {
  return { id, ownerId, fileId, kind: BlobKind.original, ctBytes, header, ptBytes: length };
}
