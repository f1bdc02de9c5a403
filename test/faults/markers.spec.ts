import { createHash, randomBytes, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { parseRecoveryCode } from '../../src/platform/crypto/recovery-code';
import { form } from '../support/form';
import { jpeg, sha256 } from '../support/photos';
import { RawConnection } from '../support/raw-connection';
import { SecretSearch } from '../support/secret-search';
import { WITHOUT_LIMITS } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// Invariant: stored bytes, database dump and logs contain no plaintext of any upload, name, PIN, token or password. Everything
// that this person does, right or wrong, carries a marker, the log is as talkative as it gets, and then everything is searched.

jest.setTimeout(120_000);

/** Part of all that the person writes; the forms of secrets that the server makes are added one by one. */
const MARKER = `m${randomBytes(10).toString('hex')}`;
const EMAIL = `alice.${MARKER}@example.com`;
const NEW_EMAIL = `alice.moved.${MARKER}@example.com`;
/** Stored in clear by design, for the list of signed-in devices: finding it proves that the search looks in the right places. */
const DEVICE = `device-${randomBytes(10).toString('hex')}`;

const secrets = new SecretSearch().add('the marker', MARKER);
const control = new SecretSearch().add('the device', DEVICE);
/** Told apart from noise: four digits are everywhere. */
const env = {
  ...WITHOUT_LIMITS,
  LOG_LEVEL: 'trace',
  PIN_DIGITS: '9',
  PIN_WRONG_LIMIT: '9',
  PIN_BREAKER_WRONG: '1000000',
};

let home: VaultHome;
let server: VaultProcess;
let alice: VaultClient;
const pins: string[] = [];

beforeAll(async () => {
  home = await VaultHome.create(env);
  // Whatever is spooled somewhere is spooled where the search looks.
  server = home.start({ TMPDIR: home.directory });
  await server.ready();
  const [, masterKey = ''] = /^1 (\S+)$/m.exec(readFileSync(join(home.dataDir, 'master.key'), 'utf8')) ?? [];
  secrets.add('the master key', Buffer.from(masterKey, 'base64'));
  await signInAndBlunder();
  await uploadAndBlunder();
  await lockShareAndBlunder();
  await useEverySecretOfSignIn();
  await loseDatabaseAndFile();
  expect((await alice.request('DELETE', '/auth/sessions/current')).status).toBe(204);
  expect((await alice.list()).status).toBe(401);
});
afterAll(() => home.close());

it('leaves no trace in a dump of the database', async () => {
  const dump = Buffer.from(await home.dump());
  expect(control.findIn('the dump', dump)).not.toEqual([]);
  expect(secrets.findIn('the dump', dump)).toEqual([]);
});

it('leaves no trace in any file of the data directory: blobs, heap, write-ahead log, log of the database', async () => {
  await home.query('CHECKPOINT');
  await server.end('SIGTERM');
  const found = new Map<string, string[]>();
  const controls: string[] = [];
  for (const entry of readdirSync(home.directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(home.directory, path);
    const bytes = readFileSync(path);
    if (control.findIn(name, bytes).length > 0) controls.push(name);
    // The one place for the master key.
    if (name === join('data', 'master.key')) continue;
    const finds = [...secrets.findIn(name, bytes), ...secrets.findIn('names', Buffer.from(name))];
    if (finds.length > 0) found.set(name, finds);
  }
  expect(controls.some((name) => name.includes('pg_wal'))).toBe(true);
  expect(controls.some((name) => name.includes(join('postgres', 'base')))).toBe(true);
  expect(Object.fromEntries(found)).toEqual({});
});

it('leaves no trace in what the server has said, but for the promised line with the PIN', () => {
  const promised = new Set(pins.flatMap((pin) => [`PIN ${pin} for ${EMAIL}`, `PIN ${pin} for ${NEW_EMAIL}`]));
  const lines = server.stdout.lines.filter((_, index) => !promised.has(server.messages[index] ?? ''));
  expect(server.stdout.lines.length - lines.length).toBe(pins.length);
  expect(lines.length).toBeGreaterThan(50);
  expect(secrets.findIn('stdout', Buffer.from(lines.join('')))).toEqual([]);
  expect(server.stderr.text).toBe('');
});

async function signInAndBlunder(): Promise<void> {
  alice = await signIn('/users');
  // Again: now for a known address, so that the second mail is another.
  alice = await signIn('/users');
  alice = await signIn('/auth/pin');
  const stranger = await server.clientOf({ ...alice, token: undefined } as VaultClient);
  const { body: challenge } = await stranger.request<{ challengeId: string }>('POST', '/auth/pin', {
    json: { email: EMAIL, deviceId: DEVICE },
  });
  await nextPin(EMAIL);
  for (let guess = 0; guess < 4; guess++) {
    const pin = String(randomInt(100_000_000, 999_999_999));
    secrets.add('a wrong PIN', pin);
    const json = { challengeId: challenge.challengeId, deviceId: DEVICE, pin };
    expect((await stranger.request('POST', '/auth/sessions', { json })).status).toBe(401);
  }
  const blunders: Parameters<VaultClient['request']>[] = [
    ['POST', '/auth/pin', { json: { email: `nobody.${MARKER}@example.com`, deviceId: DEVICE } }],
    ['POST', '/auth/pin', { json: { email: MARKER, deviceId: DEVICE, [MARKER]: MARKER } }],
    ['POST', '/auth/pin', { body: `{"email": "${EMAIL}", ${MARKER}`, headers: { 'content-type': 'application/json' } }],
    ['POST', '/auth/sessions', { json: { challengeId: MARKER, deviceId: DEVICE, pin: MARKER.slice(0, 16) } }],
    ['GET', '/users/me', { headers: { authorization: `Bearer pvs_${MARKER}` } }],
    ['GET', '/users/me', { headers: { authorization: `Basic ${MARKER}`, cookie: `session=${MARKER}` } }],
    ['GET', `/users/me?token=${MARKER}`],
    ['GET', `//health/${MARKER}`],
    ['GET', `//${MARKER}?${MARKER}=${MARKER}`],
  ];
  for (const blunder of blunders) expect((await stranger.request(...blunder)).status).toBeLessThan(500);
}

async function uploadAndBlunder(): Promise<void> {
  const [first, second, third] = [photo('first'), photo('second'), photo('third')];
  const raw = await alice.put(`raw ${MARKER} é.jpg`, first);
  const posted = await alice.post(`form ${MARKER}.jpg`, second, { takenAt: '2026-08-02T17:21:09Z' });
  expect([raw.status, posted.status]).toEqual([201, 201]);
  const { id } = raw.body;
  expect((await alice.content(id)).bytes.equals(first)).toBe(true);
  expect((await alice.content(id, { range: 'bytes=100-20000' })).status).toBe(206);
  expect((await alice.request('PATCH', `/files/${id}`, { json: { name: `renamed ${MARKER}.jpg` } })).status).toBe(200);
  expect((await alice.request('GET', `/files/by-name/renamed%20${MARKER}.jpg/content`)).status).toBe(200);
  expect((await alice.list()).body.items).toHaveLength(2);

  const wrongDigest = `sha-256=:${createHash('sha256').update(MARKER).digest('base64')}:`;
  const text = Buffer.from(MARKER.repeat(10_000));
  const refused: [number, Promise<{ status: number }>][] = [
    [200, alice.put(`again ${MARKER}.jpg`, first)],
    [409, alice.put(`form ${MARKER}.jpg`, third, { query: '?conflict=reject' })],
    [409, alice.request('PATCH', `/files/${id}`, { json: { name: `form ${MARKER}.jpg` } })],
    [422, alice.put(`digest ${MARKER}.jpg`, third, { headers: { 'content-digest': wrongDigest } })],
    [400, alice.put(`digest ${MARKER}.jpg`, third, { headers: { 'content-digest': MARKER } })],
    [415, alice.put(`text ${MARKER}.jpg`, text)],
    [415, alice.post(`text ${MARKER}.jpg`, text.subarray(0, 1000))],
    [422, alice.put(`empty ${MARKER}.jpg`, Buffer.alloc(0))],
    [422, alice.put(`${MARKER}\u0000.jpg`, third)],
    [422, alice.post(`a ${MARKER}.jpg`, third, { takenAt: MARKER })],
    [422, alice.post(`a ${MARKER}.jpg`, third, { [MARKER]: MARKER })],
    [404, alice.post(`a ${MARKER}.jpg`, third, { folderId: MARKER })],
    [422, alice.put(`a ${MARKER}.jpg`, third, { query: `?conflict=${MARKER}` })],
    [422, alice.request('POST', '/files', form({ name: MARKER, body: MARKER }, { name: 'x', body: MARKER }))],
    [400, alice.request('POST', '/files', form({ name: MARKER, filename: MARKER, body: third }))],
    [404, alice.request('GET', `/files/by-name/${MARKER}/content`)],
    [404, alice.request('GET', `/files/${MARKER}`)],
    [422, alice.list(`?cursor=${MARKER}`)],
  ];
  await expectStatuses(refused);
  await sendBrokenRequests(third);
}

/** A locked folder, shares of what is in it, visitors; and a preview, which is stored like a photo. */
async function lockShareAndBlunder(): Promise<void> {
  const password = (n: number) => `password ${n} ${MARKER}`;
  const { body: folder } = await alice.request<{ id: string }>('POST', '/folders', {
    json: { name: `folder ${MARKER}` },
  });
  const at = (door: string) => `/folders/${folder.id}/${door}`;
  const picture = await sharp({ create: { width: 900, height: 600, channels: 3, background: '#4a7' } })
    .withExif({ IFD0: { ImageDescription: MARKER } })
    .jpeg()
    .toBuffer();
  const inside = await alice.put(`inside ${MARKER}.jpg`, picture, { query: `?folderId=${folder.id}` });
  const preview = await alice.request('GET', `/files/${inside.body.id}/renditions/preview`);
  expect([inside.status, preview.status]).toEqual([201, 200]);
  secrets.add('a preview', preview.bytes.subarray(30, 70));

  const locked = await alice.request<{ recoveryCode: string }>('PUT', at('lock'), { json: { password: password(1) } });
  const unlock = (json: object) => alice.request('POST', at('unlock'), { json });
  keepRecoveryCode(locked.body.recoveryCode);
  expect((await unlock({ password: password(1) })).status).toBe(200);
  const change = { recoveryCode: locked.body.recoveryCode, newPassword: password(2), rekey: true };
  const rekeyed = await alice.request<{ recoveryCode: string }>('PATCH', at('lock'), { json: change });
  expect(rekeyed.status).toBe(200);
  keepRecoveryCode(rekeyed.body.recoveryCode);
  expect((await unlock({ password: password(2) })).status).toBe(200);

  const wish = { folderId: folder.id, includeOriginals: true, password: password(3), label: `label ${MARKER}` };
  const { body: made } = await alice.request<{ id: string; url: string }>('POST', '/shares', { json: wish });
  const [page = '', secret = ''] = made.url.split('#');
  secrets.add('the secret of a link', secret).add("its secret's bytes", Buffer.from(secret, 'base64url'));
  const visitor = await server.clientOf({} as VaultClient);
  const open = (json: object) =>
    visitor.request<{ shareToken: string }>('POST', `/shares/${made.id}/open`, { json: { secret, ...json } });
  const opened = await open({ password: password(3) });
  keepToken('the token of a visit', opened.body.shareToken);
  visitor.token = opened.body.shareToken;
  const withCookie = await open({ password: password(3), transport: 'cookie' });
  keepToken('the cookie of a visit', withCookie.headers.getSetCookie()[0]?.split(/[=;]/)[1] ?? '');
  for (const door of ['files', `files/${inside.body.id}/content`, 'archive']) {
    expect((await visitor.request('GET', `/shares/${made.id}/${door}`)).status).toBe(200);
  }

  const refused: [number, Promise<{ status: number }>][] = [
    [409, alice.request('POST', '/folders', { json: { name: `folder ${MARKER}` } })],
    [422, alice.request('POST', '/folders', { json: { name: `folder\u0000 ${MARKER}` } })],
    [403, unlock({ password: password(4) })],
    [422, unlock({ recoveryCode: `${MARKER} ${locked.body.recoveryCode}` })],
    [403, unlock({ recoveryCode: locked.body.recoveryCode })],
    [
      422,
      alice.request('PATCH', at('lock'), { json: { currentPassword: password(2), newPassword: `${MARKER}\u0001` } }),
    ],
    [403, open({ password: password(5) })],
    [404, open({ secret: `${MARKER}${secret}`.slice(0, 43) })],
    [404, visitor.request('GET', `/shares/${MARKER}/files`)],
    [200, visitor.request('GET', `//s/${MARKER}?${MARKER}`)],
    [200, visitor.request('GET', `/${new URL(page).pathname}`)],
  ];
  await expectStatuses(refused);
  // Not in one list: those requests are under way all at once.
  expect((await alice.request('POST', at('relock'))).status).toBe(204);
  await expectStatuses([
    [423, alice.request('GET', `/files/${inside.body.id}`)],
    [423, alice.put(`late ${MARKER}.jpg`, photo('late'), { query: `?folderId=${folder.id}` })],
  ]);
}

async function expectStatuses(answers: [number, Promise<{ status: number }>][]): Promise<void> {
  for (const [index, [status, answer]] of answers.entries()) {
    expect({ index, status: (await answer).status }).toEqual({ index, status });
  }
}

/** Uploads that end in the middle, and what never was HTTP. */
async function sendBrokenRequests(photo: Buffer): Promise<void> {
  const head = [`Host: ${MARKER}`, `Authorization: Bearer ${alice.token}`, `User-Agent: ${DEVICE}`];
  const put = [`PUT /api/v1/files/by-name/cut%20${MARKER}.jpg HTTP/1.1`, ...head, `Content-Length: ${photo.length}`];
  const cut = await RawConnection.to(alice.url);
  await cut.send(put, photo.subarray(0, photo.length - 1));
  await eventually('the upload is pending', async () => {
    return (await home.query("SELECT FROM blobs WHERE state = 'pending'")).length > 0;
  });
  cut.abort();

  const { headers, body } = form({ name: 'file', filename: `cut ${MARKER}.jpg`, body: photo });
  const cutForm = Buffer.from(body).subarray(0, body.length - 10);
  const post = ['POST /api/v1/files HTTP/1.1', ...head, `Content-Type: ${headers['content-type']}`];
  const answer = await RawConnection.exchange(alice.url, [...post, `Content-Length: ${cutForm.length}`], cutForm);
  expect(answer?.status).toBe(400);

  for (const line of [
    `${MARKER}`,
    `GET /${MARKER} HTTP/1.1\r\n${MARKER}`,
    `GET /${MARKER.repeat(2000)} HTTP/1.1\r\nHost: x`,
  ]) {
    expect((await RawConnection.exchange(alice.url, [line]))?.status).toBeGreaterThanOrEqual(400);
  }
}

/** The faults that make a server talk: its database goes away in the middle of things, and a blob is damaged. */
async function loseDatabaseAndFile(): Promise<void> {
  process.kill(home.postmaster(), 'SIGQUIT');
  let status = 0;
  await eventually('the database is back', async () => {
    const photos = Array.from({ length: 4 }, (_, i) => alice.put(`away ${i} ${MARKER}.jpg`, photo(`away ${i}`)));
    const answers = await Promise.all([
      ...photos,
      alice.list(),
      alice.request('PATCH', `/files/${MARKER}`, { json: { name: MARKER } }),
    ]);
    status = Math.max(status, ...answers.map((answer) => answer.status));
    return answers.every((answer) => answer.status < 500);
  });
  expect(status).toBe(503);

  const { body } = await alice.put(`damaged ${MARKER}.jpg`, photo('damaged'));
  await home.query('UPDATE blobs SET ct_bytes = ct_bytes + 1 WHERE id = (SELECT blob_id FROM files WHERE id = $1)', [
    body.id,
  ]);
  expect((await alice.content(body.id)).status).toBe(500);
}

/** Device tokens, cookies, re-authentication, a change of address, a code in the place of the PIN. */
async function useEverySecretOfSignIn(): Promise<void> {
  const stranger = await server.clientOf({} as VaultClient);
  const ask = async (json: object): Promise<string> => {
    const { body } = await stranger.request<{ challengeId: string }>('POST', '/auth/pin', { json });
    return keepChallenge(body.challengeId);
  };
  const enter = async (json: object): Promise<Answer<{ sessionToken: string; deviceToken: string }>> => {
    const answer = await stranger.request<{ sessionToken: string; deviceToken: string }>('POST', '/auth/sessions', {
      json,
    });
    expect(answer.status).toBe(201);
    return answer;
  };
  const who = { email: EMAIL, deviceId: DEVICE };
  const remembered = await enter({
    ...{ deviceId: DEVICE, challengeId: await ask(who), pin: await nextPin(EMAIL), remember: true },
  });
  keepToken('a device token', remembered.body.deviceToken);
  keepToken('a remembered session', remembered.body.sessionToken);
  const withCookies = await enter({
    ...{ deviceId: DEVICE, remember: true, transport: 'cookie' },
    ...{ challengeId: await ask({ ...who, deviceToken: remembered.body.deviceToken }), pin: await nextPin(EMAIL) },
  });
  const cookies = withCookies.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
  expect(cookies).toHaveLength(2);
  for (const cookie of cookies) keepToken('a cookie', cookie.split('=')[1] ?? '');
  expect((await stranger.request('GET', '/users/me', { headers: { cookie: cookies.join('; ') } })).status).toBe(200);
  expect(
    (await stranger.request('POST', '/auth/pin', { json: who, headers: { cookie: cookies.join('; ') } })).status,
  ).toBe(202);
  await nextPin(EMAIL);

  const fresh = await alice.request<{ challengeId: string }>('POST', '/auth/reauthentication');
  const proof = { challengeId: keepChallenge(fresh.body.challengeId), pin: await nextPin(EMAIL) };
  expect((await alice.request('PUT', '/auth/reauthentication', { json: proof })).status).toBe(204);

  // The tenth wrong guess: four came before.
  const challengeId = await ask({ ...who, deviceId: `${DEVICE}-2` });
  await nextPin(EMAIL);
  for (const deviceId of [`${DEVICE}-3`, `${DEVICE}-4`]) {
    const json = { deviceId, challengeId: await ask({ ...who, deviceId }), pin: '0' };
    await nextPin(EMAIL);
    for (let guess = 0; guess < 3; guess++) {
      expect((await stranger.request('POST', '/auth/sessions', { json })).status).toBe(401);
    }
  }
  const code = await nextPin(EMAIL);
  expect(code).toMatch(/^(?=\d*[A-Z])[0-9A-Z]{8}$/);
  keepToken(
    'the session of a code',
    (await enter({ deviceId: `${DEVICE}-2`, challengeId, pin: code })).body.sessionToken,
  );

  const change = await alice.request<{ challengeId: string }>('PUT', '/users/me/email', { json: { email: NEW_EMAIL } });
  expect(change.status).toBe(202);
  const confirmation = { challengeId: keepChallenge(change.body.challengeId), pin: await nextPin(NEW_EMAIL) };
  const confirmed = await alice.request('POST', '/users/me/email/confirmation', { json: confirmation });
  expect(confirmed.status).toBe(204);
  for (const path of ['/users/me/events', '/auth/devices', '/auth/sessions']) {
    expect((await alice.request('GET', path)).status).toBe(200);
  }
}

async function nextPin(email: string): Promise<string> {
  const pin = await server.stdout.pinFor(email);
  pins.push(pin);
  secrets.add('a PIN', pin);
  return pin;
}

function keepToken(what: string, token: string): void {
  secrets.add(what, token).add(`${what}'s bytes`, Buffer.from(token.slice(4, 47), 'base64url'));
}

function keepRecoveryCode(text: string): void {
  secrets.add('a recovery code', text).add('a recovery code in one piece', text.replaceAll('-', ''));
  secrets.add("a recovery code's bytes", parseRecoveryCode(text) ?? Buffer.alloc(0));
}

function keepChallenge(challengeId: string): string {
  secrets.add('a challenge', challengeId).add("a challenge's bytes", Buffer.from(challengeId, 'base64url'));
  return challengeId;
}

async function signIn(by: '/users' | '/auth/pin'): Promise<VaultClient> {
  const client = await server.clientOf({} as VaultClient);
  const { body: challenge } = await client.request<{ challengeId: string }>('POST', by, {
    json: { email: EMAIL, deviceId: DEVICE },
  });
  const json = { challengeId: keepChallenge(challenge.challengeId), deviceId: DEVICE, pin: await nextPin(EMAIL) };
  const { status, body } = await client.request<{ sessionToken: string }>('POST', '/auth/sessions', { json });
  expect(status).toBe(201);
  client.token = body.sessionToken;
  keepToken('a token', body.sessionToken);
  return client;
}

/** A JPEG whose EXIF segment and content carry the marker. */
function photo(seed: string): Buffer {
  const [head, noise] = [jpeg(300_000, seed).subarray(0, 2), jpeg(300_000, seed).subarray(2)];
  noise.write(MARKER, 150_000);
  noise.write(MARKER, 200_001, 'utf16le');
  const bytes = Buffer.concat([head, exif(`taken by ${MARKER}`), noise]);
  secrets.add('the hash of a photo', Buffer.from(sha256(bytes), 'hex'));
  return bytes;
}

/** An APP1 segment with one field, ImageDescription (Exif 2.32, sections 4.6.2 and 4.7.2). */
function exif(description: string): Buffer {
  const text = Buffer.from(`${description}\0`);
  const tiff = Buffer.alloc(26);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(0x010e, 10);
  tiff.writeUInt16LE(2, 12);
  tiff.writeUInt32LE(text.length, 14);
  tiff.writeUInt32LE(tiff.length, 18);
  const content = Buffer.concat([Buffer.from('Exif\0\0'), tiff, text]);
  const marker = Buffer.from([0xff, 0xe1, 0, 0]);
  marker.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([marker, content]);
}
