import { randomBytes } from 'node:crypto';
import type { FileMetadata } from '../files/file-sealing';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { shareContext, shareFileContext, shareLabelContext, ShareTarget } from '../platform/crypto/contexts';
import { shareKey, sharePepper, type ShareSecrets } from '../platform/crypto/key-derivation';
import { openValue, sealValue, unwrapKey, wrapKey } from '../platform/crypto/sealed-value';
import { orDamaged } from '../vault/or-damaged';
import type { ShareEntity } from './share.entity';

/** What every key of a share is bound to. */
export type SharedTarget = Pick<ShareEntity, 'id' | 'ownerId' | 'folderId' | 'fkVersion' | 'expiresAt'>;

/** A file as a share of files shows it, kept as JSON: a rename afterwards does not change it. */
export type SharedDetails = Pick<FileMetadata, 'name' | 'contentType' | 'length' | 'crc32'>;

/** A share of files has no one target that its key could name but itself, and its key never changes. */
const FILES_KEY_VERSION = 1;
const LINK_SECRET = /^[\w-]{43}$/;

/** The secret of a new link, 32 bytes. */
export function newLinkSecret(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** The 32 bytes of a link's secret, or null when it is none; exactly one text is accepted for each. */
export function parseLinkSecret(text: string): Buffer | null {
  const secret = LINK_SECRET.test(text) ? Buffer.from(text, 'base64url') : null;
  return secret?.toString('base64url') === text ? secret : null;
}

/**
 * The key of a share.
 * @param userKey the owner's: without it, nobody can even guess at the share's password
 */
export function deriveShareKey(
  { id: shareId, ownerId: userId, folderId, fkVersion }: SharedTarget,
  secrets: Omit<ShareSecrets, 'pepper'>,
  userKey: Buffer,
): Buffer {
  const target =
    folderId === null || fkVersion === null
      ? { target: ShareTarget.file, targetId: shareId, keyVersion: FILES_KEY_VERSION }
      : { target: ShareTarget.folder, targetId: folderId, keyVersion: fkVersion };
  return shareKey({ ...secrets, pepper: sharePepper(userKey, shareId) }, { shareId, userId, ...target });
}

/** Wraps the key of a shared folder. */
export function wrapSharedFolder(
  key: Buffer,
  share: SharedTarget,
  folder: { id: string; keyVersion: number; key: Buffer },
) {
  return wrapKey(key, contextOf(share, ShareTarget.folder, folder.id, folder.keyVersion), folder.key);
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function unwrapSharedFolder(
  key: Buffer,
  share: SharedTarget,
  folder: { id: string; keyVersion: number },
  wrapped: Buffer,
): Buffer {
  return orDamaged(() => unwrapKey(key, contextOf(share, ShareTarget.folder, folder.id, folder.keyVersion), wrapped));
}

/** Wraps the key of a shared file. */
export function wrapSharedFile(
  key: Buffer,
  share: SharedTarget,
  file: { id: string; blobVersion: number; fileKey: Buffer },
): Buffer {
  return wrapKey(key, contextOf(share, ShareTarget.file, file.id, file.blobVersion), file.fileKey);
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function unwrapSharedFile(
  key: Buffer,
  share: SharedTarget,
  file: { id: string; blobVersion: number },
  wrapped: Buffer,
): Buffer {
  return orDamaged(() => unwrapKey(key, contextOf(share, ShareTarget.file, file.id, file.blobVersion), wrapped));
}

export function sealDetails(key: Buffer, shareId: string, fileId: string, details: SharedDetails): Buffer {
  const { name, contentType, length, crc32 } = details;
  return sealValue(key, shareFileContext(shareId, fileId), asJson({ name, contentType, length, crc32 }));
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function openDetails(key: Buffer, shareId: string, fileId: string, sealed: Buffer): SharedDetails {
  const opened = orDamaged(() => openValue(key, shareFileContext(shareId, fileId), sealed));
  return JSON.parse(opened.toString()) as SharedDetails;
}

/** @param key the user's for the owner, the share's for its visitors */
export function sealLabel(key: Buffer, { id, expiresAt }: SharedTarget, label: string | null): Buffer {
  return sealValue(key, shareLabelContext(id, toSeconds(expiresAt)), asJson(label));
}

/** @throws DecryptionError when the key is wrong, or the share's end has been changed */
export function openLabel(key: Buffer, { id, expiresAt }: SharedTarget, sealed: Buffer): string | null {
  return JSON.parse(openValue(key, shareLabelContext(id, toSeconds(expiresAt)), sealed).toString()) as string | null;
}

/** Unix time of a moment on a whole second: contexts bind seconds. */
export function toSeconds(moment: Date): number {
  return moment.getTime() / 1000;
}

function contextOf(share: SharedTarget, target: ShareTarget, targetId: string, keyVersion: number): Buffer {
  return shareContext(share.id, share.ownerId, target, targetId, keyVersion, toSeconds(share.expiresAt));
}

function asJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
