import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** Scrapers come every few seconds, and one at a time: whoever sends half a request does not stay. */
const TIMEOUT_MS = 10_000;

/**
 * The figures on a door of their own, which is never the vault's: no route of the API leads to them, and no session opens or shuts them.
 * @returns the server, which listens
 * @throws what `listen` says
 */
export async function serveMetrics(registry: Registry, at: { port: number; host: string }): Promise<Server> {
  const server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS }, (request, response) => {
    const isScrape = /^\/metrics(?:\?|$)/.test(request.url ?? '');
    if (!isScrape) return end(response, 404, 'The figures are at /metrics.\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'Only GET.\n');
    registry.metrics().then(
      (text) => end(response, 200, text, registry.contentType),
      () => end(response, 500, 'The figures could not be read.\n'),
    );
  });
  server.listen(at.port, at.host);
  await once(server, 'listening');
  // A scraper that keeps its connection is no reason for the process to last.
  server.unref();
  return server;
}

/** Where it listens, as a person types it. */
export function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
}

function end(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
