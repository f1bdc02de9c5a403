import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, startBrowser } from '../support/browser';
import { newFolder, putInto } from '../support/folders';
import { jpeg } from '../support/photos';
import { type MadeShare, share } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

const PASSWORD = 'only for the family';
/** A name that would run, if anybody let it. */
const NAME = '<img src=x onerror=alert(1)>.jpg';

describeInBrowser('the page that a link opens, in a browser')('the page that a link opens', () => {
  let vault: TestApp;
  let alice: VaultClient;
  let folderId: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the browser has asked for, and what it complained about. */
  let asked: string[];
  let complaints: string[];

  beforeAll(async () => {
    vault = await startTestApp();
    alice = await vault.signUp('alice@example.com');
    folderId = await newFolder(alice, 'shared');
    await putInto(alice, folderId, NAME, jpeg(50_000, 'one'));
    await putInto(alice, folderId, 'second.jpg', jpeg(1500, 'two'));
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await vault.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ acceptDownloads: true });
    page = await context.newPage();
    [asked, complaints] = [[], []];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  afterEach(() => context.close());

  const shareIt = (more: object = {}) => share(alice, { folderId, includeOriginals: true, ...more });
  /** The link as it was given, at the address where this vault really listens. */
  const follow = (made: MadeShare) => page.goto(vault.url + made.url.slice(made.url.indexOf('/s/')));
  const message = () => page.getByRole('status');
  const files = () => page.getByRole('list', { name: 'Files' }).getByRole('listitem');

  async function download(name: string): Promise<Buffer> {
    const [begun] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    return readFile(await begun.path());
  }

  it('lists the files, gives each for download, and keeps the secret to itself', async () => {
    const made = await shareIt({ label: 'Summer <b>2026</b>' });
    await follow(made);
    await files().first().waitFor();
    expect(await files().allTextContents()).toEqual([`${NAME}50.0 kB`, 'second.jpg1.5 kB']);
    expect(await page.getByRole('heading').textContent()).toBe('Summer <b>2026</b>');
    expect(page.url()).toBe(`${vault.url}/s/${made.id}`);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect((await download('second.jpg')).equals(jpeg(1500, 'two'))).toBe(true);
    expect((await download(NAME)).equals(jpeg(50_000, 'one'))).toBe(true);
    expect((await download('Download all')).subarray(0, 2).toString()).toBe('PK');
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((url) => url.includes(made.secret) || !url.startsWith(vault.url))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('asks for the password where there is one, as often as it takes', async () => {
    await follow(await shareIt({ password: PASSWORD }));
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('This is not the password.').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await files().first().waitFor();
    expect(await files().count()).toBe(2);
    expect(await page.getByLabel('Password').isVisible()).toBe(false);
    expect(asked.filter((url) => /password|family/.test(url))).toEqual([]);
  });

  it('says the same of a share that has ended, of a link that lacks its end, and of none', async () => {
    const made = await shareIt();
    await alice.request('DELETE', `/shares/${made.id}`);
    const texts: (string | null)[] = [];
    for (const path of [made.url.slice(made.url.indexOf('/s/')), `/s/${made.id}#too-short`, '/s/nothing#at-all']) {
      await page.goto('about:blank');
      await page.goto(vault.url + path);
      await page.getByText('This link opens nothing').waitFor();
      texts.push(await message().textContent());
      expect(await files().count()).toBe(0);
    }
    expect(new Set(texts).size).toBe(1);
  });
});
