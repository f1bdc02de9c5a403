import { MailError } from '../../src/platform/mail/mail-error';
import type { Mail } from '../../src/platform/mail/mailer';
import { SmtpMailer } from '../../src/platform/mail/smtp.mailer';
import { MailServer } from '../support/mail-server';
import { describeMailer, MAIL } from './mailer.contract';

const FROM = 'Photovault <vault@example.com>';
const PUBLIC_URL = 'https://photos.example.org';

const opened: { close(): unknown }[] = [];
afterAll(async () => {
  for (const thing of opened.reverse()) await thing.close();
});

function mailer(url: string, from = FROM): SmtpMailer {
  const made = new SmtpMailer(url, from, PUBLIC_URL);
  opened.push(made);
  return made;
}

async function startServer(tls?: 'starttls' | 'smtps'): Promise<MailServer> {
  const server = await MailServer.start(tls);
  opened.push({ close: () => server.stop() });
  return server;
}

/** Why a mail was not taken. */
async function refusalOf(sending: Promise<void>): Promise<MailError> {
  const thrown: unknown = await sending.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(MailError);
  return thrown as MailError;
}

describeMailer('SmtpMailer', async () => {
  const server = await MailServer.start();
  return {
    mailer: new SmtpMailer(server.url, FROM, PUBLIC_URL),
    arrived: async (to) => (await server.mailTo(to)).text,
    close: () => server.stop(),
  };
});

