import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { NewFile } from '../../src/files/files.repository';
import { FolderAccess } from '../../src/folders/access/folder-access.service';
import type { OpenFolder } from '../../src/folders/access/open-folder';
import { BlobKind } from '../../src/platform/crypto/contexts';
import type { SealedBlob } from '../../src/vault/blob';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import type { TestApp } from './test-app';

/** The root folder of a new person. */
export async function newRoot(vault: TestApp): Promise<OpenFolder> {
  const { userId = '' } = await vault.signUp(`${uuidv7()}@example.com`);
  return vault.app
    .get(FolderAccess, { strict: false })
    .keyFor({ userId, sessionId: '', token: Buffer.alloc(32), device: '', fresh: false });
}

/** A file that nobody could open: what repositories see of one is random bytes anyway. */
export function newFile(folder: OpenFolder, change: Partial<NewFile> = {}): NewFile {
  return {
    id: uuidv7(),
    ownerId: folder.ownerId,
    folderId: folder.id,
    fkVersion: folder.keyVersion,
    dekWrapped: randomBytes(105),
    metaSealed: randomBytes(200),
    nameBidx: randomBytes(32),
    contentBidx: randomBytes(32),
    takenAt: null,
    ...change,
  };
}

/** The pending blob of a file, as the vault hands it over when its bytes are safe. */
export async function newPendingBlob(vault: TestApp, { id, ownerId }: NewFile, leaseSeconds = 60): Promise<SealedBlob> {
  const blob = { id: uuidv7(), ownerId, ctBytes: 1072, ctCrc32: 0xffffffff, header: randomBytes(56) };
  const row = { id: blob.id, ownerId, fileId: id, kind: BlobKind.original, reservedBytes: 0 };
  await vault.app.get(BlobsRepository, { strict: false }).insertPending(row, leaseSeconds, 0);
  return blob;
}
