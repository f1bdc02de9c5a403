import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { comparable, knock, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp({ RATE_LIMIT_SHARE_PER_MINUTE: '400', RATE_LIMIT_PUBLIC_PER_MINUTE: '100000' });
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

const made = async () => {
  const { id } = (await alice.put('beach.jpg', jpeg(5000, 'beach'))).body;
  return share(alice, { fileIds: [id], includeOriginals: true });
};

describe('the page that a link opens', () => {
  it('is the same, down to the headers, whether or not there is such a share', async () => {
    const page = await vault.stranger().request('GET', `//s/${(await made()).id}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const id of [uuidv7(), 'nonsense', '%3Cscript%3E']) {
      expect(comparable(await vault.stranger().request('GET', `//s/${id}`))).toBe(comparable(page));
    }
  });

  it('runs nothing but its own script, sends nobody anywhere, and is kept nowhere', async () => {
    const { headers, bytes } = await vault.stranger().request('GET', `//s/${uuidv7()}`);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'none'; " +
        "base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('set-cookie')).toBeNull();
    const html = bytes.toString();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:|https?:/i);
    expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)).toEqual([
      'assets/icon.svg',
      'assets/share.css',
      'assets/share.js',
    ]);
  });

  it.each([
    ['share.js', 'text/javascript; charset=utf-8'],
    ['icon.svg', 'image/svg+xml'],
    ['share.css', 'text/css; charset=utf-8'],
  ])('has its %s as it is in the source', async (name, type) => {
    const { status, headers, bytes } = await vault.stranger().request('GET', `//s/assets/${name}`);
    expect([status, headers.get('content-type')]).toEqual([200, type]);
    expect(bytes.equals(readFileSync(resolve(__dirname, '../../src/shares/page/assets', name)))).toBe(true);
  });

  it.each(['share.html', 'share.ts', '..%2Fshare-page.controller.ts', '%2Fetc%2Fpasswd', '__proto__'])(
    'has no other part: %s',
    async (name) => {
      const answer = await vault.stranger().request('GET', `//s/assets/${name}`);
      expectProblem(answer, { status: 404, code: 'ROUTE.NOT_FOUND' });
    },
  );
});

describe('the limit of shares', () => {
  it('is one for everything about them, and no other’s', async () => {
    const one = await made();
    const visitor = await visit(vault, one);
    const policies = await Promise.all([
      visitor.request('GET', `/shares/${one.id}/files`),
      vault.stranger().request('GET', `//s/${one.id}`),
      knock(vault, one),
      vault.stranger().request('GET', `/shares/${one.id}/archive`),
    ]);
    for (const { headers } of policies) expect(headers.get('ratelimit-policy')).toBe('"share";q=400;w=60');
    let refused = await visitor.request('GET', `/shares/${one.id}/files`);
    for (let i = 0; i < 400 && refused.status !== 429; i++)
      refused = await visitor.request('GET', `/shares/${one.id}/files`);
    expectProblem(refused, { status: 429, code: 'REQUEST.TOO_MANY' });
    expect((await knock(vault, one)).status).toBe(429);
    expect((await vault.stranger().request('GET', `//s/${one.id}`)).status).toBe(429);
    expect((await alice.request('GET', '/shares')).status).toBe(200);
    expect((await vault.stranger().request('GET', '/server')).status).toBe(200);
  });
});
