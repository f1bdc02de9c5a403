import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * What a server has received and sent, heads and bodies, to the byte and while it flows: read off its connections when somebody asks, and so
 * free for the requests.
 */
export class ConnectionBytes {
  private readonly open = new Set<Socket>();
  private readonly closed = { received: 0, sent: 0 };

  attach(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.open.add(socket);
      socket.once('close', () => {
        this.open.delete(socket);
        this.closed.received += socket.bytesRead;
        this.closed.sent += socket.bytesWritten;
      });
    });
  }

  get received(): number {
    return this.sum(this.closed.received, ({ bytesRead }) => bytesRead);
  }

  get sent(): number {
    return this.sum(this.closed.sent, ({ bytesWritten }) => bytesWritten);
  }

  get connections(): number {
    return this.open.size;
  }

  private sum(before: number, bytesOf: (socket: Socket) => number): number {
    let bytes = before;
    for (const socket of this.open) bytes += bytesOf(socket);
    return bytes;
  }
}
