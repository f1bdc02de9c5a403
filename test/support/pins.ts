import { createHash } from 'node:crypto';
import type { TestApp } from './test-app';
import type { Answer } from './vault-client';

/** A PIN as the person has it who asked for it. */
export interface AskedPin {
  readonly email: string;
  readonly deviceId: string;
  readonly challengeId: string;
  readonly pin: string;
}

export interface SignedIn {
  readonly sessionToken: string;
  readonly user: { readonly id: string; readonly email: string };
}

/** Asks for a PIN and reads it in the log. */
export async function askForPin(
  vault: TestApp,
  email: string,
  { deviceId = 'laptop', route = '/users' } = {},
): Promise<AskedPin> {
  const { body } = await vault.stranger().request<AskedPin>('POST', route, { json: { email, deviceId } });
  return { email, deviceId, challengeId: body.challengeId, pin: await vault.logs.pinFor(email.toLowerCase()) };
}

/** Tries a PIN. */
export async function tradeIn(
  vault: TestApp,
  { challengeId, deviceId, pin }: Omit<AskedPin, 'email'>,
): Promise<Answer<SignedIn>> {
  return vault.stranger().request('POST', '/auth/sessions', { json: { challengeId, deviceId, pin } });
}

/** By what the database knows a challenge. */
export function challengeHash(challengeId: string): Buffer {
  return createHash('sha256').update(Buffer.from(challengeId, 'base64url')).digest();
}
