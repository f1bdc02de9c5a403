import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { MailPace } from '../../src/platform/mail/mail-queue.service';
import { mailFor, PACE, PIN, Posting, type Stoppable } from '../support/posting';
import { eventually, within } from '../support/waiting';

const opened: Stoppable[] = [];
const open = (pace?: Partial<MailPace> | null): Promise<Posting> => Posting.open(opened, pace);
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.stop();
});

describe('a mail that is posted', () => {
  it('is made and sent later, and the log is silent', async () => {
    const posting = await open();
    const make = jest.fn(() => mailFor('alice@example.com'));
    posting.queue.post(make, {});
    expect(make).not.toHaveBeenCalled();
    expect((await posting.server.mailTo('alice@example.com')).text).toContain(PIN);
    expect(make).toHaveBeenCalledTimes(1);
    expect(posting.log.lines).toEqual([]);
  });

  it('is not even begun for a random while, so that its work falls on no request in particular', async () => {
    const posting = await open(null);
    const waited: number[] = [];
    for (let i = 0; i < 100; i++) {
      const posted = performance.now();
      posting.queue.post(() => {
        waited.push(performance.now() - posted);
        return null;
      }, {});
    }
    await eventually('all are made', () => waited.length === 100);
    expect(Math.min(...waited)).toBeGreaterThan(18);
    expect(Math.max(...waited) - Math.min(...waited)).toBeGreaterThan(60);
  });

  it('may turn out to be none', async () => {
    const posting = await open();
    posting.queue.post(() => null, {});
    posting.queue.post(() => Promise.resolve(null), {});
    posting.post('alice@example.com');
    await posting.server.mailTo('alice@example.com');
    await posting.stop();
    expect(posting.server.mails).toHaveLength(1);
    expect(posting.log.lines).toEqual([]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no key'))],
  ])('is given up when its making %s, and the next one is sent', async (_, make: () => never | Promise<never>) => {
    const posting = await open({ owners: { ...PACE.owners, atOnce: 1 } });
    posting.queue.post(make, { challenge: 'c-1' });
    posting.post('alice@example.com');
    await posting.server.mailTo('alice@example.com');
    await eventually('the failure is logged', () => posting.said.length > 0);
    expect(posting.said).toMatchObject([{ level: 50, challenge: 'c-1', err: { message: 'no key' } }]);
  });

  it('waits while four others are on their way', async () => {
    const posting = await open();
    let [now, most] = [0, 0];
    for (let i = 0; i < 20; i++) {
      posting.queue.post(async () => {
        most = Math.max(most, ++now);
        await delay(10);
        now--;
        return mailFor(`reader${i}@example.com`);
      }, {});
    }
    await eventually('all have arrived', () => posting.server.mails.length === 20);
    expect(most).toBe(4);
  });
});

describe('while the mail server is away', () => {
  it('mails wait, and each arrives once when it is back', async () => {
    const posting = await open();
    await posting.server.stop();
    const readers = Array.from({ length: 10 }, (_, i) => `reader${i}@example.com`);
    for (const reader of readers) posting.post(reader);
    await eventually('the outage is noticed', () => posting.said.length > 0);
    await posting.server.startAgain();
    await eventually('all have arrived', () => posting.server.mails.length >= readers.length);
    await posting.stop();
    expect(readers.map((reader) => posting.arrivals(reader))).toEqual(readers.map(() => 1));
  });

  it('the log has one line for the outage and one for its end', async () => {
    const posting = await open();
    await posting.server.stop();
    for (let i = 0; i < 10; i++) posting.post(`reader${i}@example.com`);
    await eventually('the outage is noticed', () => posting.said.length > 0);
    await posting.server.startAgain();
    await eventually('all have arrived', () => posting.server.mails.length === 10);
    await posting.stop();
    expect(posting.said).toEqual([
      { level: 40, codes: 'ESOCKET, ECONNREFUSED', msg: 'a mail was not taken for now; trying again' },
      { level: 30, msg: 'mails are taken again' },
    ]);
  });

  it('a mail is given up after the last try, with one clear line that says which', async () => {
    const posting = await open({ retryMs: [10, 10, 10] });
    await posting.server.stop();
    posting.post('alice@example.com', { challenge: 'c-1' });
    await eventually('it is given up', () => posting.said.length > 1);
    await posting.server.startAgain();
    await posting.stop();
    expect(posting.said.slice(1)).toEqual([
      {
        level: 50,
        challenge: 'c-1',
        codes: 'ESOCKET, ECONNREFUSED',
        msg: 'a mail could not be sent; who waits for a PIN may ask for a new one',
      },
    ]);
    expect(posting.arrivals('alice@example.com')).toBe(0);
  });

  it('a busy one is asked again, by the same mail', async () => {
    const posting = await open();
    posting.server.busyTimes = 2;
    const make = jest.fn(() => mailFor('bob@busy.example'));
    posting.queue.post(make, {});
    await posting.server.mailTo('bob@busy.example');
    await posting.stop();
    expect(posting.server.asked).toHaveLength(3);
    expect(posting.arrivals('bob@busy.example')).toBe(1);
    expect(make).toHaveBeenCalledTimes(1);
    expect(posting.said.filter(({ level }) => level === 40)).toHaveLength(1);
  });

  it('nothing in the log names a reader or a PIN', async () => {
    const posting = await open({ retryMs: [10] });
    posting.server.busyTimes = 1;
    for (const reader of ['alice@busy.example', 'carol@refused.example']) posting.post(reader);
    await posting.server.mailTo('alice@busy.example');
    await posting.server.stop();
    posting.post('dave@example.com');
    await eventually('all is over', () => posting.said.filter(({ level }) => level === 50).length === 2);
    expect(posting.log.text).not.toMatch(/alice|carol|dave|busy\.example|refused\.example/);
    expect(posting.log.text.replace(/"time":"[^"]*"/g, '')).not.toContain(PIN);
    await posting.server.startAgain();
  });
});

describe('a reader that the mail server refuses', () => {
  it('is not tried again, and leaves one clear line', async () => {
    const posting = await open({ retryMs: [1, 1, 1] });
    posting.post('carol@refused.example', { challenge: 'c-1' });
    await eventually('it is logged', () => posting.said.length > 0);
    await posting.stop();
    expect(posting.server.asked).toHaveLength(1);
    expect(posting.said).toEqual([
      {
        level: 50,
        challenge: 'c-1',
        codes: 'EENVELOPE, 550',
        msg: 'a mail could not be sent; who waits for a PIN may ask for a new one',
      },
    ]);
  });

  it('holds nobody else up', async () => {
    const posting = await open({ owners: { ...PACE.owners, atOnce: 1 } });
    posting.post('carol@refused.example');
    posting.post('alice@example.com');
    await posting.server.mailTo('alice@example.com');
    expect(posting.arrivals('alice@example.com')).toBe(1);
  });
});

describe('more mails than can wait', () => {
  it('are dropped beyond 1000, and the log says so once, and how many afterwards', async () => {
    const posting = await open(null);
    for (let i = 0; i < 1200; i++) posting.post(`reader${i}@example.com`, { challenge: `c-${i}` });
    expect(posting.said).toEqual([
      { level: 50, challenge: 'c-1000', lane: 'owners', msg: 'too many mails are waiting: new ones are dropped' },
    ]);
    await eventually('the others have arrived', () => posting.server.mails.length === 1000);
    posting.post('late@example.com');
    await posting.server.mailTo('late@example.com');
    expect(posting.said.slice(1)).toEqual([
      { level: 50, dropped: 200, lane: 'owners', msg: 'mails were dropped; there is room again' },
    ]);
    expect(posting.server.mails).toHaveLength(1001);
  });
});

describe('whoever waits to hear that a mail was taken', () => {
  it('does, once, when a mail server has it, and not before', async () => {
    const posting = await open();
    posting.server.busyTimes = 1;
    const taken = jest.fn(() => expect(posting.arrivals('bob@busy.example')).toBe(1));
    const lost = jest.fn();
    posting.queue.post(() => mailFor('bob@busy.example'), {}, { taken, lost });
    await posting.server.mailTo('bob@busy.example');
    await posting.stop();
    expect([taken.mock.results, lost.mock.calls]).toEqual([[{ type: 'return', value: undefined }], []]);
  });

  it('does not when it was refused, but that it is lost', async () => {
    const posting = await open();
    const [taken, lost] = [jest.fn(), jest.fn()];
    posting.queue.post(() => mailFor('carol@refused.example'), {}, { taken, lost });
    await eventually('it is lost', () => lost.mock.calls.length === 1);
    expect(taken).not.toHaveBeenCalled();
  });

  it('does not when a stop has left it behind, although it still arrives', async () => {
    const posting = await open({ stopMs: 50 });
    let take = (): void => undefined;
    posting.server.dawdles = new Promise((resolve) => (take = resolve));
    const [taken, lost] = [jest.fn(), jest.fn()];
    posting.queue.post(() => mailFor('carol@example.com'), {}, { taken, lost });
    await eventually('it is on its way', () => posting.server.asked.length === 1);
    await posting.queue.beforeApplicationShutdown();
    expect(lost).toHaveBeenCalledTimes(1);
    take();
    await posting.server.mailTo('carol@example.com');
    await delay(100);
    expect(taken).not.toHaveBeenCalled();
  });
});

describe('a stop', () => {
  it('waits for mails that are on their way or about to be', async () => {
    const posting = await open();
    posting.server.dawdles = delay(200);
    for (let i = 0; i < 6; i++) posting.post(`reader${i}@example.com`);
    await posting.stop();
    expect(posting.server.mails).toHaveLength(6);
    expect(posting.log.lines).toEqual([]);
  });

  it('waits for no more than a while, and says how many mails were not sent', async () => {
    const posting = await open({ stopMs: 200 });
    posting.server.dawdles = delay(60_000, undefined, { ref: false });
    for (let i = 0; i < 6; i++) posting.post(`reader${i}@example.com`);
    await within(2000, 'the end of the stop', posting.stop());
    await turn();
    expect(posting.said).toEqual([{ level: 50, mails: 6, msg: 'stopped before all mails were sent' }]);
  });

  it('does not wait for a mail server that is away', async () => {
    const posting = await open({ retryMs: [60_000] });
    await posting.server.stop();
    posting.post('alice@example.com');
    await eventually('the outage is noticed', () => posting.said.length > 0);
    await within(1000, 'the end of the stop', posting.stop());
    expect(posting.said.slice(1)).toEqual([{ level: 50, mails: 1, msg: 'stopped before all mails were sent' }]);
    await posting.server.startAgain();
  });

  it('sends what a last request still posts', async () => {
    const posting = await open();
    await posting.queue.beforeApplicationShutdown();
    posting.post('last@example.com');
    await posting.queue.onApplicationShutdown();
    expect(posting.arrivals('last@example.com')).toBe(1);
  });

  it('leaves no connection open', async () => {
    const posting = await open();
    posting.post('alice@example.com');
    await posting.server.mailTo('alice@example.com');
    await posting.stop();
    await eventually('it is closed', () => posting.server.open === 0, 1000);
    expect(posting.server.connections).toBe(1);
  });
});
