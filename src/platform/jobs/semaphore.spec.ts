import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore } from './semaphore';

describe('a semaphore', () => {
  it('lets as many run at a time as it was told, in their order, and never one more', async () => {
    const semaphore = new Semaphore(3);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        semaphore.run(async () => {
          begun.push(i);
          most = Math.max(most, ++running);
          await sleep(i % 4);
          running--;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('gives back what its work gives, and goes on after a failure', async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.run(() => Promise.reject(new Error('no')));
    const next = semaphore.run(() => Promise.resolve(7));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe(7);
    expect(await semaphore.run(() => Promise.resolve(8))).toBe(8);
  });
});
