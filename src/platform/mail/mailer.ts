/** A mail as the vault sends it. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same once more for those who read HTML: one document that loads nothing. */
  readonly html: string;
  /** The one line that the log mailer writes instead of a mail. */
  readonly logLine: string;
}

/** Sends mail. Port with two implementations (SMTP, log); the class is the injection token. */
export abstract class Mailer {
  /**
   * Resolves when the next hop has taken the mail. A mail that is sent again, the same object, is recognisable as the same mail.
   * @throws {MailError} when the next hop has not taken it
   */
  abstract send(mail: Mail): Promise<void>;
  /** Where mails go, for the start-up lines. */
  abstract readonly destination: string;
  /** Lets go of whatever is kept open between mails. */
  close(): void {}
}
