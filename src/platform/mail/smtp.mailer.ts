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
    await this.transport.sendMail({ from: this.from, to: mail.to, subject: mail.subject, text: mail.text });
  }
}
