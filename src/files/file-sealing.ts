import { contentIndex, nameIndex } from '../platform/crypto/blind-index';
import { fileKeyContext, fileMetadataContext } from '../platform/crypto/contexts';
import { openValue, sealValue, unwrapKey, wrapKey } from '../platform/crypto/sealed-value';
import type { OpenFolder } from '../folders/access/open-folder';
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

export type SealedColumns = Pick<FileEntity, 'metaSealed' | 'metaVersion' | 'nameBidx' | 'contentBidx' | 'takenAt'>;

/** What changes of a file's row when it gets under another key. */
export type RewrappedFile = SealedColumns & Pick<FileEntity, 'id' | 'folderId' | 'fkVersion' | 'dekWrapped'>;

/** What it takes to rewrap a file. */
export type RewrappableFile = KeyColumns & MetadataColumns;

/** Every file begins with these versions. */
export const FIRST_VERSION = 1;

/** @param blobVersion of the file; every new one begins with the first */
export function wrapFileKey(folder: OpenFolder, fileId: string, fileKey: Buffer, blobVersion = FIRST_VERSION): Buffer {
  const context = fileKeyContext(folder.ownerId, folder.id, folder.keyVersion, fileId, blobVersion);
  return wrapKey(folder.key, context, fileKey);
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

/** What the row of a file says of its metadata; in a locked folder not even when it was taken. */
export function sealedColumns(
  folder: OpenFolder,
  fileId: string,
  metaVersion: number,
  metadata: FileMetadata,
): SealedColumns {
  const { takenAt } = metadata;
  return {
    metaSealed: sealMetadata(folder, fileId, metaVersion, metadata),
    metaVersion,
    ...fileIndexes(folder, metadata),
    takenAt: folder.isLocked || takenAt === undefined ? null : new Date(takenAt),
  };
}

/**
 * A file's row as it is under another folder's key, or under another key of the same folder. Its bytes stay as they are.
 * @param metadata when they change as well
 * @throws {AppError} `VAULT.DAMAGED` when the row was tampered with
 */
export function rewrapFile(
  from: OpenFolder,
  to: OpenFolder,
  file: RewrappableFile,
  metadata = openMetadata(from, file),
): RewrappedFile {
  const dekWrapped = wrapFileKey(to, file.id, unwrapFileKey(from, file), file.blobVersion);
  const sealed = sealedColumns(to, file.id, file.metaVersion + 1, metadata);
  return { id: file.id, folderId: to.id, fkVersion: to.keyVersion, dekWrapped, ...sealed };
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
