import { randomUUID } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { createTransport, type Transporter } from 'nodemailer';
import { MailError } from './mail-error';
import { type Mail, Mailer } from './mailer';
import { smtpOptions } from './smtp-options';

/** Sends through an SMTP server, over a few connections that are kept open for a while. */
export class SmtpMailer extends Mailer {
  readonly destination = 'the mail server of SMTP_URL';
  private readonly transport: Transporter;
  private readonly domain: string;
  private readonly origins = new WeakMap<Mail, { readonly messageId: string; readonly date: Date }>();

  /**
   * @param url `SMTP_URL`
   * @param from `MAIL_FROM`
   * @param publicUrl whose host names the vault where the sender has no domain
   * @throws {ConfigError} when the URL names no server
   */
  constructor(
    url: string,
    private readonly from: string,
    publicUrl: string,
  ) {
    super();
    this.transport = createTransport(smtpOptions(url));
    this.domain = senderDomain(from) ?? new URL(publicUrl).hostname;
  }

  async send(mail: Mail): Promise<void> {
    const { to, subject, text, html } = mail;
    try {
      await this.transport.sendMail({
        ...this.origin(mail),
        from: this.from,
        // As an object it is one address, whatever it looks like.
        to: { name: '', address: to },
        subject,
        text,
        html,
        // RFC 3834, section 5: nobody's holiday note answers it.
        headers: { 'Auto-Submitted': 'auto-generated' },
        textEncoding: 'quoted-printable',
        xMailer: false,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    } catch (error) {
      // Without its cause, which must not be logged.
      throw asMailError(error);
    }
  }

  override close(): void {
    (this.transport as { close(options?: { force: boolean }): void }).close({ force: true });
  }

  /** A mail that is sent again is the same mail: mailboxes that got it twice after all show it once. */
  private origin(mail: Mail): { readonly messageId: string; readonly date: Date } {
    let origin = this.origins.get(mail);
    if (!origin) {
      origin = { messageId: `<${randomUUID()}@${this.domain}>`, date: new Date() };
      this.origins.set(mail, origin);
    }
    return origin;
  }
}

/** The domain of `Name <local@domain>` in ASCII, or null when there is none that another machine would know. */
function senderDomain(from: string): string | null {
  const domain = domainToASCII(/@([^\s@<>]+)>?\s*$/.exec(from)?.[1] ?? '');
  return domain === '' || domain === 'localhost' ? null : domain;
}

/** What will not have gone away in half a minute: a certificate, or a server that does not speak TLS. */
const BAD_TLS = /CERT|SIGNATURE|^ERR_(SSL|TLS)_|^EPROTO$/;
const CONNECTION = /^(ECONNECTION|ESOCKET|ETIMEDOUT|EDNS|ETLS|EPROTOCOL)$/;

function asMailError(error: unknown): MailError {
  const { code, originalCode, responseCode } = error as {
    code?: string;
    originalCode?: string;
    responseCode?: number;
  };
  const codes = [code, originalCode, responseCode].filter(Boolean).join(', ') || 'no code';
  // RFC 5321, section 4.2.1: 4yz is for now, 5yz for good; 503 is about the session, not about the mail.
  if (responseCode) return new MailError(codes, responseCode >= 500 && responseCode !== 503);
  return new MailError(codes, BAD_TLS.test(originalCode ?? '') || !CONNECTION.test(code ?? ''));
}
