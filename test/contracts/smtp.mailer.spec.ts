import { SmtpMailer } from '../../src/platform/mail/smtp.mailer';
import { MailServer } from '../support/mail-server';
import { describeMailer, MAIL } from './mailer.contract';

const FROM = 'Photovault <vault@example.com>';

describeMailer('SmtpMailer', async () => {
  const server = await MailServer.start();
  return {
    mailer: new SmtpMailer(server.url, FROM),
    arrived: async (to) => (await server.mailTo(to)).text,
    close: () => server.stop(),
  };
});

describe('SmtpMailer', () => {
  let server: MailServer;
  beforeAll(async () => {
    server = await MailServer.start();
  });
  afterAll(() => server.stop());

  it('sends from MAIL_FROM to the reader, with subject and text as they are', async () => {
    await new SmtpMailer(server.url, FROM).send(MAIL);
    const { envelope, headers, text } = await server.mailTo('alice@example.com');
    expect(envelope).toEqual({ from: 'vault@example.com', to: ['alice@example.com'] });
    expect(headers.get('from')).toBe(FROM);
    expect(headers.get('to')).toBe('alice@example.com');
    expect(headers.get('subject')).toBe(MAIL.subject);
    expect(headers.get('content-type')).toMatch(/^text\/plain; charset=utf-8/i);
    expect(text.trimEnd()).toBe(MAIL.text);
  });

  it('keeps letters of every alphabet in the subject too', async () => {
    await new SmtpMailer(server.url, FROM).send({ ...MAIL, to: 'zofia@example.com', subject: 'Żółć 写真 📷' });
    expect((await server.mailTo('zofia@example.com')).headers.get('subject')).toBe('Żółć 写真 📷');
  });

  it('lets no text become a header', async () => {
    const to = 'eve@example.com';
    await new SmtpMailer(server.url, FROM).send({ ...MAIL, to, subject: 'x\r\nBcc: mallory@example.com\r\n\r\nbody' });
    const { envelope, headers } = await server.mailTo(to);
    expect(envelope.to).toEqual([to]);
    expect(headers.has('bcc')).toBe(false);
  });

  it('rejects when the server refuses the reader, with codes alone: its words repeat the address', async () => {
    const to = 'nobody@refused.example';
    const error: unknown = await new SmtpMailer(server.url, FROM).send({ ...MAIL, to }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toEqual(new Error('the mail server did not take the mail (EENVELOPE, 550)'));
    expect((error as Error).cause).toBeUndefined();
    expect(server.mails.filter(({ envelope }) => envelope.to.includes(to))).toEqual([]);
  });

  it('rejects when the server has gone away', async () => {
    const other = await MailServer.start();
    const mailer = new SmtpMailer(other.url, FROM);
    await mailer.send(MAIL);
    await other.stop();
    await expect(mailer.send(MAIL)).rejects.toThrow('(ESOCKET)');
  });
});
