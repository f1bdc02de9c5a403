import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A network that fails after so many bytes of an answer. */
export interface CuttingProxy {
  /** In the place of the server's. */
  readonly url: string;
  close(): void;
}

/**
 * Stands before a server, passes so many bytes of its answers on, and breaks the connection.
 * @param beforeCut happens while nothing more is passed on, and before the client knows
 */
export async function cutAfter(
  url: string,
  bytes: number,
  beforeCut: () => unknown = () => undefined,
): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url);
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    const breakUp = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', breakUp).on('close', breakUp);
    client.pipe(server, { end: false });
    let left = bytes;
    server.on('data', (block: Buffer) => {
      const passed = block.subarray(0, left);
      left -= passed.length;
      if (left > 0) {
        if (!client.write(passed)) server.pause();
        return;
      }
      server.removeAllListeners('close').pause();
      // What was passed on shall arrive.
      client.write(passed, () => void Promise.resolve(beforeCut()).finally(breakUp));
    });
    client.on('drain', () => server.resume());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close: () => void proxy.close() };
}
