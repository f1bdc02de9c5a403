import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { eventually } from './waiting';

/** A mail as it arrived. */
export interface ArrivedMail {
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** By their names in lower case; encoded words (RFC 2047) are decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  /** As it was sent over the wire. */
  readonly raw: string;
}

/** A real SMTP server that keeps what it gets. It refuses every address of `refused.example`. */
export class MailServer {
  readonly mails: ArrivedMail[] = [];

  private constructor(private readonly server: SMTPServer) {}

  static async start(): Promise<MailServer> {
    const server: SMTPServer = new SMTPServer({
      authOptional: true,
      // Its certificate would be nobody's: a client rightly refuses to speak TLS with it.
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }, _session, done) => done(address.endsWith('@refused.example') ? refusal(address) : null),
      onData: (stream, { envelope }, done) => {
        buffer(stream).then((bytes) => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          mailServer.mails.push(
            parseMail(
              bytes.toString('latin1'),
              from,
              envelope.rcptTo.map(({ address }) => address),
            ),
          );
          done();
        }, done);
      },
    });
    const mailServer = new MailServer(server);
    // What clients do to their connections is their affair.
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return mailServer;
  }

  /** `smtp://127.0.0.1:<port>` */
  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** The newest mail to an address; waits for the first one. */
  async mailTo(address: string): Promise<ArrivedMail> {
    const find = () => this.mails.findLast(({ envelope }) => envelope.to.includes(address));
    await eventually(`a mail for ${address} has arrived`, () => find() !== undefined);
    return find() as ArrivedMail;
  }

  /** The PIN in the newest mail to an address; the mail is taken out, so that the next call waits for the next one. */
  async pinFor(address: string): Promise<string> {
    const mail = await this.mailTo(address);
    this.mails.splice(this.mails.indexOf(mail), 1);
    const [, pin] = /^ {4}(\S+)$/m.exec(mail.text) ?? [];
    if (pin === undefined) throw new Error(`no PIN in a mail:\n${mail.text}`);
    return pin;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }
}

function refusal(address: string): Error {
  return Object.assign(new Error(`<${address}>: Recipient address rejected`), { responseCode: 550 });
}

/** Reads a message of one part (RFC 5322, RFC 2045), which is what we send. */
function parseMail(raw: string, from: string, to: readonly string[]): ArrivedMail {
  const [head = '', ...body] = raw.split('\r\n\r\n');
  const headers = new Map(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
      }),
  );
  const bytes = decodeBody(body.join('\r\n\r\n'), headers.get('content-transfer-encoding'));
  return { envelope: { from, to }, headers, text: bytes.toString('utf8').replaceAll('\r\n', '\n'), raw };
}

function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, encoding: string, word: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString()
        : unquote(word.replaceAll('_', ' ')).toString(),
    );
}

function decodeBody(body: string, encoding = '7bit'): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  return encoding === 'quoted-printable' ? unquote(body.replace(/=\r\n/g, '')) : Buffer.from(body, 'latin1');
}

function unquote(text: string): Buffer {
  const bytes = text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}
