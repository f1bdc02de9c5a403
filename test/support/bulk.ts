import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { VaultClient } from './vault-client';

/** What nginx says of when to try again. */
const RETRY_MS = 2000;

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
 * @param goOn how many, or until when; one that breaks or is answered 503 is made again, if there are `tries` left, and the last one counts
 */
export async function getInBulk(
  client: VaultClient,
  path: string,
  goOn: number | (() => boolean),
  {
    lanes = 16,
    headers = {},
    tries = 1,
  }: {
    lanes?: number;
    headers?: Record<string, string> | ((n: number) => Record<string, string>);
    tries?: number;
  } = {},
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
      const get = () => statusOf(`${client.url}/api/v1${path}`, agent, { ...own, ...more });
      let status = await get();
      for (let time = 1; time < tries && (status === 503 || status === 0); time++) {
        await delay(RETRY_MS);
        status = await get();
      }
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
