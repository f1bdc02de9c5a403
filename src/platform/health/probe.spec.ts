import { setTimeout as delay } from 'node:timers/promises';
import { Probe, ProbeTimeout } from './probe';

describe('a probe', () => {
  it('says what its look says, each time anew', async () => {
    const answers = [Promise.resolve(), Promise.reject(new Error('gone')), Promise.resolve()];
    const probe = new Probe(() => answers.shift() ?? Promise.reject(new Error('asked once more')), 5000);
    await probe.check();
    await expect(probe.check()).rejects.toThrow('gone');
    await probe.check();
  });

  it('asks what hangs once, however many want to know, gives each of them up in time, and asks again when it has answered', async () => {
    let looks = 0;
    let answer: () => void = () => undefined;
    const probe = new Probe(() => {
      looks++;
      return new Promise<void>((resolve) => (answer = resolve));
    }, 20);
    const asked = await Promise.allSettled(Array.from({ length: 50 }, () => probe.check()));
    expect(asked.map((each) => each.status === 'rejected' && each.reason instanceof ProbeTimeout)).toEqual(
      Array.from({ length: 50 }, () => true),
    );
    await expect(probe.check()).rejects.toThrow(ProbeTimeout);
    expect(looks).toBe(1);
    answer();
    await delay(0);
    const next = probe.check();
    answer();
    await next;
    expect(looks).toBe(2);
  });
});
