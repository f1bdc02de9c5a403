import { createHmac, randomInt } from 'node:crypto';
import { labelled, uuid } from './byte-fields';

const ID_HASH_BYTES = 32;
/** Stands for the user in a challenge of an address nobody has signed up with. */
const NO_USER = Buffer.alloc(16);

/** A uniformly random PIN of `digits` decimal digits, leading zeros included. */
export function newPin(digits: number): string {
  return randomInt(10 ** digits)
    .toString()
    .padStart(digits, '0');
}

/**
 * What is stored of a PIN; 32 bytes. It answers only for this challenge and this user, and a PIN's few digits cannot be
 * tried against it without the pepper.
 *
 * @param pepper the server secret `pin-pepper`
 * @param challengeIdHash SHA-256 of the challenge's id, 32 bytes
 * @param userId null while nobody has signed up with the address
 * @throws RangeError when the hash is not 32 bytes: the MAC's input would be ambiguous
 */
export function pinMac(pepper: Buffer, challengeIdHash: Buffer, userId: string | null, pin: string): Buffer {
  if (challengeIdHash.length !== ID_HASH_BYTES) throw new RangeError('a challenge id hash has 32 bytes');
  const user = userId === null ? NO_USER : uuid(userId);
  return createHmac('sha256', pepper)
    .update(labelled('pv1/pin', challengeIdHash, user, Buffer.from(pin, 'utf8')))
    .digest();
}
