import { createTransport, type Transporter } from 'nodemailer';
import { type Mail, Mailer } from './mailer';

/** Sends through an SMTP server; STARTTLS is used whenever the server offers it, `smtps://` is TLS from the first byte. */
export class SmtpMailer extends Mailer {
  readonly destination = 'the mail server of SMTP_URL';
  private readonly transport: Transporter;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    super();
    this.transport = createTransport(url, {
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 20_000,
    } as object);
  }

  async send(mail: Mail): Promise<void> {
    const { to, subject, text } = mail;
    try {
      await this.transport.sendMail({ from: this.from, to, subject, text });
    } catch (error) {
      // What servers say repeats addresses, and sometimes the mail: only their codes go on.
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      // eslint-disable-next-line preserve-caught-error -- the cause is what must not be logged
      throw new Error(`the mail server did not take the mail (${[code, responseCode].filter(Boolean).join(', ')})`);
    }
  }
}
