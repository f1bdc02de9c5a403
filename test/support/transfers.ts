import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileBody, VaultClient } from './vault-client';

/** An answer to a body that was sent piece by piece. */
export interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: FileBody & { code?: string };
}

/**
 * Sends a body of any size at the pace of its source.
 * @param path below `/api/v1`
 * @throws whatever the socket says when it breaks before there is an answer
 */
export async function send(
  client: VaultClient,
  method: 'PUT' | 'POST',
  path: string,
  source: Iterable<Buffer> | AsyncIterable<Buffer>,
  headers: Record<string, string> = {},
): Promise<Sent> {
  const outgoing = request(`${client.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${client.token}`, ...headers },
    agent: false,
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  // A refusal may come before the body has gone out; then the rest of the body does not matter.
  const sent = pipeline(Readable.from(source), outgoing);
  sent.catch(() => undefined);
  const [response] = await answered;
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as Sent['body'] };
}

/** A download that has begun: the answer's head is there, the body comes when it is read. */
export async function beginDownload(client: VaultClient, id: string): Promise<IncomingMessage> {
  return beginGet(client, `/files/${id}/content`);
}

/** The same of anything. @param path below `/api/v1` */
export async function beginGet(
  client: VaultClient,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const outgoing = request(`${client.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${client.token}`, ...headers },
    agent: false,
  });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

/**
 * Reads a stream to its end without keeping it.
 * @returns its SHA-256 in hex
 * @throws when the transfer breaks
 */
export async function digest(stream: Readable | Iterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Gives half of the blocks, and the rest when it is told to. */
export async function* haltedHalfway(blocks: Iterable<Buffer>, goOn: Promise<void>): AsyncGenerator<Buffer> {
  const all = [...blocks];
  for (const [index, block] of all.entries()) {
    if (index === Math.floor(all.length / 2)) await goOn;
    yield block;
  }
}

/** Spreads blocks over a time in ms. */
export async function* slowly(blocks: Iterable<Buffer>, ms: number): AsyncGenerator<Buffer> {
  const all = [...blocks];
  for (const block of all) {
    await delay(ms / all.length);
    yield block;
  }
}
