import type { Mail, Mailer } from '../../src/platform/mail/mailer';

export const MAIL: Mail = {
  to: 'alice@example.com',
  subject: 'Your Photovault PIN',
  text: 'Somebody wants to sign in.\n\n    0427\n\nThe PIN is good for 5 minutes.',
  html: '<!doctype html>\n<p>Somebody wants to sign in.</p>\n<p>0427</p>\n<p>The PIN is good for 5 minutes.</p>',
  logLine: 'PIN 0427 for alice@example.com',
};

/** A mailer in its surroundings. */
export interface OpenMailer {
  readonly mailer: Mailer;
  /** What reaches the reader of a mail, in whatever form. */
  arrived(to: string): Promise<string>;
  close(): Promise<void>;
}

/** What every mailer must do. @param open called once */
export function describeMailer(name: string, open: () => Promise<OpenMailer>): void {
  describe(`${name} keeps the contract of a mailer:`, () => {
    let opened: OpenMailer;

    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      opened.mailer.close();
      await opened.close();
    });

    it('brings the PIN to its reader', async () => {
      await opened.mailer.send(MAIL);
      expect(await opened.arrived('alice@example.com')).toContain('0427');
    });

    it('keeps letters of every alphabet', async () => {
      const phrase = 'Zażółć 写真 📷 élan';
      await opened.mailer.send({ ...MAIL, text: phrase, subject: phrase, logLine: phrase });
      expect(await opened.arrived('alice@example.com')).toContain(phrase);
    });

    it('sends several mails at once', async () => {
      const readers = Array.from({ length: 10 }, (_, i) => `reader${i}@example.com`);
      await Promise.all(
        readers.map((to) => opened.mailer.send({ ...MAIL, to, text: `for ${to}`, logLine: `for ${to}` })),
      );
      for (const to of readers) expect(await opened.arrived(to)).toContain(`for ${to}`);
    });

    it('can be let go of, and more than once', () => {
      expect(() => {
        opened.mailer.close();
        opened.mailer.close();
      }).not.toThrow();
    });

    it('says in words where mails go', () => {
      expect(opened.mailer.destination).toMatch(/^(the|this) [a-z]+/);
    });
  });
}
