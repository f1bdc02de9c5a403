import { MailServer } from '../support/mail-server';
import { expectProblem } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

/** Requests that no route is meant for (security design, section 5; conventions of the API). */
let vault: TestApp;
let owner: VaultClient;

beforeAll(async () => {
  vault = await startTestApp({ PUBLIC_URL: 'https://photos.example.com' });
  owner = await vault.signUp();
});
afterAll(() => vault.close());
afterEach(async () => {
  expect((await vault.stranger().request('GET', '//health/live')).status).toBe(200);
});

const UNKNOWN = { status: 404, code: 'ROUTE.NOT_FOUND' };

describe('unknown routes: 404 problem details', () => {
  it.each([
    '//',
    '//index.html',
    '//api',
    '//api/v1',
    '//api/v2/files',
    '//api/v1/nowhere',
    '//api/v1/files/by-name/a/b/content',
    '//api/v1/auth',
    '//health',
    '//metrics',
    '//.git/config',
    '//.env',
    '//actuator/env',
    '//openapi.yaml',
    '//docs/../package.json',
    '//docs/%2e%2e%2fpackage.json',
    '//docs/..%5cpackage.json',
    '//api/v1/%2e%2e/%2e%2e/package.json',
    '//wp-login.php?x=%00',
  ])('%s', async (path) => {
    expectProblem(await owner.request('GET', path), UNKNOWN);
  });

  it.each([
    ['POST', '/files/019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11'],
    ['PUT', '/files'],
    ['DELETE', '/users'],
    ['PATCH', '/users/me'],
    ['GET', '/users'],
    ['GET', '/auth/pin'],
    ['PUT', '/auth/sessions'],
    ['POST', '/server'],
    ['OPTIONS', '/files'],
    ['PROPFIND', '/files'],
    ['MKCOL', '/files'],
    ['PURGE', '/files'],
  ])('a method that a route does not have: %s %s', async (method, path) => {
    const answer = await owner.request(method, path);
    expectProblem(answer, { status: [404, 405] });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('TRACE gives nothing back of what was sent', async () => {
    const lines = ['TRACE /api/v1/users/me HTTP/1.1', 'Host: x', `Authorization: Bearer ${owner.token}`];
    const answer = await RawConnection.exchange(vault.url, lines);
    expectProblem(answer, UNKNOWN);
    expect(answer?.bytes.toString()).not.toContain('pvs_');
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('%s changes no method', async (header) => {
    const answer = await owner.request('POST', '/users/me', { headers: { [header]: 'GET' } });
    expectProblem(answer, UNKNOWN);
  });
});

describe('unreadable requests', () => {
  it.each(['%', '%zz', '%e0%a4%a', 'a%c3', '%ff'])('malformed percent-encoding in a path: %s: 400', async (name) => {
    for (const path of [`/files/${name}`, `/files/by-name/${name}/content`, `/auth/sessions/${name}`]) {
      const method = path.startsWith('/auth') ? 'DELETE' : 'GET';
      expectProblem(await owner.request(method, path), { status: 400, code: 'REQUEST.MALFORMED' });
    }
  });

  const bearer = () => `Authorization: Bearer ${owner.token}`;
  const rows: [what: string, lines: () => string[], status: number, code: string][] = [
    ['a URL of 20 KB', () => [`GET /api/v1/files/${'a'.repeat(20_000)} HTTP/1.1`, 'Host: x'], 431, 'HEADERS_TOO_LARGE'],
    ['a query of 1 MB', () => [`GET /api/v1/files?x=${'a'.repeat(1_000_000)} HTTP/1.1`], 431, 'HEADERS_TOO_LARGE'],
    ['a header of 20 KB', () => ['GET / HTTP/1.1', 'Host: x', `X: ${'a'.repeat(20_000)}`], 431, 'HEADERS_TOO_LARGE'],
    [
      '5,000 headers',
      () => ['GET / HTTP/1.1', ...Array.from({ length: 5000 }, (_, i) => `X${i}: y`)],
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['no HTTP', () => ['hello'], 400, 'MALFORMED'],
    ['a TLS greeting', () => ['\x16\x03\x01\x02\0\x01'], 400, 'MALFORMED'],
    ['HTTP/9.9', () => ['GET /api/v1/server HTTP/9.9', 'Host: x'], 400, 'MALFORMED'],
    ['a method that is none', () => ['GE T / HTTP/1.1', 'Host: x'], 400, 'MALFORMED'],
    ['a space in the path', () => ['GET /api/v1/files/a b HTTP/1.1', 'Host: x', bearer()], 400, 'MALFORMED'],
    ['no Host', () => ['GET /api/v1/files HTTP/1.1', bearer()], 400, 'MALFORMED'],
  ];
  it.each(rows)('%s: problem details, and the connection ends', async (_, lines, status, code) => {
    const connection = await RawConnection.to(vault.url);
    await connection.send(lines());
    expectProblem(await connection.answer(), { status, code: `REQUEST.${code}` });
    await connection.closed();
  });

  it.each([
    ['an absolute URL', 'GET http://evil.example/api/v1/users/me HTTP/1.1', [200, 404]],
    ['an asterisk', 'OPTIONS * HTTP/1.1', [404]],
    ['two slashes', 'GET //evil.example/..%2f HTTP/1.1', [404]],
    ['a fragment', 'GET /api/v1/users/me#x HTTP/1.1', [200, 400, 404]],
    ['another connection to go through', 'CONNECT example.com:443 HTTP/1.1', [0, 404]],
  ])('a request target that is %s goes nowhere else', async (_, line, statuses) => {
    const connection = await RawConnection.to(vault.url);
    await connection.send([line, 'Host: x', `Authorization: Bearer ${owner.token}`]);
    const answer = await connection.answer();
    connection.abort();
    expect(statuses).toContain(answer?.status ?? 0);
    expect(answer?.headers.get('location') ?? null).toBeNull();
  });
});

describe('row: Host header', () => {
  const hosts: [what: string, headers: string[]][] = [
    ['Host', ['Host: evil.example']],
    ['Host with a port', ['Host: evil.example:1234']],
    ['X-Forwarded-Host', ['Host: x', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http']],
    ['Forwarded', ['Host: x', 'Forwarded: host=evil.example;proto=http']],
    ['Origin and Referer', ['Host: x', 'Origin: https://evil.example', 'Referer: https://evil.example/x']],
    ['X-Original-URL', ['Host: x', 'X-Original-URL: /evil.example', 'X-Rewrite-URL: /evil.example']],
  ];
  it.each(hosts)('%s is ignored: not in a body, not in a header, not in a log', async (_, headers) => {
    const bearer = `Authorization: Bearer ${owner.token}`;
    const requests = [
      'GET /openapi.json',
      'GET /docs',
      'GET /api/v1/users/me',
      'GET /nowhere',
      'PUT /api/v1/files/by-name/a',
    ];
    for (const request of requests) {
      const answer = await RawConnection.exchange(vault.url, [`${request} HTTP/1.1`, ...headers, bearer]);
      expect(answer?.status).toBeGreaterThanOrEqual(200);
      expect(JSON.stringify([...(answer?.headers ?? [])]) + answer?.bytes.toString()).not.toContain('evil.example');
    }
    expect(vault.logs.text).not.toContain('evil.example');
  });

  it('mails link to PUBLIC_URL only, whatever the request says', async () => {
    const mail = await MailServer.start();
    const mailing = await startTestApp({ PUBLIC_URL: 'https://photos.example.com', SMTP_URL: mail.url });
    const json = JSON.stringify({ email: 'host@example.com', deviceId: 'laptop' });
    for (const [, headers] of hosts) {
      const type = ['Content-Type: application/json', `Content-Length: ${json.length}`];
      await RawConnection.exchange(mailing.url, ['POST /api/v1/users HTTP/1.1', ...headers, ...type], json);
      const { raw, text } = await mail.mailTo('host@example.com');
      expect(text).toContain('https://photos.example.com');
      expect(raw).not.toContain('evil');
      mail.mails.length = 0;
    }
    await mailing.close();
    await mail.stop();
  });

  it('no origin is allowed to read answers from elsewhere, and none to ask with cookies', async () => {
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    for (const method of ['OPTIONS', 'GET']) {
      const { headers } = await owner.request(method, '/users/me', { headers: preflight });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('every answer', () => {
  it('has a request id of our own making, and no word about the software', async () => {
    const ids = new Set<string>();
    for (const path of ['//health/live', '/users/me', '//nowhere', '//openapi.json', '/server', '//docs']) {
      const { headers } = await owner.request('GET', path, { headers: { 'x-request-id': 'chosen-by-client' } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      ids.add(headers.get('x-request-id') ?? '');
      expect(headers.get('server') ?? headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(ids.size).toBe(6);
  });
});
