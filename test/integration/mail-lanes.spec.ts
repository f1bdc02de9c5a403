import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { MailPace } from '../../src/platform/mail/mail-queue.service';
import { mailFor, Posting, type Stoppable } from '../support/posting';
import { eventually } from '../support/waiting';

const opened: Stoppable[] = [];
const open = (pace?: Partial<MailPace> | null): Promise<Posting> => Posting.open(opened, pace);
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.stop();
});

describe('mails to strangers', () => {
  it('keep no owner’s mail out and hold none up, though 1,150 are posted before it and the server is slow', async () => {
    const posting = await open({ stopMs: 100 });
    posting.slowDown(1000);
    posting.postToStrangers(1150);
    await eventually('they are being sent', () => posting.server.asked.length > 0);
    const lost = jest.fn();
    const posted = performance.now();
    posting.post('alice@example.com', {}, { lost });
    await posting.server.mailTo('alice@example.com');
    // A sender was free: with the next one that gets free it would be two seconds.
    expect(performance.now() - posted).toBeLessThan(1600);
    const others = ['bob@example.com', 'carol@example.com', 'dave@example.com'];
    for (const other of others) posting.post(other, {}, { lost });
    await eventually('the others’ have arrived', () => others.every((other) => posting.arrivals(other) === 1), 4000);
    expect(lost).not.toHaveBeenCalled();
  }, 60_000);

  it('wait while three others are on their way, so that one sender is free for owners', async () => {
    const posting = await open();
    let [now, most] = [0, 0];
    for (let i = 0; i < 20; i++) {
      const make = async () => {
        most = Math.max(most, ++now);
        await delay(10);
        now--;
        return mailFor(`stranger${i}@example.com`);
      };
      posting.queue.post(make, {}, { stranger: true });
    }
    await eventually('all have arrived', () => posting.server.mails.length === 20);
    expect(most).toBe(3);
  });

  it('are dropped beyond 200, are told of, and the log says so once, and how many afterwards', async () => {
    const posting = await open();
    const lost = posting.postToStrangers(250);
    expect(lost).toEqual(Array.from({ length: 50 }, (_, i) => 200 + i));
    await eventually('the others have arrived', () => posting.server.mails.length === 200);
    posting.post('late@example.com', {}, { stranger: true });
    await posting.server.mailTo('late@example.com');
    expect(posting.said).toEqual([
      { level: 50, challenge: 'c-200', lane: 'strangers', msg: 'too many mails are waiting: new ones are dropped' },
      { level: 50, dropped: 50, lane: 'strangers', msg: 'mails were dropped; there is room again' },
    ]);
    expect(lost).toHaveLength(50);
  });

  it('that go on and on after they filled their lane are two lines in the log', async () => {
    const posting = await open();
    let lost = 0;
    for (let round = 1; round <= 5; round++) {
      lost += posting.postToStrangers(210).length;
      await eventually('some have arrived', () => posting.server.mails.length > round * 10);
    }
    expect(posting.said).toHaveLength(1);
    await eventually('all have arrived', () => posting.server.mails.length === 5 * 210 - lost);
    posting.post('late@example.com', {}, { stranger: true });
    expect(posting.said.slice(1)).toMatchObject([{ lane: 'strangers', dropped: lost }]);
  });

  it('have room while there is none for owners, and an owner’s mail does not end their count', async () => {
    const posting = await open({ owners: { waiting: 1, atOnce: 4 }, strangers: { waiting: 1, atOnce: 3 } });
    posting.post('alice@example.com');
    posting.post('bob@example.com');
    expect(posting.postToStrangers(2)).toEqual([1]);
    await posting.server.mailTo('stranger0@example.com');
    await posting.server.mailTo('alice@example.com');
    posting.post('carol@example.com');
    expect(posting.said.map(({ lane, dropped }) => [lane, dropped])).toEqual([
      ['owners', undefined],
      ['strangers', undefined],
      ['owners', 1],
    ]);
    posting.post('late@example.com', {}, { stranger: true });
    expect(posting.said.at(-1)).toMatchObject({ lane: 'strangers', dropped: 1 });
  });

  it('are sent in order, after the owners’, which are sent in order', async () => {
    const [owners, strangers] = [
      { waiting: 1000, atOnce: 1 },
      { waiting: 200, atOnce: 1 },
    ];
    const posting = await open({ delayMs: [1, 1], owners, strangers });
    let start = (): void => undefined;
    const held = new Promise<null>((resolve) => (start = () => resolve(null)));
    posting.queue.post(() => held, {});
    posting.postToStrangers(20);
    for (let i = 0; i < 20; i++) posting.post(`owner${i}@example.com`);
    // Until all of them are due.
    await delay(50);
    start();
    await eventually('all have arrived', () => posting.server.mails.length === 40);
    expect(posting.server.asked).toEqual([
      ...Array.from({ length: 20 }, (_, i) => `owner${i}@example.com`),
      ...Array.from({ length: 20 }, (_, i) => `stranger${i}@example.com`),
    ]);
  });

  it('stay in their lane while they wait to be tried again', async () => {
    const posting = await open({
      retryMs: [100],
      owners: { waiting: 1000, atOnce: 2 },
      strangers: { waiting: 1, atOnce: 1 },
    });
    posting.server.busyTimes = 1;
    posting.post('stranger@busy.example', {}, { stranger: true });
    await eventually('it is to be tried again', () => posting.said.length > 0);
    expect(posting.postToStrangers(1)).toEqual([0]);
    await posting.server.mailTo('stranger@busy.example');
  });

  it('are waited for by a stop, as the owners’ are', async () => {
    const posting = await open();
    const lost = posting.postToStrangers(20);
    for (let i = 0; i < 20; i++) posting.post(`owner${i}@example.com`);
    await posting.stop();
    expect(posting.server.mails).toHaveLength(40);
    expect(lost).toEqual([]);
  });
});

