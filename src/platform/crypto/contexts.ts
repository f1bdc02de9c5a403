/**
 * What each sealed message is: the `ctx` of every use of chunked encryption, and the `info` of every key derivation.
 *
 * A message opens only under the context it was sealed under, so a row's ciphertext is worthless in any other row, under
 * any other owner, version or expiry. One builder per row of the table in the key hierarchy's specification; ids are
 * UUIDs in text form, versions u32, offsets and times u64 (times in seconds), all big-endian. A builder throws
 * RangeError when an argument does not fit its field.
 */
import { labelled, u32, u64, u8, uuid } from './byte-fields';

/** What a blob of a file holds. */
export const BlobKind = { original: 0, thumbnail: 1, preview: 2 } as const;
export type BlobKind = (typeof BlobKind)[keyof typeof BlobKind];

/** What opens a slot of a locked folder. */
export const SlotType = { password: 1, recovery: 2 } as const;
export type SlotType = (typeof SlotType)[keyof typeof SlotType];

/** What a share gives access to. */
export const ShareTarget = { folder: 1, file: 2 } as const;
export type ShareTarget = (typeof ShareTarget)[keyof typeof ShareTarget];

/** What a server secret is for. */
export type ServerSecretPurpose = 'pin-pepper' | 'email-index' | 'mailbox' | 'canary';

// Keys wrapped by keys

/** User key under master key `kid`. */
export function userKeyContext(userId: string, kid: number): Buffer {
  return labelled('pv1/wrap/user-key', uuid(userId), u32(kid));
}

/** Server secret under master key `kid`. */
export function serverSecretContext(kid: number, version: number, purpose: ServerSecretPurpose): Buffer {
  return labelled('pv1/wrap/server-secret', u32(kid), u32(version), Buffer.from(purpose, 'ascii'));
}

/** Key of an open folder under its user key. */
export function folderKeyContext(userId: string, folderId: string, fkVersion: number): Buffer {
  return labelled('pv1/wrap/folder-key', uuid(userId), uuid(folderId), u32(fkVersion));
}

/** Key of a locked folder under a slot key. */
export function folderSlotContext(
  userId: string,
  folderId: string,
  fkVersion: number,
  slotId: string,
  slotType: SlotType,
): Buffer {
  return labelled('pv1/wrap/folder-slot', uuid(userId), uuid(folderId), u32(fkVersion), uuid(slotId), u8(slotType));
}

/** File key under its folder key. */
export function fileKeyContext(
  userId: string,
  folderId: string,
  fkVersion: number,
  fileId: string,
  blobVersion: number,
): Buffer {
  return labelled('pv1/wrap/file-key', uuid(userId), uuid(folderId), u32(fkVersion), uuid(fileId), u32(blobVersion));
}

/** Folder key in an unlock grant. Binding the expiry keeps whoever can write the row from lengthening the grant. */
export function grantContext(
  sessionId: string,
  folderId: string,
  fkVersion: number,
  grantId: string,
  absoluteExpiry: number | bigint,
): Buffer {
  return labelled(
    'pv1/wrap/grant',
    uuid(sessionId),
    uuid(folderId),
    u32(fkVersion),
    uuid(grantId),
    u64(absoluteExpiry),
  );
}

/** Folder key or file key in a share. Binding the expiry keeps whoever can write the row from lengthening the share. */
export function shareContext(
  shareId: string,
  userId: string,
  target: ShareTarget,
  targetId: string,
  keyVersion: number,
  expiry: number | bigint,
): Buffer {
  return labelled(
    'pv1/wrap/share',
    uuid(shareId),
    uuid(userId),
    u8(target),
    uuid(targetId),
    u32(keyVersion),
    u64(expiry),
  );
}

/** Key of the spool parts of one upload, under the folder key. */
export function uploadKeyContext(userId: string, folderId: string, fkVersion: number, uploadId: string): Buffer {
  return labelled('pv1/wrap/upload-key', uuid(userId), uuid(folderId), u32(fkVersion), uuid(uploadId));
}

/** Keys of a share as one visitor's share session holds them. */
export function shareSessionContext(shareId: string, sessionId: string, expiry: number | bigint): Buffer {
  return labelled('pv1/wrap/share-session', uuid(shareId), uuid(sessionId), u64(expiry));
}

// Metadata

/** File metadata under its folder key; `metaVersion` advances with every change. */
export function fileMetadataContext(userId: string, folderId: string, fileId: string, metaVersion: number): Buffer {
  return labelled('pv1/meta/file', uuid(userId), uuid(folderId), uuid(fileId), u32(metaVersion));
}

/** Name of a folder under the user key. */
export function folderNameContext(userId: string, folderId: string): Buffer {
  return labelled('pv1/meta/folder', uuid(userId), uuid(folderId));
}

/** E-mail address of a user under the user key. */
export function emailContext(userId: string): Buffer {
  return labelled('pv1/meta/email', uuid(userId));
}

/** A file as a share shows it, under the share key. */
export function shareFileContext(shareId: string, fileId: string): Buffer {
  return labelled('pv1/meta/share-file', uuid(shareId), uuid(fileId));
}

/**
 * What a share is called: under the user key for its owner, under the share key for its visitors. A share key that opens it is the right
 * one, and the share's end is still the one that it was made with.
 */
export function shareLabelContext(shareId: string, expiry: number | bigint): Buffer {
  return labelled('pv1/meta/share-label', uuid(shareId), u64(expiry));
}

/** Address of somebody without a user key (sign-up pending, account deleted), under the server secret `mailbox`. */
export function mailboxContext(rowId: string): Buffer {
  return labelled('pv1/meta/mailbox', uuid(rowId));
}

// Contents

/** Original or rendition under the file key. */
export function blobContext(userId: string, fileId: string, blobId: string, kind: BlobKind): Buffer {
  return labelled('pv1/blob', uuid(userId), uuid(fileId), uuid(blobId), u8(kind));
}

/** Part `part` of an upload's spool, starting at byte `offset` of the upload, under the upload key. */
export function uploadPartContext(userId: string, uploadId: string, part: number, offset: number | bigint): Buffer {
  return labelled('pv1/part', uuid(userId), uuid(uploadId), u32(part), u64(offset));
}

// Key derivation

/** User key → pepper of a folder's lock. */
export function lockPepperInfo(folderId: string): Buffer {
  return labelled('pv1/kdf/lock-pepper', uuid(folderId));
}

/** User key → pepper of a share. */
export function sharePepperInfo(shareId: string): Buffer {
  return labelled('pv1/kdf/share-pepper', uuid(shareId));
}

/** Password or recovery code, and pepper → slot key. */
export function folderSlotInfo(userId: string, folderId: string, fkVersion: number): Buffer {
  return labelled('pv1/kdf/folder-slot', uuid(userId), uuid(folderId), u32(fkVersion));
}

/** Link secret, password and pepper → share key. */
export function shareInfo(userId: string, target: ShareTarget, targetId: string, keyVersion: number): Buffer {
  return labelled('pv1/kdf/share', uuid(userId), u8(target), uuid(targetId), u32(keyVersion));
}

/** Session token → grant key. */
export function grantInfo(sessionId: string, folderId: string): Buffer {
  return labelled('pv1/kdf/grant', uuid(sessionId), uuid(folderId));
}

/** Share session token → share session key. */
export function shareSessionInfo(shareId: string): Buffer {
  return labelled('pv1/kdf/share-session', uuid(shareId));
}
