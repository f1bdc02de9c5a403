import { circumstances, type Circumstances, layOut } from '../../platform/mail/mail-layout';
import type { Mail } from '../../platform/mail/mailer';

/** Tells the old address that an account has moved to another one, which stays unsaid. */
export function emailChangedMail(facts: Circumstances & { to: string; publicUrl: string }): Mail {
  const { to, publicUrl, ...who } = facts;
  const subject = 'Your Photovault has a new e-mail address';
  return {
    to,
    subject,
    ...layOut({
      heading: subject,
      paragraphs: [
        'Your Photovault has moved to another e-mail address. Its PINs go there from now on, and none will come here any more.',
      ],
      facts: circumstances(who),
      footer:
        'If this was you, there is nothing to do. If not, somebody was signed in as you: tell whoever runs this vault at once, and ' +
        'change the password of this mailbox, because PINs could be read in it.',
      publicUrl,
    }),
    logLine: 'An account has a new e-mail address; its old one would be told so.',
  };
}
