import type { Mail } from '../../platform/mail/mailer';

/** What a PIN mail tells its reader. */
export interface PinMailFacts {
  readonly to: string;
  readonly pin: string;
  readonly ttlSeconds: number;
  /** `sign-up`: the address is new; `known`: somebody wanted to sign up with an address that has an account. */
  readonly occasion: 'sign-in' | 'sign-up' | 'known';
  readonly device: string;
  readonly ip: string;
  readonly at: Date;
  readonly publicUrl: string;
}

const OPENING: Record<PinMailFacts['occasion'], string> = {
  'sign-in': 'Somebody, hopefully you, wants to sign in to your Photovault.',
  'sign-up': 'Somebody, hopefully you, wants to open a Photovault with this address. The PIN opens it.',
  known:
    'Somebody, hopefully you, wants to open a Photovault with this address. You already have one: the PIN signs you in.',
};

/** The mail with a PIN. Links come from the configuration only, never from a request. */
export function pinMail({ to, pin, ttlSeconds, occasion, device, ip, at, publicUrl }: PinMailFacts): Mail {
  const minutes = Math.max(1, Math.round(ttlSeconds / 60));
  return {
    to,
    subject: 'Your Photovault PIN',
    text: [
      OPENING[occasion],
      '',
      `    ${pin}`,
      '',
      `The PIN is good for ${minutes} minute${minutes === 1 ? '' : 's'} and for the device that asked for it.`,
      '',
      `Device: ${device}`,
      `Near:   ${coarseIp(ip)}`,
      `Time:   ${at.toISOString()}`,
      `Vault:  ${publicUrl}`,
      '',
      'If this was not you, do nothing: without the PIN nobody gets in. Nobody will ever ask you for it.',
    ].join('\n'),
    logLine: `PIN ${pin} for ${to}`,
  };
}

/** Enough of an address to recognise one's own network: the IPv4 /16 or the IPv6 /32. */
export function coarseIp(ip: string): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+)\.\d+\.\d+$/i.exec(ip);
  if (v4) return `${v4[1]}.x.x`;
  const groups = ip.split(':');
  return groups.length > 2 ? `${groups.slice(0, 2).join(':')}:…` : 'unknown';
}
