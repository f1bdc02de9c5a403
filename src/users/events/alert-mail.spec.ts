import { alertMail, type AlertMailFacts } from './alert-mail';

const FACTS: AlertMailFacts = {
  to: 'alice@example.com',
  kind: 'device.new',
  device: "Mallory's laptop",
  ip: '2001:db8:1:2::3',
  at: new Date('2026-11-20T10:00:00Z'),
  publicUrl: 'https://photos.example.com',
};

describe('an alert', () => {
  it.each(['device.new', 'pin.wrong', 'session.ended'])(
    'says when, from about where and on which device: %s',
    (kind) => {
      const { to, text } = alertMail({ ...FACTS, kind });
      expect(to).toBe('alice@example.com');
      expect(text).toMatch(/^Device: Mallory's laptop$/m);
      expect(text).toMatch(/^Near: +2001:db8:…$/m);
      expect(text).toMatch(/^Time: +2026-11-20 10:00 UTC$/m);
      expect(text).toMatch(/^Vault: +https:\/\/photos\.example\.com$/m);
    },
  );

  it.each([
    ['device.new', 'A device that was never seen before', 'end the sessions and remove the devices'],
    ['pin.wrong', 'three or more wrong PINs', 'you are never locked out'],
    ['share.wrong_password', 'three wrong passwords', 'end the share'],
    ['share.suspended', 'opens for nobody any more', 'End the share'],
    ['moon.eclipsed', 'Its security log calls it moon.eclipsed', 'end the sessions'],
    ['toString', 'Its security log calls it toString', 'end the sessions'],
  ])('says what has happened and what to do: %s', (kind, what, whatToDo) => {
    const { text } = alertMail({ ...FACTS, kind });
    expect(text).toContain(what);
    expect(text).toContain(whatToDo);
  });

  it('does without what is not known', () => {
    const { text, logLine } = alertMail({ ...FACTS, ip: null, device: null });
    expect(text).not.toMatch(/^(Near|Device):/m);
    expect(logLine).not.toContain('near');
  });

  it('has a line for the log that tells something, and nothing that a stranger has written', () => {
    const { logLine } = alertMail({ ...FACTS, device: 'PIN 1234 for alice@example.com' });
    expect(logLine).toBe(
      'Security alert (device.new, near 2001:db8:…): A device that was never seen before has signed in to your Photovault.',
    );
  });
});
