import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { get as getOverTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { selfSignedCertificate } from '../support/certificate';
import { freePort } from '../support/free-port';
import { describeBehindNginx, Nginx, TLS_CONF } from '../support/nginx';
import { jpeg, jpegBlocks, sha256 } from '../support/photos';
import { RawConnection } from '../support/raw-connection';
import { beginDownload, digest, haltedHalfway, send } from '../support/transfers';
import { TwoServers } from '../support/two-servers';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

// What passes through deploy/nginx.conf, and what does not.

jest.setTimeout(90_000);

const MIB = 1024 * 1024;
/** More than all buffers on the way together. */
const LARGE = 24 * MIB;

describeBehindNginx('what passes through nginx')('through nginx', () => {
  let vault: TwoServers;
  let alice: VaultClient;
  /** Half a minute of waiting, while the other tests run. */
  let dribble: Promise<{ status?: number; code?: unknown }>;

  beforeAll(async () => {
    vault = await TwoServers.start({ UPLOAD_MAX_BYTES: String(40 * MIB) });
    alice = await vault.signUp('alice@example.com');
    await alice.put('first.jpg', jpeg(1000, 'first'));
    dribble = dribbleAway();
  });
  afterAll(() => vault.close());

  /** An upload that stops after its first bytes. */
  async function dribbleAway(): Promise<{ status?: number; code?: unknown }> {
    const connection = await RawConnection.to(vault.nginx.url);
    await connection.send(head('PUT', '/files/by-name/slow.jpg', ['Content-Length: 1000000']), jpeg(2000, 'slow'));
    await delay(29_000);
    const answer = await connection.answer();
    return { status: answer?.status, code: answer?.body.code };
  }

  const head = (method: string, path: string, more: string[]): string[] => [
    `${method} /api/v1${path} HTTP/1.1`,
    `Host: ${new URL(vault.nginx.url).host}`,
    `Authorization: Bearer ${alice.token}`,
    ...more,
  ];

  /** The bytes of unfinished uploads that a server has already written to its disk. */
  const arrived = (): number =>
    vault.home
      .objects()
      .filter((key) => key.startsWith('tmp/'))
      .reduce((sum, key) => sum + statSync(join(vault.home.dataDir, 'blobs', key)).size, 0);

  it.each([
    ['with its length', { 'content-length': String(LARGE) }],
    ['in chunks', {}],
  ])('an upload arrives while the client still sends it, %s', async (how, headers) => {
    let goOn: () => void = () => undefined;
    const halt = new Promise<void>((go) => (goOn = go));
    const blocks = haltedHalfway(jpegBlocks(LARGE, how), halt);
    const upload = send(alice, 'PUT', `/files/by-name/${encodeURIComponent(how)}.jpg`, exactly(blocks), headers);
    await eventually('most of the first half is on the disk of a server', () => arrived() > LARGE / 2 - 3 * MIB);
    goOn();
    const { status, body } = await upload;
    expect({ status, size: body.size, sha256: body.sha256 }).toEqual({
      status: 201,
      size: LARGE,
      sha256: sha256(jpeg(LARGE, how)),
    });
    expect(vault.nginx.buffered).toEqual([]);
  });

  it('a form with a large file is not kept on the way either', async () => {
    const photo = jpeg(LARGE, 'form');
    const { status, body } = await alice.post('form.jpg', photo);
    expect({ status, sha256: body.sha256 }).toEqual({ status: 201, sha256: sha256(photo) });
    expect(vault.nginx.buffered).toEqual([]);
  });

  it('a download waits for its reader, whole or in part, and is kept nowhere', async () => {
    const photo = jpeg(LARGE, 'download');
    const { body: file } = await alice.put('download.jpg', photo);
    const slow = await beginDownload(alice, file.id);
    try {
      await delay(1500);
      expect(vault.nginx.buffered).toEqual([]);
      expect(await digest(slow)).toBe(sha256(photo));
    } finally {
      slow.destroy();
    }

    const part = await alice.content(file.id, { range: 'bytes=5000000-5999999' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 5000000-5999999/${LARGE}`);
    expect(part.bytes.equals(photo.subarray(5_000_000, 6_000_000))).toBe(true);
    expect((await alice.content(file.id, { range: `bytes=${LARGE}-` })).status).toBe(416);
    expect(vault.nginx.buffered).toEqual([]);
  });

  it('an ETag stays strong, and private answers are asked for again each time', async () => {
    const { body: file } = await alice.put('etag.jpg', jpeg(50_000, 'etag'));
    const first = await alice.content(file.id, { 'accept-encoding': 'gzip' });
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/);
    expect(first.headers.get('content-encoding')).toBeNull();
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect((await alice.content(file.id, { 'if-none-match': etag })).status).toBe(304);
    const stranger = await vault.stranger().content(file.id, { 'if-none-match': etag });
    expect({ status: stranger.status, kept: stranger.headers.get('cache-control') }).toEqual({
      status: 401,
      kept: 'no-store',
    });
    const bob = await vault.signUp('bob@example.com');
    expect((await bob.content(file.id)).status).toBe(404);
    const asked = vault.nginx.accessLog.filter(({ part, method }) => part === 'files' && method === 'GET');
    expect(asked.filter(({ upstream }) => upstream === '-' || upstream === '')).toEqual([]);
  });

  it('parts of the public page are kept for a while, without what belonged to the first who asked', async () => {
    const answers = [];
    for (let n = 0; n < 3; n++) {
      answers.push(await vault.stranger().request('GET', '//s/assets/share.js', { headers: { cookie: 'a=b' } }));
    }
    for (const { status, headers, bytes } of answers) {
      expect({ status, kept: headers.get('cache-control') }).toEqual({ status: 200, kept: 'public, max-age=600' });
      expect(bytes.equals(answers[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
      expect([headers.get('x-request-id'), headers.get('ratelimit'), headers.get('set-cookie')]).toEqual([
        null,
        null,
        null,
      ]);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    // A line is written when the answer is out already.
    const logged = () => vault.nginx.accessLog.filter(({ part }) => part === 's');
    await eventually('all are logged', () => logged().length === 3);
    const asked = logged().map(({ upstream }) => upstream !== '');
    expect(asked).toEqual([true, false, false]);
    expect((await vault.stranger().request('GET', '//s/assets/other.js')).status).toBe(404);
    // The page itself is nobody's, but its address is a link.
    const page = await vault.stranger().request('GET', '//s/019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('text is made smaller, photos and short answers are not', async () => {
    const encoding = async (path: string): Promise<string | undefined> => {
      const headers = { authorization: `Bearer ${alice.token}`, 'accept-encoding': 'gzip' };
      const outgoing = request(vault.nginx.url + path, { headers, agent: false }).end();
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.headers['content-encoding'];
    };
    const { body: file } = await alice.put('plain.jpg', jpeg(100_000, 'plain'));
    expect(await encoding('/api/v1/files')).toBe('gzip');
    expect(await encoding('/openapi.json')).toBe('gzip');
    expect(await encoding('/api/v1/users/me')).toBeUndefined();
    expect(await encoding(`/api/v1/files/${file.id}/content`)).toBeUndefined();
  });

  it('a client is who it is, whatever it claims', async () => {
    const claim = {
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
    };
    const post = async (path: string, json: object): Promise<Record<string, string>> => {
      const headers = { ...claim, 'content-type': 'application/json' };
      // Another address than that of nginx.
      const options = { method: 'POST', headers, agent: false, localAddress: '127.0.0.2' };
      const outgoing = request(`${vault.nginx.url}/api/v1${path}`, options).end(JSON.stringify(json));
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      return JSON.parse(Buffer.concat(await answer.toArray()).toString()) as Record<string, string>;
    };
    const [email, deviceId] = ['carol@example.com', 'phone'];
    const { challengeId } = await post('/users', { email, deviceId });
    const { sessionToken } = await post('/auth/sessions', { challengeId, deviceId, pin: await vault.pinFor(email) });
    const carol = Object.assign(vault.stranger(), { token: sessionToken });
    const { body: log } = await carol.request<{ items: { ip: string }[] }>('GET', '/users/me/events', {
      headers: claim,
    });
    expect(log.items.length).toBeGreaterThan(0);
    expect(new Set(log.items.map(({ ip }) => ip))).toEqual(new Set(['127.0.0.2']));
    const { body: sessions } = await carol.request<{ items: { ip: string }[] }>('GET', '/auth/sessions');
    expect(sessions.items.map(({ ip }) => ip)).toEqual(['127.0.0.2']);
    expect(vault.process(0).stdout.text).not.toContain('name its address in TRUST_PROXY');
  });

  const refusal = async (answer: Promise<{ status: number; body: Record<string, unknown> } | null>) => {
    const { status, body } = (await answer) ?? {};
    return [status, body?.status, body?.code];
  };

  it('what is too large is refused with a problem, by whoever sees it first', async () => {
    const text = (bytes: number) => ({ json: { name: 'n'.repeat(bytes) } });
    const vast = head('PUT', '/files/by-name/vast.jpg', ['Content-Length: 11811160064']);
    const vastForm = head('POST', '/files', [
      'Content-Type: multipart/form-data; boundary=x',
      'Content-Length: 11811160064',
    ]);
    expect(await refusal(alice.request('POST', '/folders', text(70_000)))).toEqual([413, 413, 'REQUEST.TOO_LARGE']);
    expect(await refusal(alice.request('POST', '/folders', text(3 * MIB)))).toEqual([413, 413, 'REQUEST.TOO_LARGE']);
    expect(await refusal(RawConnection.exchange(vault.nginx.url, vast))).toEqual([413, 413, 'UPLOAD.TOO_LARGE']);
    expect(await refusal(RawConnection.exchange(vault.nginx.url, vastForm))).toEqual([413, 413, 'UPLOAD.TOO_LARGE']);
    const more = send(alice, 'PUT', '/files/by-name/more.jpg', jpegBlocks(41 * MIB, 'more'));
    expect(await more.then(({ status, body }) => [status, body.code])).toEqual([413, 'UPLOAD.TOO_LARGE']);
    const wide = head('GET', '/files', [`X-Wide: ${'x'.repeat(20_000)}`]);
    expect(await refusal(RawConnection.exchange(vault.nginx.url, wide))).toEqual([
      431,
      431,
      'REQUEST.HEADERS_TOO_LARGE',
    ]);
    const unreadable = ['GET /api/v1/server HTTP/1.1', 'Host: a', 'Host: b'];
    expect(await refusal(RawConnection.exchange(vault.nginx.url, unreadable))).toEqual([400, 400, 'REQUEST.MALFORMED']);
  });

  it.each([
    ['a NUL', '/api/v1/files/%00', [400, 400, 'REQUEST.MALFORMED']],
    ['a way out', '/api/v1/..%2f..%2f..%2fetc/passwd', [400, 400, 'REQUEST.MALFORMED']],
    ['half an escape', '/api/v1/files/%4', [400, 400, 'REQUEST.MALFORMED']],
    ['no address', 'files', [400, 400, 'REQUEST.MALFORMED']],
    ['more than a header may be', `/api/v1/files/${'x'.repeat(20_000)}`, [431, 431, 'REQUEST.HEADERS_TOO_LARGE']],
  ])('an address that is %s is answered as the vault would', async (_, address, answer) => {
    const request = [`GET ${address} HTTP/1.1`, 'Host: vault.example'];
    expect(await refusal(RawConnection.exchange(vault.nginx.url, request))).toEqual(answer);
  });

  it('what dribbles is ended with the vault’s own 408', async () => {
    expect(await dribble).toEqual({ status: 408, code: 'REQUEST.TOO_SLOW' });
  });
});

describeBehindNginx('the outer wall')('the outer wall', () => {
  let vault: TwoServers;
  let nginx: Nginx;
  const ofClient = { included: 'set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\n' };

  beforeAll(async () => (vault = await TwoServers.start()));
  afterAll(() => vault.close());
  afterEach(() => nginx.close());

  async function burst(count: number, address: (n: number) => string) {
    const answers = [];
    for (let n = 0; n < count; n++) {
      const headers = { 'x-forwarded-for': address(n) };
      answers.push(await Object.assign(vault.stranger(), { url: nginx.url }).request('GET', '/server', { headers }));
    }
    return answers;
  }

  it('is one for an IPv4 address and for half of an IPv6 address, and its 429 is a problem', async () => {
    const changes = { 'rate=1000r/s': 'rate=1r/m', 'burst=2000': 'burst=4' };
    nginx = await Nginx.start(vault.urls, { changes, ...ofClient });
    const statuses = async (count: number, address: (n: number) => string) =>
      (await burst(count, address)).map(({ status }) => status);
    const wall = [200, 200, 200, 200, 200, 429, 429];
    expect(await statuses(7, () => '198.51.100.7')).toEqual(wall);
    expect(await statuses(3, (n) => `198.51.100.${n}`)).toEqual([200, 200, 200]);
    // A byte 0a in the middle: no line ends there.
    expect(await statuses(7, (n) => `2001:db8:a0a:1:${n}::a0a`)).toEqual(wall);
    expect(await statuses(3, (n) => `2001:db8:a0a:${n + 2}::1`)).toEqual([200, 200, 200]);
    const [refused] = await burst(1, () => '198.51.100.7');
    expect(refused?.headers.get('content-type')).toBe('application/problem+json');
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(refused?.headers.get('cache-control')).toBe('no-store');
    expect(refused?.body).toMatchObject({ status: 429, code: 'REQUEST.TOO_MANY' });
  });

  it('stands before connections that are kept', async () => {
    let connections = 0;
    const server = createServer((_request, response) => void response.end('{}'))
      .on('connection', () => connections++)
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      nginx = await Nginx.start([url, url]);
      for (let n = 0; n < 100; n++) expect((await fetch(`${nginx.url}/api/v1/server`)).status).toBe(200);
      expect(connections).toBeLessThan(10);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('is not met by somebody in a hurry', async () => {
    nginx = await Nginx.start(vault.urls);
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => Object.assign(vault.stranger(), { url: nginx.url }).request('GET', '/server')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('speaks TLS with deploy/tls.conf, and sends there what comes without', async () => {
    const port = await freePort();
    const { key, cert } = selfSignedCertificate();
    nginx = await Nginx.start(vault.urls, {
      included: TLS_CONF.replace('listen 8443', `listen 127.0.0.1:${port}`),
      files: { 'photovault.d/fullchain.pem': cert, 'photovault.d/privkey.pem': key },
    });
    const outgoing = getOverTls(`https://127.0.0.1:${port}/health/ready`, { ca: cert, agent: false });
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    const plain = await fetch(`${nginx.url}/api/v1/server?a=b`, {
      redirect: 'manual',
      headers: { host: 'evil.example' },
    });
    expect([plain.status, plain.headers.get('location')]).toEqual([308, 'https://vault.example.com/api/v1/server?a=b']);
  });
});

/** The blocks, the last one cut so that the whole is as long as was announced. */
async function* exactly(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = LARGE;
  for await (const block of blocks) {
    yield block.subarray(0, left);
    left -= Math.min(left, block.length);
  }
}
