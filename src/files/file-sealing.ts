import { contentIndex, nameIndex } from '../platform/crypto/blind-index';
import { fileKeyContext, fileMetadataContext } from '../platform/crypto/contexts';
import { openValue, sealValue, unwrapKey, wrapKey } from '../platform/crypto/sealed-value';
import type { OpenFolder } from '../folders/access/folder-access.service';
import { orDamaged } from '../vault/or-damaged';
import type { FileEntity } from './file.entity';

/** What is known of a file, kept as JSON sealed under the folder key. */
export interface FileMetadata {
  readonly name: string;
  readonly contentType: string;
  /** Plaintext bytes. */
  readonly length: number;
  /** Of the plaintext: lower-case hex, and CRC-32 as zlib has it. */
  readonly sha256: string;
  readonly crc32: number;
  /** ISO 8601, when the client said so. */
  readonly takenAt?: string;
}

type KeyColumns = Pick<FileEntity, 'id' | 'fkVersion' | 'blobVersion' | 'dekWrapped'>;
type MetadataColumns = Pick<FileEntity, 'id' | 'metaVersion' | 'metaSealed'>;

/** Every file begins with these versions. */
export const FIRST_VERSION = 1;

/** Wraps a new file's key. */
export function wrapFileKey(folder: OpenFolder, fileId: string, fileKey: Buffer): Buffer {
  return wrapKey(
    folder.key,
    fileKeyContext(folder.ownerId, folder.id, folder.keyVersion, fileId, FIRST_VERSION),
    fileKey,
  );
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function unwrapFileKey(folder: OpenFolder, file: KeyColumns): Buffer {
  const context = fileKeyContext(folder.ownerId, folder.id, file.fkVersion, file.id, file.blobVersion);
  return orDamaged(() => unwrapKey(folder.key, context, file.dekWrapped));
}

export function sealMetadata(folder: OpenFolder, fileId: string, metaVersion: number, metadata: FileMetadata): Buffer {
  const context = fileMetadataContext(folder.ownerId, folder.id, fileId, metaVersion);
  return sealValue(folder.key, context, Buffer.from(JSON.stringify(metadata)));
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function openMetadata(folder: OpenFolder, file: MetadataColumns): FileMetadata {
  const context = fileMetadataContext(folder.ownerId, folder.id, file.id, file.metaVersion);
  return JSON.parse(orDamaged(() => openValue(folder.key, context, file.metaSealed)).toString()) as FileMetadata;
}

/** By what a file can be found in its folder without being readable. */
export function fileIndexes(
  folder: OpenFolder,
  metadata: Pick<FileMetadata, 'name' | 'sha256'>,
): { nameBidx: Buffer; contentBidx: Buffer } {
  return {
    nameBidx: nameIndex(folder.key, metadata.name),
    contentBidx: contentIndex(folder.key, Buffer.from(metadata.sha256, 'hex')),
  };
}
