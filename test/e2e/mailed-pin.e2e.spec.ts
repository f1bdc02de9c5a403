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
    await delay(600);
    expect(mail.asked).not.toContain('stranger@example.com');
  });

  it('says the same in HTML, where the device’s name is but words', async () => {
    await vault.stranger().request('POST', '/users', {
      json: { email: 'eve@example.com', deviceId: 'phone', deviceName: '<b>https://evil.example</b>' },
    });
    const { text, html } = await mail.mailTo('eve@example.com');
    const pin = await pinFor('eve@example.com');
    expect(html).toContain(`>${pin}</p>`);
    expect(html).toContain('&lt;b&gt;');
    expect(text + html).not.toMatch(/https?:\/\/(?!photos\.example\.com)/);
  });

  it('answers 202 also when a reader is refused, logs one clear line, and mails the next PIN that is asked for', async () => {
    const carol = new VaultClient(vault.url);
    const ask = { json: { email: 'carol@refused.example', deviceId: 'phone' } };
    const { status } = await carol.request('POST', '/users', ask);
    expect(status).toBe(202);
    await eventually('the failure is logged', () => vault.logs.text.includes('could not be sent'));
    const lines = vault.logs.lines.filter((line) => line.includes('could not be sent'));
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({
        level: 50,
        codes: 'EENVELOPE, 550',
        msg: 'a mail could not be sent; who waits for a PIN may ask for a new one',
      }),
    ]);

    mail.refused.clear();
    await carol.signUp('carol@refused.example', 'phone', pinFor);
    expect((await carol.request('GET', '/users/me')).body.email).toBe('carol@refused.example');
  });

  it('answers as usual while the mail server is away, and the PIN still comes, once', async () => {
    await mail.stop();
    const dave = { email: 'dave@example.com', deviceId: 'phone' };
    const asked = await vault.stranger().request<{ challengeId: string }>('POST', '/users', { json: dave });
    expect(asked.status).toBe(202);
    await eventually('the outage is noticed', () => vault.logs.text.includes('was not taken for now'));
    await mail.startAgain();
    const pin = await pinFor('dave@example.com');
    const json = { challengeId: asked.body.challengeId, deviceId: 'phone', pin };
    expect((await vault.stranger().request('POST', '/auth/sessions', { json })).status).toBe(201);
    expect(vault.logs.text).toContain('mails are taken again');
    expect(mail.asked.filter((reader) => reader === dave.email)).toHaveLength(1);
  });

  it('writes neither a PIN nor an address to the log', () => {
    expect(read).toHaveLength(6);
    // Times, ports and ids hold digits as well: a PIN counts where it stands alone.
    const alone = vault.logs.text.replace(/"time":"[^"]*"|"ms":[\d.]+/g, '');
    for (const pin of read) expect(alone).not.toMatch(new RegExp(`(?<![\\w.:-])${pin}(?![\\w.-])`));
    expect(vault.logs.text).not.toMatch(/PIN \d/);
    expect(vault.logs.text).not.toMatch(/alice|bob|carol|dave|eve@|stranger|@(example|refused)/);
  });
});