describe('SmtpMailer', () => {
  let server: MailServer;
  beforeAll(async () => {
    server = await startServer();
  });

  it('sends from MAIL_FROM to the reader, with subject, text and HTML as they are', async () => {
    await mailer(server.url).send(MAIL);
    const { envelope, headers, text, html } = await server.mailTo('alice@example.com');
    expect(envelope).toEqual({ from: 'vault@example.com', to: ['alice@example.com'] });
    expect(headers.get('from')).toBe(FROM);
    expect(headers.get('to')).toBe('alice@example.com');
    expect(headers.get('subject')).toBe(MAIL.subject);
    expect(headers.get('content-type')).toMatch(/^multipart\/alternative;/i);
    expect(text.trimEnd()).toBe(MAIL.text);
    expect(html.trimEnd()).toBe(MAIL.html);
  });

  it('keeps letters of every alphabet in the subject and in the HTML too', async () => {
    const phrase = 'Żółć 写真 📷';
    await mailer(server.url).send({ ...MAIL, to: 'zofia@example.com', subject: phrase, html: `<p>${phrase}</p>` });
    const { headers, html } = await server.mailTo('zofia@example.com');
    expect(headers.get('subject')).toBe(phrase);
    expect(html).toContain(phrase);
  });

  it('lets no text become a header', async () => {
    const to = 'eve@example.com';
    await mailer(server.url).send({ ...MAIL, to, subject: 'x\r\nBcc: mallory@example.com\r\n\r\nbody' });
    const { envelope, headers } = await server.mailTo(to);
    expect(envelope.to).toEqual([to]);
    expect(headers.has('bcc')).toBe(false);
  });

  it('takes an address for one address, whatever it looks like', async () => {
    const { asked } = server;
    asked.length = 0;
    await refusalOf(mailer(server.url).send({ ...MAIL, to: 'a@example.com, mallory@example.com' }));
    expect(asked).not.toContain('mallory@example.com');
  });

  it('says that nobody wrote it, and not with what', async () => {
    await mailer(server.url).send({ ...MAIL, to: 'auto@example.com' });
    const { headers, raw } = await server.mailTo('auto@example.com');
    expect(headers.get('auto-submitted')).toBe('auto-generated');
    expect(Date.parse(headers.get('date') ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect(raw).not.toMatch(/x-mailer|nodemailer/i);
  });

  it.each([
    [FROM, 'example.com'],
    ['vault@bücher.example', 'xn--bcher-kva.example'],
    ['Photovault <photovault@localhost>', 'photos.example.org'],
  ])('names its mails after the domain of the sender, or after PUBLIC_URL: %s', async (from, domain) => {
    const to = `id-${domain}@example.com`;
    await mailer(server.url, from).send({ ...MAIL, to });
    const { headers } = await server.mailTo(to);
    expect(headers.get('message-id')).toMatch(new RegExp(`^<[0-9a-f-]{36}@${domain.replaceAll('.', '\\.')}>$`));
  });

  it('sends the same mail again under the same name, and another one under another', async () => {
    const same = mailer(server.url);
    const first: Mail = { ...MAIL, to: 'same@example.com' };
    for (const mail of [first, first, { ...first }]) await same.send(mail);
    const names = server.mails
      .filter(({ envelope }) => envelope.to.includes('same@example.com'))
      .map(({ headers }) => headers.get('message-id'));
    expect(names).toHaveLength(3);
    expect(names[1]).toBe(names[0]);
    expect(names[2]).not.toBe(names[0]);
  });

  it('uses one connection again and again, and never more than four', async () => {
    const before = server.connections;
    const pooled = mailer(server.url);
    for (let i = 0; i < 5; i++) await pooled.send(MAIL);
    expect(server.connections - before).toBe(1);
    await Promise.all(Array.from({ length: 20 }, () => pooled.send({ ...MAIL })));
    expect(server.connections - before).toBeLessThanOrEqual(4);
  });
});

describe('SmtpMailer, when a mail is not taken,', () => {
  let server: MailServer;
  beforeAll(async () => {
    server = await startServer();
  });

  it('says codes alone, since the words of servers repeat the address', async () => {
    const error = await refusalOf(mailer(server.url).send({ ...MAIL, to: 'nobody@refused.example' }));
    expect(error.message).toBe('the mail server did not take the mail (EENVELOPE, 550)');
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify([error, error.stack])).not.toContain('nobody');
    expect(server.mails).toEqual([]);
  });

  it('knows a refused reader as permanent', async () => {
    const error = await refusalOf(mailer(server.url).send({ ...MAIL, to: 'nobody@refused.example' }));
    expect(error).toMatchObject({ permanent: true, codes: 'EENVELOPE, 550' });
  });

  it('knows a busy server as temporary, and sends over the same connection afterwards', async () => {
    server.busyTimes = 1;
    const sender = mailer(server.url);
    const error = await refusalOf(sender.send({ ...MAIL, to: 'bob@busy.example' }));
    expect(error).toMatchObject({ permanent: false, codes: 'EENVELOPE, 451' });
    await sender.send({ ...MAIL, to: 'bob@busy.example' });
    expect((await server.mailTo('bob@busy.example')).text).toContain('0427');
  });

  it('knows a server that has gone away as temporary, and finds it again', async () => {
    const other = await startServer();
    const sender = mailer(other.url);
    await sender.send(MAIL);
    await other.stop();
    const error = await refusalOf(sender.send(MAIL));
    expect(error).toMatchObject({ permanent: false, codes: 'ESOCKET, ECONNREFUSED' });
    await other.startAgain();
    await sender.send({ ...MAIL, to: 'back@example.com' });
    expect(other.mails.at(-1)?.envelope.to).toEqual(['back@example.com']);
  });

  it('knows wrong credentials as permanent', async () => {
    const url = new URL(server.url);
    Object.assign(url, { username: 'vault', password: 'wrong' });
    const error = await refusalOf(mailer(`${url.href}?ignoreTLS=true`).send(MAIL));
    expect(error).toMatchObject({ permanent: true });
    expect(error.codes).toMatch(/^EAUTH/);
  });
});

describe('SmtpMailer and TLS:', () => {
  it.each(['smtps', 'starttls'] as const)('refuses a certificate that nobody vouches for (%s)', async (tls) => {
    const server = await startServer(tls);
    const error = await refusalOf(mailer(server.url).send(MAIL));
    expect(error).toMatchObject({ permanent: true, codes: 'ESOCKET, DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(server.mails).toEqual([]);
  });

  it.each(['smtps', 'starttls'] as const)('speaks it with a server whose certificate is trusted (%s)', async (tls) => {
    const server = await startServer(tls);
    await mailer(`${server.url}?tls.ca=${encodeURIComponent(server.certificate.cert)}`).send(MAIL);
    expect((await server.mailTo(MAIL.to)).secure).toBe(true);
  });

  it.each(['smtps', 'starttls'] as const)('takes any certificate when the URL says so (%s)', async (tls) => {
    const server = await startServer(tls);
    await mailer(`${server.url}?tls.rejectUnauthorized=false`).send(MAIL);
    expect((await server.mailTo(MAIL.to)).secure).toBe(true);
  });

  it('does without on this machine, when the URL says so or the server has none', async () => {
    for (const [tls, query] of [
      ['starttls', '?ignoreTLS=true'],
      [undefined, ''],
    ] as const) {
      const server = await startServer(tls);
      await mailer(server.url + query).send(MAIL);
      expect((await server.mailTo(MAIL.to)).secure).toBe(false);
    }
  });

  it('sends nothing in clear where TLS is required and the server has none', async () => {
    const server = await startServer();
    const error = await refusalOf(mailer(`${server.url}?requireTLS=true`).send(MAIL));
    expect(error).toMatchObject({ permanent: true, codes: 'ETLS, 500' });
    expect(server.asked).toEqual([]);
  });

  it('does not talk to a server that answers TLS with something else', async () => {
    const server = await startServer();
    const error = await refusalOf(mailer(server.url.replace('smtp:', 'smtps:')).send(MAIL));
    expect(error.permanent).toBe(true);
    expect(server.mails).toEqual([]);
  });
});
