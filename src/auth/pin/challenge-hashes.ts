import { createHash } from 'node:crypto';

/** What is stored of a challenge's id; 32 bytes. @param challengeId base64url, as the requester has it */
export function hashChallengeId(challengeId: string): Buffer {
  return createHash('sha256').update(Buffer.from(challengeId, 'base64url')).digest();
}

/** What a sign-in's challenge is bound to: the label of the device that asked; 32 bytes. */
export function hashDeviceId(deviceId: string): Buffer {
  return createHash('sha256').update(deviceId).digest();
}

/** What the challenge of somebody who is signed in is bound to: the session; 32 bytes. */
export function hashSessionDevice(sessionId: string): Buffer {
  return createHash('sha256').update(`session\0${sessionId}`).digest();
}
