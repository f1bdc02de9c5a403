import type { TestApp } from './test-app';
import { type Answer, VaultClient } from './vault-client';

/** A share as whoever made it has it. */
export interface MadeShare {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: string;
  /** From the link's fragment. */
  readonly secret: string;
}

export interface OpenedBody {
  readonly shareToken?: string;
  readonly expiresAt: string;
  readonly label?: string;
  readonly code?: string;
}

/** What a visitor sees of a file. */
export interface SharedFileBody {
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
}

/** Makes a share. @throws when it was refused */
export async function share(owner: VaultClient, wish: object): Promise<MadeShare> {
  const { status, body } = await owner.request<MadeShare>('POST', '/shares', { json: wish });
  if (status !== 201) throw new Error(`sharing answered ${status}: ${JSON.stringify(body)}`);
  return { ...body, secret: body.url.split('#')[1] ?? '' };
}

/** Tries to open a share. */
export async function knock(
  vault: TestApp,
  { id, secret }: Pick<MadeShare, 'id' | 'secret'>,
  more: object = {},
): Promise<Answer<OpenedBody>> {
  return vault.stranger().request<OpenedBody>('POST', `/shares/${id}/open`, { json: { secret, ...more } });
}

/** Somebody who has opened a share. @throws when it did not open */
export async function visit(vault: TestApp, made: MadeShare, more: object = {}): Promise<VaultClient> {
  const { status, body } = await knock(vault, made, more);
  if (status !== 200) throw new Error(`opening answered ${status}: ${JSON.stringify(body)}`);
  const visitor = vault.stranger();
  visitor.token = body.shareToken;
  return visitor;
}

/** The names that a visitor sees. */
export async function namesSeen(visitor: VaultClient, { id }: Pick<MadeShare, 'id'>): Promise<string[]> {
  const { body } = await visitor.request<{ items?: SharedFileBody[] }>('GET', `/shares/${id}/files`);
  return (body.items ?? []).map(({ name }) => name);
}

/** An answer without what differs from request to request. */
export function comparable({ status, headers, bytes }: Answer<unknown>): string {
  const id = headers.get('x-request-id') ?? '';
  const kept = [...headers].filter(
    ([name]) => !/^(date|x-request-id|connection|keep-alive|ratelimit(-policy)?)$/.test(name),
  );
  return JSON.stringify({ status, kept, body: bytes.toString().replaceAll(id, '<request id>') });
}
