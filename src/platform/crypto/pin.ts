import { createHmac, randomInt } from 'node:crypto';
import { labelled, uuid } from './byte-fields';
import { CROCKFORD_ALPHABET, crockfordSymbols } from './crockford';

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

const CODE_LENGTH = 8;
const CODE = new RegExp(`^(?=.*[A-Z])[${CROCKFORD_ALPHABET}]{${CODE_LENGTH}}$`);

/** The code that takes a PIN's place when its budget is spent: 8 symbols, 40 bits. It always has a letter, so that none looks like a PIN. */
export function newStepUpCode(): string {
  let code: string;
  do
    code = Array.from({ length: CODE_LENGTH }, () => CROCKFORD_ALPHABET[randomInt(CROCKFORD_ALPHABET.length)]).join('');
  while (!CODE.test(code));
  return code;
}

/**
 * What a person typed, as a step-up code: any case, with or without spaces and dashes, O for 0, I and L for 1.
 * @returns null when it cannot be one; then it may be a PIN
 */
export function parseStepUpCode(typed: string): string | null {
  const code = crockfordSymbols(typed);
  return CODE.test(code) ? code : null;
}

/**
 * What is stored of a step-up code; 32 bytes. One code is good for every pending challenge of an address.
 *
 * @param pepper the server secret `pin-pepper`
 * @param emailBidx blind index of the address, 32 bytes
 */
export function stepUpMac(pepper: Buffer, emailBidx: Buffer, code: string): Buffer {
  return createHmac('sha256', pepper)
    .update(labelled('pv1/step-up', emailBidx, Buffer.from(code, 'ascii')))
    .digest();
}

/**
 * What is stored of whoever has a budget or asks for something (an address, a network, a device); 32 bytes. There are few enough networks
 * to try them all against a plain hash.
 *
 * @param pepper the server secret `pin-pepper`
 * @param kind what is counted: a label of its own for each
 */
export function subjectMac(pepper: Buffer, kind: string, ...subject: Buffer[]): Buffer {
  return createHmac('sha256', pepper)
    .update(labelled(`pv1/subject/${kind}`, ...subject))
    .digest();
}
