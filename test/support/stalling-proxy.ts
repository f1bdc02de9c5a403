import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Passes connections on to a socket, until it is told to stall: then whoever is connected, or connects, hears nothing and is not hung up on. */
export class StallingProxy {
  private readonly pairs = new Set<readonly [client: Socket, server: Socket]>();
  private stalled = false;

  private constructor(
    private readonly listener: Server,
    private readonly target: string,
  ) {}

  /** @param target path of a unix socket */
  static async start(target: string): Promise<StallingProxy> {
    const listener = createServer({ allowHalfOpen: false });
    const proxy = new StallingProxy(listener, target);
    listener.on('connection', (client) => proxy.pass(client));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  stall(): void {
    this.stalled = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  goOn(): void {
    this.stalled = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private pass(client: Socket): void {
    const server = connect(this.target);
    const pair = [client, server] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(pair);
      });
    }
    if (this.stalled) for (const socket of pair) socket.pause();
  }
}
