import { createHmac, hkdfSync } from 'node:crypto';
import { uuid } from './byte-fields';
import { KEY_BYTES } from './chunked-format';
import { folderSlotInfo, grantInfo, lockPepperInfo, shareInfo, sharePepperInfo, shareSessionInfo } from './contexts';
import type { ShareTarget } from './contexts';

const SHA512_BYTES = 64;

/**
 * HKDF-Expand with SHA-512 (RFC 5869, section 2.3): for a `prk` that is already uniformly random, where Extract would
 * add nothing. node:crypto only offers Extract and Expand together.
 *
 * @param length of the result in bytes, at most 255 * 64
 * @throws RangeError when `length` is larger than that
 */
export function hkdfExpandSha512(prk: Buffer, info: Buffer, length: number): Buffer {
  const blockCount = Math.ceil(length / SHA512_BYTES);
  if (blockCount > 255) throw new RangeError('HKDF-SHA-512 gives at most 16320 bytes');
  const blocks: Buffer[] = [];
  let previous: Buffer = Buffer.alloc(0);
  // "T(N) = HMAC-Hash(PRK, T(N-1) | info | N)", with N in one byte, from 1.
  for (let counter = 1; counter <= blockCount; counter++) {
    previous = createHmac('sha512', prk).update(previous).update(info).update(Buffer.of(counter)).digest();
    blocks.push(previous);
  }
  return Buffer.concat(blocks, length);
}

/**
 * HKDF with SHA-512, Extract and Expand (RFC 5869, section 2): for input that is secret but not uniformly random.
 *
 * @param length of the result in bytes, at most 255 * 64
 * @throws RangeError when `length` is larger than that
 */
export function hkdfSha512(salt: Buffer, ikm: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha512', ikm, salt, info, length));
}

/** Pepper of a folder's lock: without the user key nobody can even guess at the folder's password. 32 bytes. */
export function lockPepper(userKey: Buffer, folderId: string): Buffer {
  return hkdfExpandSha512(userKey, lockPepperInfo(folderId), KEY_BYTES);
}

/** Pepper of a share, like {@link lockPepper}. 32 bytes. */
export function sharePepper(userKey: Buffer, shareId: string): Buffer {
  return hkdfExpandSha512(userKey, sharePepperInfo(shareId), KEY_BYTES);
}

/** What a slot key is made from. */
export interface SlotSecrets {
  /** 32 bytes: argon2id of the folder password, or the recovery code's own bytes. */
  readonly secret: Buffer;
  /** 32 bytes from {@link lockPepper}. */
  readonly pepper: Buffer;
}

/** The slot that a slot key is for. */
export interface SlotIdentity {
  readonly slotId: string;
  readonly userId: string;
  readonly folderId: string;
  readonly fkVersion: number;
}

/**
 * Key that wraps a locked folder's key in one slot. 32 bytes.
 *
 * @throws RangeError when a secret is not 32 bytes: their concatenation would be ambiguous
 */
export function folderSlotKey(secrets: SlotSecrets, slot: SlotIdentity): Buffer {
  const info = folderSlotInfo(slot.userId, slot.folderId, slot.fkVersion);
  return hkdfSha512(uuid(slot.slotId), joinSecrets(secrets.secret, secrets.pepper), info, KEY_BYTES);
}

/** What a share key is made from. */
export interface ShareSecrets {
  /** 32 random bytes from the link's fragment. */
  readonly link: Buffer;
  /** 32 bytes: argon2id of the share's password; null when it has none. */
  readonly passwordKey: Buffer | null;
  /** 32 bytes from {@link sharePepper}. */
  readonly pepper: Buffer;
}

/** The share that a share key is for. */
export interface ShareIdentity {
  readonly shareId: string;
  readonly userId: string;
  readonly target: ShareTarget;
  readonly targetId: string;
  readonly keyVersion: number;
}

/**
 * Key that wraps what a share gives access to. 32 bytes.
 *
 * @throws RangeError when a secret is not 32 bytes: their concatenation would be ambiguous
 */
export function shareKey(secrets: ShareSecrets, share: ShareIdentity): Buffer {
  const passwordKey = secrets.passwordKey ?? Buffer.alloc(KEY_BYTES);
  const info = shareInfo(share.userId, share.target, share.targetId, share.keyVersion);
  return hkdfSha512(uuid(share.shareId), joinSecrets(secrets.link, passwordKey, secrets.pepper), info, KEY_BYTES);
}

/**
 * Key that seals a folder key into an unlock grant. 32 bytes.
 *
 * @param token the 32 random bytes of the session token, which only the client holds between requests
 */
export function grantKey(token: Buffer, sessionId: string, folderId: string): Buffer {
  return hkdfExpandSha512(token, grantInfo(sessionId, folderId), KEY_BYTES);
}

/**
 * Key that seals a share's keys into one visitor's share session. 32 bytes.
 *
 * @param token the 32 random bytes of the share session's token, which only the visitor holds
 */
export function shareSessionKey(token: Buffer, shareId: string): Buffer {
  return hkdfExpandSha512(token, shareSessionInfo(shareId), KEY_BYTES);
}

function joinSecrets(...secrets: Buffer[]): Buffer {
  if (secrets.some((secret) => secret.length !== KEY_BYTES)) throw new RangeError(`a secret has ${KEY_BYTES} bytes`);
  return Buffer.concat(secrets);
}
