/** A mail as the vault sends it. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The one line that the log mailer writes instead of a mail. */
  readonly logLine: string;
}

/** Sends mail. Port with two implementations (SMTP, log); the class is the injection token. */
export abstract class Mailer {
  /** Resolves when the next hop has taken the mail; rejects when it has not. */
  abstract send(mail: Mail): Promise<void>;
  /** Where mails go, for the start-up lines. */
  abstract readonly destination: string;
}
