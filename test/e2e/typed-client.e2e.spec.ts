import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import { parseSetCookie } from 'cookie';
import { PhotovaultClient } from '../../client/photovault-client';
import { PhotovaultError } from '../../client/photovault-error';
import { jpeg, jpegBlocks, sha256 } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';

const EMAIL = 'alice@example.com';
const PASSWORD = 'correct horse battery';
let vault: TestApp;
let directory: string;

beforeAll(async () => {
  vault = await startTestApp();
  directory = mkdtempSync(join(tmpdir(), 'photovault-typed-client-'));
});
afterAll(async () => {
  await vault.close();
  rmSync(directory, { recursive: true });
});

async function signedIn(email: string): Promise<PhotovaultClient> {
  const client = new PhotovaultClient({ baseUrl: `${vault.url}/` });
  const device = { deviceId: 'laptop', deviceName: 'Laptop' };
  const { challengeId } = await client.call('signUp', { body: { email, ...device } });
  const body = { challengeId, pin: await vault.logs.pinFor(email), ...device };
  client.token = (await client.call('signIn', { body })).sessionToken;
  return client;
}

const bytesOf = async ({ body }: Response) => buffer(Readable.fromWeb(body as NodeStream));

/** What a call was refused with. */
async function refusal(call: Promise<unknown>): Promise<PhotovaultError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PhotovaultError) return error;
  throw new Error('not refused by the vault', { cause: error });
}

