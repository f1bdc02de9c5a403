import type { TestApp } from './test-app';
import { type Answer, VaultClient } from './vault-client';

/** What a sign-in answers; the tokens are not there when they came as cookies. */
export interface IssuedBody {
  readonly sessionToken?: string;
  readonly deviceToken?: string;
  readonly expiresAt: string;
  readonly idleExpiresAt: string;
  readonly user: { readonly id: string; readonly email: string };
}

/** How somebody signs in. */
export interface Manner {
  readonly deviceId?: string;
  /** Sent with the request for a PIN. */
  readonly deviceToken?: string;
  readonly deviceName?: string;
  readonly remember?: boolean;
  readonly transport?: 'bearer' | 'cookie';
  /** Sent with both requests. */
  readonly headers?: Record<string, string>;
}

/** A challenge and its PIN, not yet traded in. */
export interface ReadPin {
  readonly challengeId: string;
  readonly pin: string;
}

/** Asks for a PIN over HTTP and reads it in the log; makes the account of a new address. */
export async function readPin(vault: TestApp, email: string, manner: Manner = {}): Promise<ReadPin> {
  const { deviceId = 'laptop', deviceToken, headers } = manner;
  // Only the one of them takes the token of a device, and only the other makes accounts.
  const path = deviceToken === undefined && headers === undefined ? '/users' : '/auth/pin';
  const { status, body } = await vault
    .stranger()
    .request<ReadPin>('POST', path, { json: { email, deviceId, deviceToken }, headers });
  if (status !== 202) throw new Error(`asking for a PIN answered ${status}`);
  return { challengeId: body.challengeId, pin: await vault.logs.pinFor(email) };
}

/** Trades a PIN for a session over HTTP. */
export async function trade(vault: TestApp, asked: ReadPin, manner: Manner = {}): Promise<Answer<IssuedBody>> {
  const { deviceId = 'laptop', deviceName, remember, transport, headers } = manner;
  const json = { ...asked, deviceId, deviceName, remember, transport };
  return vault.stranger().request('POST', '/auth/sessions', { json, headers });
}

/** A whole sign-in over HTTP. */
export async function signIn(vault: TestApp, email: string, manner: Manner = {}): Promise<Answer<IssuedBody>> {
  const answer = await trade(vault, await readPin(vault, email, manner), manner);
  if (answer.status !== 201) throw new Error(`the sign-in answered ${answer.status}`);
  return answer;
}

/** The same, and the client of whoever did it. */
export async function clientOf(vault: TestApp, email: string, manner: Manner = {}): Promise<VaultClient> {
  const { body } = await signIn(vault, email, manner);
  return Object.assign(new VaultClient(vault.url), { token: body.sessionToken, email, userId: body.user.id });
}
