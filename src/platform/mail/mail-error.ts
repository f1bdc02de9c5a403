/** A mail was not taken. It knows codes alone: what mail servers say repeats addresses, and sometimes the mail. */
export class MailError extends Error {
  /**
   * @param codes such as `EENVELOPE, 550`
   * @param permanent whether the same mail would be refused again
   */
  constructor(
    readonly codes: string,
    readonly permanent: boolean,
  ) {
    super(`the mail server did not take the mail (${codes})`);
    this.name = 'MailError';
  }
}