describe('a mail that is lost', () => {
  it.each([
    ['refused', 'carol@refused.example'],
    ['given up', 'bob@busy.example'],
  ])('is told of once, when it is %s', async (_, to) => {
    const posting = await open({ retryMs: [1, 1] });
    posting.server.busyTimes = Infinity;
    const lost = jest.fn();
    posting.post(to, {}, { lost });
    await eventually('it is lost', () => lost.mock.calls.length > 0);
    await posting.stop();
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('is not told of while it is tried again, nor when it arrives', async () => {
    const posting = await open();
    posting.server.busyTimes = 2;
    const lost = jest.fn();
    posting.post('bob@busy.example', {}, { lost });
    await posting.server.mailTo('bob@busy.example');
    await posting.stop();
    expect(lost).not.toHaveBeenCalled();
  });

  it('is told of at once, when there is no room for it', async () => {
    const posting = await open({ owners: { waiting: 1, atOnce: 4 } });
    const lost = jest.fn();
    posting.post('alice@example.com', {}, { lost });
    expect(lost).not.toHaveBeenCalled();
    posting.post('carol@example.com', {}, { lost });
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('is told of when a stop leaves it behind, in either lane or on its way, while the database is still there', async () => {
    const posting = await open({ stopMs: 200 });
    posting.slowDown(60_000);
    const strangers = posting.postToStrangers(10);
    const owners: number[] = [];
    for (let i = 0; i < 10; i++) posting.post(`owner${i}@example.com`, {}, { lost: () => owners.push(i) });
    await posting.queue.beforeApplicationShutdown();
    const all = Array.from({ length: 10 }, (_, i) => i);
    for (const lost of [strangers, owners]) expect(lost.toSorted((a, b) => a - b)).toEqual(all);
    await posting.queue.onApplicationShutdown();
    await turn();
    expect(strangers.length + owners.length).toBe(20);
    expect(posting.said).toEqual([{ level: 50, mails: 20, msg: 'stopped before all mails were sent' }]);
  });

  it('is told of when a stop meets it while it waits to be tried again', async () => {
    const posting = await open({ retryMs: [60_000] });
    posting.server.busyTimes = 1;
    const lost = jest.fn();
    posting.post('bob@busy.example', {}, { lost });
    await eventually('it is to be tried again', () => posting.said.length > 0);
    expect(lost).not.toHaveBeenCalled();
    await posting.stop();
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('is told of when a last request has posted it and there is no time left', async () => {
    const posting = await open({ stopMs: 50 });
    posting.slowDown(60_000);
    posting.post('alice@example.com');
    await posting.queue.beforeApplicationShutdown();
    const lost = jest.fn();
    posting.post('last@example.com', {}, { lost });
    await posting.queue.onApplicationShutdown();
    expect(lost).toHaveBeenCalledTimes(1);
  });
});
