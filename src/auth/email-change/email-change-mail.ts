import { circumstances, type Circumstances, type Fact, layOut } from '../../platform/mail/mail-layout';
import type { Mail } from '../../platform/mail/mailer';

const SUBJECT = 'Your Photovault has a new e-mail address';

/** Tells the old address that an account has moved to another one, which stays unsaid. */
export function emailChangedMail({
  to,
  publicUrl,
  ...who
}: Circumstances & { readonly to: string; readonly publicUrl: string }): Mail {
  return moved(to, publicUrl, {
    what: 'Your Photovault has moved to another e-mail address.',
    facts: circumstances(who),
    footer:
      'If this was you, there is nothing to do. If not, somebody was signed in as you: tell whoever runs this vault at once, and ' +
      'change the password of this mailbox, because PINs could be read in it.',
  });
}

/** The same when whoever runs the vault has moved it: nobody had to be signed in, and nobody is any more. */
export function emailMovedMail({ to, publicUrl, at }: { to: string; publicUrl: string; at: Date }): Mail {
  return moved(to, publicUrl, {
    what:
      'Whoever runs this vault has moved your Photovault to another e-mail address. You were signed out everywhere, and none of your devices ' +
      'is trusted any longer.',
    facts: circumstances({ device: null, ip: null, at }),
    footer: 'If you have asked for this, there is nothing to do. If not, tell whoever runs this vault at once.',
  });
}

function moved(to: string, publicUrl: string, says: { what: string; facts: Fact[]; footer: string }): Mail {
  const { what, facts, footer } = says;
  const paragraphs = [`${what} Its PINs go there from now on, and none will come here any more.`];
  return {
    to,
    subject: SUBJECT,
    ...layOut({ heading: SUBJECT, paragraphs, facts, footer, publicUrl }),
    logLine: 'An account has a new e-mail address; its old one would be told so.',
  };
}
