import { Agent, request } from 'node:http';
import type { VaultClient } from './vault-client';

/** What was answered to many requests. */
export interface BulkAnswers {
  /** How often each status came. */
  readonly statuses: Record<number, number>;
  /** The slowest of them, in milliseconds. */
  readonly slowest: number;
}

/**
 * Sends one GET again and again over kept connections, as a sync tool does, `lanes` at a time. Reads nothing but the status, so that the
 * client costs little beside the server. A request that is not answered at all counts as status 0.
 * @param goOn how many, or until when
 */
export async function getInBulk(
  client: VaultClient,
  path: string,
  goOn: number | (() => boolean),
  {
    lanes = 16,
    headers = {},
  }: { lanes?: number; headers?: Record<string, string> | ((n: number) => Record<string, string>) } = {},
): Promise<BulkAnswers> {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes });
  const own: Record<string, string> = client.token === undefined ? {} : { authorization: `Bearer ${client.token}` };
  const statuses: Record<number, number> = {};
  let [sent, slowest] = [0, 0];
  const lane = async (): Promise<void> => {
    while (typeof goOn === 'number' ? sent < goOn : goOn()) {
      const n = sent++;
      const started = performance.now();
      const more = typeof headers === 'function' ? headers(n) : headers;
      const status = await statusOf(`${client.url}/api/v1${path}`, agent, { ...own, ...more });
      statuses[status] = (statuses[status] ?? 0) + 1;
      slowest = Math.max(slowest, performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  agent.destroy();
  return { statuses, slowest };
}

function statusOf(url: string, agent: Agent, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    request(url, { agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', () => resolve(0))
      .end();
  });
}
