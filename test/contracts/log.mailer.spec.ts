import { createLogger } from '../../src/platform/logging/logger';
import { LogMailer } from '../../src/platform/mail/log.mailer';
import { LogLines } from '../support/log-lines';
import { describeMailer, MAIL } from './mailer.contract';

describeMailer('LogMailer', () => {
  const log = new LogLines();
  return Promise.resolve({
    mailer: new LogMailer(createLogger('info', log)),
    arrived: () => Promise.resolve(log.text),
    close: () => Promise.resolve(),
  });
});

describe('LogMailer', () => {
  it('writes one line and nothing of the mail but that line', async () => {
    const log = new LogLines();
    await new LogMailer(createLogger('info', log)).send(MAIL);
    expect(log.lines.map((line) => JSON.parse(line) as object)).toEqual([
      { level: 30, time: expect.any(String) as string, msg: 'PIN 0427 for alice@example.com' },
    ]);
  });

  it.each(['fatal', 'error', 'warn', 'debug'])(
    'writes it also at the level %s: it is the only way in',
    async (level) => {
      const log = new LogLines();
      await new LogMailer(createLogger(level, log)).send(MAIL);
      expect(log.lines).toHaveLength(1);
    },
  );

  it('is silent where a person has asked for silence', async () => {
    const log = new LogLines();
    await new LogMailer(createLogger('silent', log)).send(MAIL);
    expect(log.lines).toEqual([]);
  });
});
