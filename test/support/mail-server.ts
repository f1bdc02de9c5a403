import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { type ArrivedMail, parseMail } from './arrived-mail';
import { type Certificate, selfSignedCertificate } from './certificate';
import { eventually } from './waiting';

export type { ArrivedMail } from './arrived-mail';

/** A real SMTP server that keeps what it gets. It can refuse, be busy, dawdle, go away and come back. */
export class MailServer {
  readonly mails: ArrivedMail[] = [];
  /** Every address that a client has named as a reader, refused ones too. */
  readonly asked: string[] = [];
  /** Connections so far. */
  connections = 0;
  /** Readers of these domains are refused for good, with 550. */
  readonly refused = new Set(['refused.example']);
  /** How many more times a reader of `busy.example` is refused for now, with 451. */
  busyTimes = 0;
  /** What it waits for before it takes a mail. */
  dawdles: Promise<void> = Promise.resolve();

  private port = 0;
  private server!: SMTPServer;

  private constructor(
    private readonly tls: 'none' | 'starttls' | 'smtps',
    readonly certificate: Certificate,
  ) {}

  /** @param tls `none`: it offers no TLS; `starttls`: it offers to change to it; `smtps`: it speaks nothing else */
  static async start(tls: 'none' | 'starttls' | 'smtps' = 'none'): Promise<MailServer> {
    const mailServer = new MailServer(tls, selfSignedCertificate());
    await mailServer.startAgain();
    return mailServer;
  }

  /** Comes back where it was. */
  async startAgain(): Promise<void> {
    this.server = new SMTPServer({
      authOptional: true,
      secure: this.tls === 'smtps',
      ...this.certificate,
      disabledCommands: this.tls === 'none' ? ['STARTTLS'] : [],
      // A stop waits for clients that hold their connections open for later.
      closeTimeout: 100,
      onConnect: (_session, done) => {
        this.connections++;
        done();
      },
      onRcptTo: ({ address }, _session, done) => done(this.judge(address)),
      onData: (stream, { envelope, secure }, done) => {
        Promise.all([buffer(stream), this.dawdles]).then(([bytes]) => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          const to = envelope.rcptTo.map(({ address }) => address);
          this.mails.push({ ...parseMail(bytes.toString('latin1')), envelope: { from, to }, secure });
          done();
        }, done);
      },
    });
    // What clients do to their connections is their affair.
    this.server.on('error', () => undefined);
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server.server, 'listening');
    this.port = (this.server.server.address() as AddressInfo).port;
  }

  /** `smtp://127.0.0.1:<port>`, or `smtps://…` */
  get url(): string {
    return `${this.tls === 'smtps' ? 'smtps' : 'smtp'}://127.0.0.1:${this.port}`;
  }

  /** The newest mail to an address; waits for the first one. */
  async mailTo(address: string): Promise<ArrivedMail> {
    const find = () => this.mails.findLast(({ envelope }) => envelope.to.includes(address));
    await eventually(`a mail for ${address} has arrived`, () => find() !== undefined);
    return find() as ArrivedMail;
  }

  /** The PIN, or the code in its place, that came last to an address; its mail is taken out, so that the next call waits for the next one. */
  async pinFor(address: string): Promise<string> {
    const find = () =>
      this.mails.findLast(({ envelope, text }) => envelope.to.includes(address) && pinIn(text) !== null);
    await eventually(`a PIN for ${address} has arrived`, () => find() !== undefined);
    const mail = find() as ArrivedMail;
    this.mails.splice(this.mails.indexOf(mail), 1);
    return pinIn(mail.text) as string;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.server.connections.size;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  private judge(address: string): Error | null {
    this.asked.push(address);
    const domain = address.slice(address.lastIndexOf('@') + 1);
    if (this.refused.has(domain)) return refusal(550, `<${address}>: Recipient address rejected`);
    if (domain !== 'busy.example' || this.busyTimes === 0) return null;
    this.busyTimes--;
    return refusal(451, `<${address}>: Try again later`);
  }
}

/** What stands alone on its line, four spaces in. */
function pinIn(text: string): string | null {
  return /^ {4}(\S+)$/m.exec(text)?.[1] ?? null;
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