describe('the typed client, against a vault', () => {
  it('goes the whole way: sign-up, files, folder and lock, share, trash, sign-out', async () => {
    const alice = await signedIn(EMAIL);
    const photo = jpeg(300_000, 'typed');
    const name = 'am Meer/50 %?.jpg'.replace('/', '-');
    const file = await alice.call('putFile', {
      path: { name },
      query: { takenAt: undefined },
      body: new Uint8Array(photo),
    });
    expect(file).toMatchObject({ status: 'created', name, sha256: sha256(photo) });
    expect((await alice.call('listFiles', { query: { order: 'created', limit: 1 } })).items[0]?.id).toBe(file.id);
    expect((await bytesOf(await alice.open('getContent', { path: { id: file.id } }))).equals(photo)).toBe(true);

    const folder = await alice.call('createFolder', { body: { name: 'Summer' } });
    await alice.call('editFile', { path: { id: file.id }, body: { folderId: folder.id } });
    await alice.call('lockFolder', { path: { id: folder.id }, body: { password: PASSWORD } });
    expect(await refusal(alice.call('getFile', { path: { id: file.id } }))).toMatchObject({
      status: 423,
      code: 'FOLDER.LOCKED',
      message: expect.stringMatching(/^FOLDER\.LOCKED: /) as string,
    });
    await alice.call('unlockFolder', { path: { id: folder.id }, body: { password: PASSWORD } });
    await alice.call('removeLock', { path: { id: folder.id } });

    const share = await alice.call('createShare', { body: { fileIds: [file.id], includeOriginals: true } });
    const visitor = new PhotovaultClient({ baseUrl: vault.url });
    const secret = new URL(share.url).hash.slice(1);
    const opened = await visitor.call('openShare', { path: { id: share.id }, body: { secret } });
    visitor.token = opened.shareToken;
    const seen = await visitor.open('getSharedContent', { path: { id: share.id, fileId: file.id } });
    expect((await bytesOf(seen)).equals(photo)).toBe(true);
    expect(await alice.call('revokeShare', { path: { id: share.id } })).toBeUndefined();
    expect((await refusal(visitor.call('listSharedFiles', { path: { id: share.id } }))).status).toBe(404);

    await alice.call('trashFile', { path: { id: file.id } });
    const { items } = await alice.call('restore', { body: { ids: [file.id] } });
    expect(items).toMatchObject([{ id: file.id, ok: true }]);
    await alice.call('signOut');
    expect(await refusal(alice.call('getProfile'))).toMatchObject({ status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  it('sends a file as a stream, gets it as one, and a piece of it', async () => {
    const alice = await signedIn('streams@example.com');
    const size = 24 * 2 ** 20;
    const path = join(directory, 'large.jpg');
    writeFileSync(path, Buffer.concat([...jpegBlocks(size, 'large')]));
    const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
    const { id, sha256: digest } = await alice.call('putFile', { path: { name: 'large.jpg' }, body });
    const whole = await alice.open('getContent', { path: { id } });
    expect(whole.headers.get('content-length')).toBe(String(size));
    expect(sha256(await bytesOf(whole))).toBe(digest);

    const piece = await alice.open('getContent', { path: { id }, header: { Range: 'bytes=-500' } });
    expect([piece.status, (await bytesOf(piece)).length]).toEqual([206, 500]);
  });

  it('sends a form', async () => {
    const alice = await signedIn('forms@example.com');
    const body = new FormData();
    body.set('file', new Blob([new Uint8Array(jpeg(5000, 'form'))]), 'form.jpg');
    expect(await alice.call('uploadFile', { body })).toMatchObject({ name: 'form.jpg', size: 5000 });
  });

  it('stops when it is told to', async () => {
    const alice = await signedIn('stops@example.com');
    const { id } = await alice.call('putFile', {
      path: { name: 'a.jpg' },
      body: new Uint8Array(jpeg(8 * 2 ** 20, 'stop')),
    });
    const stop = new AbortController();
    const { body } = await alice.open('getContent', { path: { id }, signal: stop.signal });
    const reader = body?.getReader();
    await reader?.read();
    stop.abort();
    await expect(
      (async () => {
        while (!(await reader?.read())?.done);
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('works with cookies alone, as in a browser, also for what changes something', async () => {
    const jar = new Map<string, string>();
    const browser = new PhotovaultClient({
      baseUrl: vault.url,
      fetch: async (url, init) => {
        const headers = new Headers(init?.headers);
        headers.set('origin', vault.url);
        headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
        const answer = await fetch(url, { ...init, headers });
        for (const { name, value } of answer.headers.getSetCookie().map((line) => parseSetCookie(line)))
          jar.set(name, value ?? '');
        return answer;
      },
    });
    const email = 'browser@example.com';
    const { challengeId } = await browser.call('signUp', { body: { email, deviceId: 'browser' } });
    const pin = await vault.logs.pinFor(email);
    const session = await browser.call('signIn', {
      body: { challengeId, pin, deviceId: 'browser', transport: 'cookie' },
    });
    expect(session.sessionToken).toBeUndefined();
    expect(await browser.call('createFolder', { body: { name: 'By cookie' } })).toMatchObject({ name: 'By cookie' });
  });

  it('says which field is wrong, and when to come back', async () => {
    const client = new PhotovaultClient({ baseUrl: vault.url });
    const wrong = await refusal(client.call('signUp', { body: { email: 'no address', deviceId: 'laptop' } }));
    expect(wrong).toMatchObject({ status: 422, code: 'REQUEST.INVALID' });
    expect(wrong.problem?.errors?.map(({ path }) => path)).toEqual(['email']);
    expect(wrong.retryAfterSeconds).toBeUndefined();
  });

  it('sends nothing to where a name would lead it', async () => {
    const alice = await signedIn('dots@example.com');
    for (const name of ['', '.', '..']) {
      await expect(alice.call('putFile', { path: { name }, body: new Uint8Array(jpeg(500)) })).rejects.toThrow(
        TypeError,
      );
    }
  });
});

it('the typed client tells an answer of something on the way from one of the vault', async () => {
  const proxy = createServer((_request, response) => {
    response.writeHead(503, { 'content-type': 'text/html', 'retry-after': '7' }).end('<h1>Down</h1>');
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => proxy.once('listening', resolve));
    const client = new PhotovaultClient({ baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    const error = await refusal(client.call('getServerInfo'));
    expect(error).toMatchObject({ status: 503, code: undefined, problem: undefined, retryAfterSeconds: 7 });
  } finally {
    proxy.close();
  }
});
