import { coarseIp } from '../../platform/http/coarse-ip';
import { circumstances, type Circumstances, layOut } from '../../platform/mail/mail-layout';
import type { Mail } from '../../platform/mail/mailer';

/** What an alert tells its reader. */
export interface AlertMailFacts extends Circumstances {
  readonly to: string;
  /** As the security log has it. */
  readonly kind: string;
  readonly publicUrl: string;
}

interface Alert {
  readonly subject: string;
  readonly what: string;
  readonly whatToDo: string;
}

const ALERTS: Readonly<Record<string, Alert>> = {
  'device.new': {
    subject: 'A new device in your Photovault',
    what: 'A device that was never seen before has signed in to your Photovault.',
    whatToDo:
      'If this was you, there is nothing to do. If not, sign in, end the sessions and remove the devices that you do not know, and ' +
      'change the password of this mailbox: a PIN or a code has been read in it.',
  },
  'pin.wrong': {
    subject: 'Wrong PINs for your Photovault',
    what: 'Somebody has entered three or more wrong PINs for your Photovault. None of them opened it.',
    whatToDo:
      'If this was you, ask for a new PIN. If not, there is nothing to do: whoever goes on guessing is soon asked for a longer code, ' +
      'which is mailed to you, and you are never locked out.',
  },
  'folder.wrong_password': {
    subject: 'Wrong passwords for a locked folder',
    what: 'Somebody who is signed in to your Photovault has entered three or more wrong passwords for a locked folder. It stays locked.',
    whatToDo:
      'If this was you, the recovery code that you wrote down opens the folder as well. If not, sign in and end the sessions that you do ' +
      'not know. Whoever goes on guessing has to wait longer each time.',
  },
  'folder.password_changed': {
    subject: 'A new password for a locked folder',
    what: 'The password of a locked folder in your Photovault was changed. The old one opens it no longer.',
    whatToDo: 'If this was you, there is nothing to do. If not, sign in and end the sessions that you do not know.',
  },
  'folder.recovered': {
    subject: 'A locked folder was opened with its recovery code',
    what: 'Somebody has opened a locked folder in your Photovault with its recovery code.',
    whatToDo:
      'If this was you, there is nothing to do. If not, sign in, end the sessions that you do not know, and change the password of the ' +
      'folder with a new key: that makes the old code worthless.',
  },
  'folder.lock_removed': {
    subject: 'The lock of a folder was removed',
    what: 'The lock of a folder in your Photovault was removed. Whoever is signed in sees what is in it.',
    whatToDo: 'If this was you, there is nothing to do. If not, sign in and end the sessions that you do not know.',
  },
  'share.wrong_password': {
    subject: 'Wrong passwords for one of your shares',
    what: 'Somebody who has the link of one of your shares has given three wrong passwords. None of them opened it.',
    whatToDo:
      'It may be somebody whom you have told the password wrongly. If you do not know who it is, end the share and make a new one: ' +
      'the link is in the wrong hands.',
  },
  'share.suspended': {
    subject: 'One of your shares is suspended',
    what: 'Somebody who has the link of one of your shares has guessed at its password so often that it opens for nobody any more.',
    whatToDo:
      'End the share. If it is still needed, make a new one: it has a new link, and give it a password that nobody guesses.',
  },
};

/** The mail about something that may be a break-in: when, from about where, on which device, and what to do. */
export function alertMail({ to, kind, publicUrl, ...who }: AlertMailFacts): Mail {
  const { subject, what, whatToDo } = Object.hasOwn(ALERTS, kind) ? ALERTS[kind] : anyAlert(kind);
  const near = who.ip === null ? '' : `, near ${coarseIp(who.ip)}`;
  return {
    to,
    subject,
    ...layOut({ heading: subject, paragraphs: [what], facts: circumstances(who), footer: whatToDo, publicUrl }),
    // Not the device's label: a stranger chose it, and could write in it what looks like a PIN's line.
    logLine: `Security alert (${kind}${near}): ${what}`,
  };
}

function anyAlert(kind: string): Alert {
  return {
    subject: 'Something has happened in your Photovault',
    what: `Something has happened that concerns the safety of your Photovault. Its security log calls it ${kind}.`,
    whatToDo: 'If this was you, there is nothing to do. If not, sign in and end the sessions that you do not know.',
  };
}
