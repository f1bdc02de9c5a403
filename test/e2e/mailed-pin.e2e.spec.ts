import { setTimeout as delay } from 'node:timers/promises';
import { MailServer } from '../support/mail-server';
import { startTestApp, type TestApp } from '../support/test-app';
import { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

let mail: MailServer;
let vault: TestApp;

beforeAll(async () => {
  mail = await MailServer.start();
  vault = await startTestApp({
    SMTP_URL: mail.url,
    MAIL_FROM: 'Vault <vault@example.com>',
    PUBLIC_URL: 'https://photos.example.com',
    LOG_LEVEL: 'trace',
  });
});
afterAll(async () => {
  await vault.close();
  await mail.stop();
});

describe('a vault with a mail server', () => {
  const read: string[] = [];
  /** The PIN from a mail, written down to look for it in the log. */
  const pinFor = async (address: string): Promise<string> => {
    const pin = await mail.pinFor(address);
    read.push(pin);
    return pin;
  };

  it('signs a person up and in with the PINs from the mails', async () => {
    const alice = new VaultClient(vault.url);
    await alice.signUp('alice@example.com', 'laptop', pinFor);
    await alice.signIn('alice@example.com', 'laptop', pinFor);
    expect((await alice.request('GET', '/users/me')).body.email).toBe('alice@example.com');
    expect(read).toHaveLength(2);
  });

  it('says in the mail which device asks, from about where, and links to PUBLIC_URL whatever the Host', async () => {
    await vault.stranger().request('POST', '/users', {
      json: { email: 'bob@example.com', deviceId: 'phone-1', deviceName: 'Bob’s phone' },
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '203.0.113.9' },
    });
    const { text, headers } = await mail.mailTo('bob@example.com');
    expect(headers.get('from')).toBe('Vault <vault@example.com>');
    expect(text).toMatch(/^Device: Bob’s phone$/m);
    expect(text).toMatch(/^Near: +127\.0\.x\.x$/m);
    expect(text).toMatch(/^Vault: +https:\/\/photos\.example\.com$/m);
    expect(text).not.toContain('evil');
    read.push(await mail.pinFor('bob@example.com'));
  });

  it('sends no mail for an address that nobody has signed up with', async () => {
    const { status } = await vault.stranger().request('POST', '/auth/pin', {
      json: { email: 'stranger@example.com', deviceId: 'phone' },
    });
    expect(status).toBe(202);
    await delay(300);
    expect(mail.mails).toEqual([]);
  });

  it('answers 202 also when a mail cannot be sent, and says so in the log without the address', async () => {
    const { status } = await vault.stranger().request('POST', '/users', {
      json: { email: 'carol@refused.example', deviceId: 'phone' },
    });
    expect(status).toBe(202);
    await eventually('the failure is logged', () => vault.logs.text.includes('could not be mailed'));
    expect(vault.logs.text).not.toContain('carol');
  });

  it('writes no PIN to the log', () => {
    expect(read).toHaveLength(3);
    // Times and ports are digits as well: a PIN counts where it stands alone.
    const alone = vault.logs.text.replace(/"time":"[^"]*"|"ms":[\d.]+/g, '');
    for (const pin of read) expect(alone).not.toMatch(new RegExp(`(?<![\\w.:-])${pin}(?![\\w.-])`));
    expect(vault.logs.text).not.toMatch(/PIN \d/);
  });
});
