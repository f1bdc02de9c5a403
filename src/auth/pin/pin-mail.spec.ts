import { coarseIp, pinMail, type PinMailFacts } from './pin-mail';

const FACTS: PinMailFacts = {
  to: 'alice@example.com',
  pin: '0427',
  ttlSeconds: 300,
  occasion: 'sign-in',
  device: "Alice's laptop",
  ip: '192.0.2.77',
  at: new Date('2026-11-20T10:00:00Z'),
  publicUrl: 'https://photos.example.com',
};

describe('the mail with a PIN', () => {
  it('holds the PIN, what it is good for, and who asked, once each', () => {
    const { to, subject, text } = pinMail(FACTS);
    expect(to).toBe('alice@example.com');
    expect(subject).not.toContain('0427');
    expect(text.split('0427')).toHaveLength(2);
    expect(text).toMatch(/^ {4}0427$/m);
    expect(text).toContain('good for 5 minutes');
    expect(text).toMatch(/^Device: Alice's laptop$/m);
    expect(text).toMatch(/^Time: +2026-11-20T10:00:00\.000Z$/m);
    expect(text).toMatch(/^Vault: +https:\/\/photos\.example\.com$/m);
  });

  it('has the one line that a log may hold', () => {
    expect(pinMail(FACTS).logLine).toBe('PIN 0427 for alice@example.com');
  });

  it.each([
    [60, '1 minute '],
    [1, '1 minute '],
    [90, '2 minutes '],
    [3600, '60 minutes '],
  ])('says %i seconds as %j', (ttlSeconds, words) => {
    expect(pinMail({ ...FACTS, ttlSeconds }).text).toContain(`good for ${words}`);
  });

  it('tells a person with a vault that they have one', () => {
    const openings = (['sign-in', 'sign-up', 'known'] as const).map((occasion) => pinMail({ ...FACTS, occasion }).text);
    expect(new Set(openings).size).toBe(3);
    expect(openings[2]).toContain('You already have one');
  });
});

describe('an address as a mail shows it', () => {
  it.each([
    ['192.0.2.77', '192.0.x.x'],
    ['::ffff:192.0.2.77', '192.0.x.x'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:…'],
    ['::1', '::…'],
    ['', 'unknown'],
    ['alice', 'unknown'],
  ])('is coarse: %s is %s', (ip, shown) => {
    expect(coarseIp(ip)).toBe(shown);
  });
});
