import { addressInUseMail, pinMail, type PinMailFacts, stepUpMail, type StepUpMailFacts } from './pin-mail';

const WHO = {
  to: 'alice@example.com',
  device: "Alice's laptop",
  ip: '192.0.2.77',
  at: new Date('2026-11-20T10:00:00Z'),
  publicUrl: 'https://photos.example.com',
};
const FACTS: PinMailFacts = { ...WHO, pin: '0427', ttlSeconds: 300, occasion: 'sign-in' };
const STEP_UP: StepUpMailFacts = {
  ...WHO,
  code: 'ABCD2345',
  until: new Date('2026-11-20T10:15:00Z'),
  ttlSeconds: 900,
  reason: 'wrong-pins',
};

describe('the mail with a PIN', () => {
  it('holds the PIN, what it is good for, and who asked, once each', () => {
    const { to, subject, text, html } = pinMail(FACTS);
    expect(to).toBe('alice@example.com');
    expect(subject).not.toContain('0427');
    expect(text.split('0427')).toHaveLength(2);
    expect(html.split('0427')).toHaveLength(2);
    expect(text).toMatch(/^ {4}0427$/m);
    expect(text).toContain('good for 5 minutes');
    expect(text).toMatch(/^Device: Alice's laptop$/m);
    expect(text).toMatch(/^Near: +192\.0\.x\.x$/m);
    expect(text).toMatch(/^Time: +2026-11-20 10:00 UTC$/m);
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

  it('says what the PIN is wanted for', () => {
    const occasions = ['sign-in', 'sign-up', 'known', 'reauthentication', 'email-change'] as const;
    const openings = occasions.map((occasion) => pinMail({ ...FACTS, occasion }).text.split('\n')[0]);
    expect(new Set(openings).size).toBe(occasions.length);
    expect(openings[2]).toContain('You already have one');
    expect(openings[4]).toContain('move their Photovault to this address');
  });

  it('warns a person whose session somebody else is using', () => {
    const { text } = pinMail({ ...FACTS, occasion: 'reauthentication' });
    expect(text).toContain('end the sessions that you do not know');
    expect(pinMail(FACTS).text).toContain('do nothing: without the PIN nobody gets in');
  });
});

describe('the mail with a step-up code', () => {
  it('holds the code as it has to be typed, alone on its line, and how long it is good', () => {
    const { subject, text, html } = stepUpMail(STEP_UP);
    expect(subject).not.toContain('ABCD2345');
    expect(text).toMatch(/^ {4}ABCD2345$/m);
    expect(html).toContain('>ABCD2345<');
    expect(text).toContain('good for 15 minutes, until 2026-11-20 10:15 UTC');
  });

  it('says where the code goes, that nobody is locked out, and what remembered devices do', () => {
    const { text } = stepUpMail(STEP_UP);
    expect(text).toContain('where you are asked for the PIN');
    expect(text).toContain('any sign-in of yours that is waiting for a PIN now');
    expect(text).toContain('You are not locked out');
    expect(text).toContain('A device that your vault remembers still signs in with a PIN');
  });

  it.each([
    ['wrong-pins', 'too many wrong PINs for this address'],
    ['many-requests', 'asked for very many PINs for this address'],
    ['many-accounts', 'wrong PINs at many accounts of this vault'],
  ] as const)('says why the PIN does not do: %s', (reason, words) => {
    expect(stepUpMail({ ...STEP_UP, reason }).text).toContain(words);
  });

  it('says who was at it, from about where, and when', () => {
    const { text } = stepUpMail(STEP_UP);
    expect(text).toMatch(/^Device: Alice's laptop$/m);
    expect(text).toMatch(/^Near: +192\.0\.x\.x$/m);
    expect(text).toMatch(/^Time: +2026-11-20 10:00 UTC$/m);
  });

  it('has the line of a PIN with the code in its place', () => {
    expect(stepUpMail(STEP_UP).logLine).toBe('PIN ABCD2345 for alice@example.com');
  });
});

describe('the mail to an address that is in use already', () => {
  it('says that nothing has changed, and holds nothing to sign in with', () => {
    const { to, text, logLine } = addressInUseMail(WHO);
    expect(to).toBe('alice@example.com');
    expect(text).toContain('nothing was changed');
    expect(text).not.toMatch(/^ {4}/m);
    expect(logLine).not.toMatch(/alice|PIN/);
  });

  it('says nothing of the other account', () => {
    const { text, html } = addressInUseMail(WHO);
    expect(text + html).not.toMatch(/laptop|192/);
  });
});
