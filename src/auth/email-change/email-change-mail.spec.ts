import { emailChangedMail, emailMovedMail } from './email-change-mail';

const MAIL = emailChangedMail({
  to: 'old@example.com',
  device: 'laptop',
  ip: '192.0.2.77',
  at: new Date('2026-11-20T10:00:00Z'),
  publicUrl: 'https://photos.example.com',
});

describe('the mail to the address that an account has left', () => {
  it('goes there, and says who moved it, from about where, and when', () => {
    expect(MAIL.to).toBe('old@example.com');
    expect(MAIL.text).toMatch(/^Device: laptop$/m);
    expect(MAIL.text).toMatch(/^Near: +192\.0\.x\.x$/m);
    expect(MAIL.text).toMatch(/^Time: +2026-11-20 10:00 UTC$/m);
  });

  it('says what to do if it was somebody else', () => {
    expect(MAIL.text).toContain('tell whoever runs this vault at once');
  });

  it('leaves no address in the log', () => {
    expect(MAIL.logLine).not.toMatch(/@|PIN/);
  });
});

describe('the mail to the address that an account was taken from by whoever runs the vault', () => {
  const { to, text, logLine } = emailMovedMail({
    to: 'old@example.com',
    at: new Date('2026-11-20T10:00:00Z'),
    publicUrl: 'https://photos.example.com',
  });

  it('goes there, says who moved it and when, and that nobody is signed in any more', () => {
    expect(to).toBe('old@example.com');
    expect(text).toContain('Whoever runs this vault has moved your Photovault to another e-mail address.');
    expect(text).toContain('You were signed out everywhere');
    expect(text).toMatch(/^Time: +2026-11-20 10:00 UTC$/m);
    expect(text).not.toMatch(/^(Device|Near):/m);
  });

  it('leaves no address in the log', () => {
    expect(logLine).not.toMatch(/@|PIN/);
  });
});
