import { circumstances, type Circumstances, inWords, layOut } from '../../platform/mail/mail-layout';
import type { Mail } from '../../platform/mail/mailer';

/** What a PIN mail tells its reader. */
export interface PinMailFacts extends Circumstances {
  readonly to: string;
  readonly pin: string;
  readonly ttlSeconds: number;
  /** `sign-up`: the address is new; `known`: somebody wanted to sign up with an address that has an account. */
  readonly occasion: 'sign-in' | 'sign-up' | 'known' | 'reauthentication' | 'email-change';
  readonly publicUrl: string;
}

/** What the mail with a step-up code tells its reader. */
export interface StepUpMailFacts extends Circumstances {
  readonly to: string;
  readonly code: string;
  /** When the code ends. */
  readonly until: Date;
  readonly ttlSeconds: number;
  /** Why the PIN does not do: guesses at this account, requests for it, or guesses at many accounts. */
  readonly reason: 'wrong-pins' | 'many-requests' | 'many-accounts';
  readonly publicUrl: string;
}

const OPENING: Record<PinMailFacts['occasion'], string> = {
  'sign-in': 'Somebody, hopefully you, wants to sign in to your Photovault.',
  'sign-up': 'Somebody, hopefully you, wants to open a Photovault with this address. The PIN opens it.',
  known:
    'Somebody, hopefully you, wants to open a Photovault with this address. You already have one: the PIN signs you in.',
  reauthentication:
    'Somebody who is signed in to your Photovault, hopefully you, is about to do what needs a fresh PIN.',
  'email-change': 'Somebody, hopefully you, wants to move their Photovault to this address. The PIN confirms it.',
};

const IF_NOT_YOU: Record<PinMailFacts['occasion'], string> = {
  'sign-in': 'do nothing: without the PIN nobody gets in.',
  'sign-up': 'do nothing: without the PIN nobody gets in.',
  known: 'do nothing: without the PIN nobody gets in.',
  reauthentication:
    'somebody is signed in as you. Without the PIN they get no further; sign in and end the sessions that you do not know.',
  'email-change': 'do nothing: without the PIN nothing changes.',
};

/** The mail with a PIN. Links come from the configuration only, never from a request. */
export function pinMail({ to, pin, ttlSeconds, occasion, publicUrl, ...who }: PinMailFacts): Mail {
  const subject = 'Your Photovault PIN';
  return {
    to,
    subject,
    ...layOut({
      heading: subject,
      paragraphs: [OPENING[occasion]],
      code: pin,
      notes: [`The PIN is good for ${inMinutes(ttlSeconds)} and for the device that asked for it.`],
      facts: circumstances(who),
      footer: `If this was not you, ${IF_NOT_YOU[occasion]} Nobody will ever ask you for the PIN.`,
      publicUrl,
    }),
    logLine: `PIN ${pin} for ${to}`,
  };
}

const WHY: Record<StepUpMailFacts['reason'], string> = {
  'wrong-pins': 'Somebody has tried too many wrong PINs for this address.',
  'many-requests': 'Somebody has asked for very many PINs for this address.',
  'many-accounts': 'Somebody is trying wrong PINs at many accounts of this vault.',
};

/** The mail with the longer code that takes the PIN's place, and why it does. */
export function stepUpMail({ to, code, until, ttlSeconds, reason, publicUrl, ...who }: StepUpMailFacts): Mail {
  const subject = 'Your Photovault code';
  return {
    to,
    subject,
    ...layOut({
      heading: subject,
      paragraphs: [`${WHY[reason]} So that guessing stays hopeless, a longer code takes the place of the PIN for now:`],
      code,
      notes: [
        'Enter it where you are asked for the PIN. It works for any sign-in of yours that is waiting for a PIN now, and is good for ' +
          `${inMinutes(ttlSeconds)}, until ${inWords(until)}.`,
        'You are not locked out, and nobody can lock you out. A device that your vault remembers still signs in with a PIN.',
      ],
      facts: circumstances(who),
      footer:
        'If you did not want to sign in, do nothing: without the code nobody gets in. Nobody will ever ask you for it.',
      publicUrl,
    }),
    logLine: `PIN ${code} for ${to}`,
  };
}

/** Tells an address that has an account that another account wanted to move to it, and could not. */
export function addressInUseMail({ to, at, publicUrl }: { to: string; at: Date; publicUrl: string }): Mail {
  const subject = 'Somebody wanted to use your address';
  return {
    to,
    subject,
    ...layOut({
      heading: subject,
      paragraphs: [
        'Somebody who has a Photovault wanted to move it to this address. This address has a Photovault of its own, so nothing was ' +
          'changed.',
      ],
      facts: circumstances({ device: null, ip: null, at }),
      footer:
        'If this was you, sign in with this address, or choose another one for the other Photovault. If not, there is nothing to do.',
      publicUrl,
    }),
    logLine: 'An account was to move to an e-mail address that has an account; nothing was changed.',
  };
}

function inMinutes(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return `${minutes} minute${minutes === 1 ? '' : 's'}`;
}
