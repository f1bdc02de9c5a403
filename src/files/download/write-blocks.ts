import type { Response } from 'express';

/**
 * Writes blocks to a response, each only after the one before has left the process: the blocks of a download share one buffer, so
 * that many downloads at once fit into little memory. `stream.pipeline` would read ahead.
 * @param first what the generator has given already
 * @throws whatever `blocks` throws, after breaking the connection: a transfer that failed must not look complete
 */
export async function writeBlocks(
  response: Response,
  first: IteratorResult<Buffer, void>,
  blocks: AsyncGenerator<Buffer, void>,
): Promise<void> {
  // A client that goes away has had enough, which is its right; a write that it leaves pending is never called back.
  let wake = (): void => undefined;
  const gone = (): void => wake();
  // The connection's end, not the response's: a pipelined response that still waits for its turn never hears of its own.
  const { socket } = response.req;
  socket.once('close', gone);
  try {
    for (let next = first; !next.done && !socket.destroyed; next = await blocks.next()) {
      const { value } = next;
      await new Promise<void>((resolve) => {
        wake = resolve;
        response.write(value, () => resolve());
      });
    }
    // Ended, it would count as finished: Node has nothing left to send then.
    if (socket.destroyed) response.destroy();
    else response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    socket.off('close', gone);
    await blocks.return();
  }
}
