import { createHash, createHmac } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { RawConnection } from '../support/raw-connection';
import { jpeg, png, sha256 } from '../support/photos';
import { askForPin, challengeHash, tradeIn } from '../support/pins';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored, tracesOf } from '../support/traces';
import type { VaultClient } from '../support/vault-client';

/**
 * The holes of the prototype that this project grew from, one describe each (security design, "Holes of the prototype"). Where an
 * answer could lie, the proof is taken from the database or from the disk.
 */
let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp({ PIN_DIGITS: '9', UPLOAD_MAX_BYTES: '300000' });
});
afterAll(() => vault.close());

describe('hole: uploads mounted as public static files', () => {
  it('serves no stored file, and no file of the data directory, at any static address', async () => {
    const alice = await vault.signUp();
    const photo = jpeg(5000, 'static');
    await alice.put('static.jpg', photo);
    const { objects } = await tracesOf(vault, alice.userId);
    const object = relative(vault.dataDir, objects[0] ?? '');
    const guesses = ['static.jpg', 'uploads/static.jpg', `uploads/${alice.userId}/static.jpg`, 'files/static.jpg'];
    const paths = [...guesses, object, `data/${object}`, 'master.key', '..%2fmaster.key', '.%2e/master.key', '.env'];
    for (const path of paths) {
      for (const prefix of ['//', '/']) {
        const answer = await vault.stranger().request('GET', prefix + path);
        expect([path, answer.status]).toEqual([path, prefix === '/' && path === 'files/static.jpg' ? 401 : 404]);
      }
    }
  });

  it('keeps neither the bytes nor the name of an upload readable on disk', async () => {
    const alice = await vault.signUp();
    const photo = jpeg(50_000, 'plaintext');
    await alice.put('recognisable-name.jpg', photo);
    const [object = ''] = (await tracesOf(vault, alice.userId)).objects;
    expect(object).not.toContain('recognisable');
    expect((await readFile(object)).indexOf(photo.subarray(20, 52))).toBe(-1);
    expect((await stat(object)).mode & 0o777).toBe(0o600);
    expect((await stat(join(object, '..'))).mode & 0o777).toBe(0o700);
  });
});

describe('hole: PIN in the HTTP response', () => {
  it.each(['/users', '/auth/pin'])('answers POST %s with a challenge that does not contain the PIN', async (route) => {
    const email = (await vault.signUp()).email ?? '';
    const answer = await vault.stranger().request('POST', route, { json: { email, deviceId: 'd' } });
    const pin = await vault.logs.pinFor(email);
    expect(answer.status).toBe(202);
    expect(Object.keys(answer.body)).toEqual(['challengeId', 'expiresIn']);
    expect(pin).toMatch(/^\d{9}$/);
    expect(answer.bytes.toString() + JSON.stringify([...answer.headers])).not.toContain(pin);
  });
});

describe('hole: pending codes keyed by device only, unlimited guesses, no expiry, unsalted hash', () => {
  const ask = (email: string) => askForPin(vault, email, { deviceId: 'kiosk' });

  it('keeps the codes of two accounts on one device apart', async () => {
    const [first, second] = [await ask('one@example.com'), await ask('two@example.com')];
    expect((await tradeIn(vault, { ...first, pin: second.pin })).status).toBe(401);
    expect((await tradeIn(vault, first)).body.user).toMatchObject({ email: 'one@example.com' });
    expect((await tradeIn(vault, second)).body.user).toMatchObject({ email: 'two@example.com' });
  });

  it('ends a code after three guesses', async () => {
    const asked = await ask('guesses@example.com');
    for (let i = 0; i < 3; i++) {
      expect((await tradeIn(vault, { ...asked, pin: 'wrong' })).status).toBe(401);
    }
    expect((await tradeIn(vault, asked)).status).toBe(401);
  });

  it('ends a code after five minutes', async () => {
    const asked = await ask('expiry@example.com');
    const [{ seconds } = { seconds: 0 }] = await vault.database.query<{ seconds: number }>(
      `SELECT extract(epoch FROM expires_at - created_at)::float AS seconds FROM login_challenges WHERE id_hash = $1`,
      [challengeHash(asked.challengeId)],
    );
    expect(seconds).toBeCloseTo(300, 0);
    await vault.database.query(
      `UPDATE login_challenges SET expires_at = clock_timestamp() - interval '1 ms' WHERE id_hash = $1`,
      [challengeHash(asked.challengeId)],
    );
    expect((await tradeIn(vault, asked)).status).toBe(401);
  });

  it('stores no hash of a code that could be found by trying without the server secret', async () => {
    const { challengeId, pin } = await ask('hash@example.com');
    const [row] = await vault.database.query<{ pin_mac: Buffer; id: string }>(
      'SELECT pin_mac, id FROM login_challenges WHERE id_hash = $1',
      [challengeHash(challengeId)],
    );
    const id = Buffer.from(challengeId, 'base64url');
    const guesses = [pin, `${pin}kiosk`, `kiosk${pin}`, `${challengeId}${pin}`, `hash@example.com${pin}`].flatMap(
      (text) => [
        ...['md5', 'sha1', 'sha256', 'sha512'].map((algorithm) => createHash(algorithm).update(text).digest()),
        ...[id, challengeHash(challengeId), Buffer.from(challengeId), Buffer.from(row?.id ?? '')].map((key) =>
          createHmac('sha256', key).update(text).digest(),
        ),
      ],
    );
    expect(row?.pin_mac).toHaveLength(32);
    expect(guesses.some((guess) => guess.subarray(0, 32).equals(row?.pin_mac ?? guess))).toBe(false);
  });
});

describe('hole: token = hash seeded with the clock', () => {
  it('issues unrelated tokens while the clock stands still, and stores only their SHA-256', async () => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    try {
      const alice = await vault.signUp('clock@example.com', 'laptop');
      const first = rawToken(alice.token);
      await alice.signIn('clock@example.com', 'laptop', (email) => vault.logs.pinFor(email));
      const second = rawToken(alice.token);
      expect(first).toHaveLength(32);
      // Two random strings of 32 bytes share 11 or more positions once in 10^14 pairs.
      expect(first.filter((byte, i) => byte === second[i]).length).toBeLessThan(11);
      const rows = await vault.database.query<{ token_hash: Buffer }>(
        'SELECT token_hash FROM sessions WHERE user_id = $1 ORDER BY created_at',
        [alice.userId],
      );
      expect(rows.map((row) => row.token_hash.toString('hex'))).toEqual([first, second].map(sha256));
    } finally {
      clock.mockRestore();
    }
  });
});

describe('hole: two accounts with one device ID get each other’s session', () => {
  it('binds every session to the account that proved itself', async () => {
    const people = await Promise.all(
      ['tablet-a', 'tablet-b', 'tablet-c'].map((name) => vault.signUp(`${name}@example.com`, 'the-one-tablet')),
    );
    for (const person of people) {
      expect((await person.request('GET', '/users/me')).body).toMatchObject({ id: person.userId, email: person.email });
      const { body } = await person.request<{ items: unknown[] }>('GET', '/auth/sessions');
      expect(body.items).toHaveLength(1);
    }
  });
});

describe('hole: one user’s upload replaces another’s file of the same name', () => {
  it('gives two people two files and two objects, whoever comes last', async () => {
    const [alice, bob] = [await vault.signUp(), await vault.signUp()];
    const [ofAlice, ofBob] = [jpeg(3000, 'alice'), jpeg(3000, 'bob')];
    await alice.put('same.jpg', ofAlice);
    await bob.put('same.jpg', ofBob);
    for (const [owner, photo] of [[alice, ofAlice] as const, [bob, ofBob] as const]) {
      expect((await owner.request('GET', '/files/by-name/same.jpg/content')).bytes.equals(photo)).toBe(true);
      await expectStored(vault, owner.userId, 1);
    }
  });
});

const next = jpeg(200_000, 'next');

describe('hole: the old file is removed before the new one is written', () => {
  const failures: [string, Parameters<typeof putBy>[1], number | null][] = [
    ['is of a refused type', { bytes: Buffer.from('<html>') }, 415],
    ['is empty', { bytes: Buffer.alloc(0) }, 422],
    ['is too large', { bytes: jpeg(300_001) }, 413],
    ['does not have its announced digest', { bytes: next, digest: sha256(jpeg(1000)) }, 422],
    ['breaks off', { bytes: next.subarray(0, 150_000), length: next.length }, null],
  ];
  it.each(failures)('keeps the old file, untouched on disk, when the new one %s', async (_, request, status) => {
    const alice = await vault.signUp();
    const old = jpeg(100_000, 'old');
    await alice.put('photo.jpg', old);
    const [object = ''] = (await tracesOf(vault, alice.userId)).objects;
    const before = await stat(object);

    expect(await putBy(alice.token, request)).toBe(status);
    await expectStored(vault, alice.userId, 1);
    const { ino, mtimeMs, size } = await stat(object);
    expect({ ino, mtimeMs, size }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs, size: before.size });
    expect((await alice.request('GET', '/files/by-name/photo.jpg/content')).bytes.equals(old)).toBe(true);
  });
});

describe('hole: the old file is lost when another of its name comes', () => {
  it.each([
    ['PUT', async (alice: VaultClient, bytes: Buffer) => alice.put('photo.jpg', bytes)],
    ['a form', async (alice: VaultClient, bytes: Buffer) => alice.post('photo.jpg', bytes)],
  ])(
    'keeps its object untouched, and its bytes one request away, whatever %s does with the name',
    async (_, upload) => {
      const alice = await vault.signUp();
      const old = jpeg(100_000, 'old');
      const { id } = (await alice.put('photo.jpg', old)).body;
      const [object = ''] = (await tracesOf(vault, alice.userId)).objects;
      const before = await stat(object);
      expect((await upload(alice, next)).status).toBe(201);
      const { ino, mtimeMs } = await stat(object);
      expect({ ino, mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs });
      await alice.request('POST', '/trash/restore', { json: { ids: [id] } });
      expect((await alice.content(id)).bytes.equals(old)).toBe(true);
    },
  );
});

describe('hole: the row keeps the raw name while the lookup uses the sanitised one', () => {
  it.each([
    ['../../etc/holiday 1.jpg', 'holiday 1.jpg'],
    ['C:\\fakepath\\IMG#1?.jpg', 'IMG#1?.jpg'],
    ['cafe\u0301 %41 & co.jpg', 'caf\u00e9 %41 & co.jpg'],
    [' .. .jpg', ' .. .jpg'],
  ])('finds %j by the name that it answers and by the name that was sent', async (sent, kept) => {
    const alice = await vault.signUp();
    const photo = jpeg(1000, sent);
    expect((await alice.put(sent, photo)).body.name).toBe(kept);
    expect((await alice.list()).body.items.map(({ name }) => name)).toEqual([kept]);
    for (const name of [kept, sent]) {
      const found = await alice.request('GET', `/files/by-name/${encodeURIComponent(name)}/content`);
      expect(found.bytes.equals(photo)).toBe(true);
    }
  });
});

describe('hole: token in the query string, no expiry, enumeration by 401 and 404', () => {
  it('takes no token from the query', async () => {
    const { token } = await vault.signUp();
    for (const field of ['token', 'access_token', 'sessionToken', 'authorization']) {
      expectProblem(await vault.stranger().request('GET', `/users/me?${field}=${token}`), {
        status: 401,
        code: 'AUTH.SESSION_REQUIRED',
      });
    }
  });

  it('gives every session an idle and an absolute end', async () => {
    const { userId } = await vault.signUp();
    const rows = await vault.database.query<{ idle: number; absolute: number }>(
      `SELECT extract(epoch FROM idle_expires_at - created_at)::int AS idle,
              extract(epoch FROM expires_at - created_at)::int AS absolute FROM sessions WHERE user_id = $1`,
      [userId],
    );
    expect(rows).toEqual([{ idle: 1800, absolute: 86_400 }]);
  });

  it('does not tell a stranger or another user which files exist', async () => {
    const [alice, bob] = [await vault.signUp(), await vault.signUp()];
    const { body: file } = await alice.put('mine.jpg', jpeg(1000, 'mine'));
    const paths = (id: string, name: string) => [`/files/${id}/content`, `/files/by-name/${name}/content`];
    const exists = paths(file.id, 'mine.jpg');
    const absent = paths('0199c0de-0000-7000-8000-000000000000', 'nobodys.jpg');
    for (const [who, status] of [[vault.stranger(), 401] as const, [bob, 404] as const]) {
      for (const [i, path] of exists.entries()) {
        const [one, other] = [await who.request('GET', path), await who.request('GET', absent[i] ?? '')];
        expect(one.status).toBe(status);
        expect({ ...one.body, requestId: '' }).toEqual({ ...other.body, requestId: '' });
      }
    }
  });
});

describe('hole: everything served as image/jpeg, no limit', () => {
  it('serves what the bytes are, whatever the name says', async () => {
    const alice = await vault.signUp();
    const { body } = await alice.put('really-a-png.jpg', png(1000));
    expect(body.contentType).toBe('image/png');
    expect((await alice.content(body.id)).headers.get('content-type')).toBe('image/png');
  });

  it('limits the size of a file and of a page', async () => {
    const alice = await vault.signUp();
    expect((await alice.put('limit.jpg', jpeg(300_000, 'limit'))).status).toBe(201);
    expectProblem(await alice.put('over.jpg', jpeg(300_001)), { status: 413, code: 'UPLOAD.TOO_LARGE' });
    expectProblem(await alice.request('GET', '/files?limit=201'), { status: 422, code: 'REQUEST.INVALID' });
    await expectStored(vault, alice.userId, 1);
  });
});

describe('hole: str(e) sent to the client', () => {
  it('says nothing about a fault inside but that there was one, and logs it under the request id', async () => {
    const alice = await vault.signUp();
    await vault.database.query('ALTER TABLE files RENAME TO files_away');
    try {
      const answer = await alice.list();
      expectProblem(answer, { status: 500, code: 'SERVER.INTERNAL' });
      expect(answer.bytes.toString()).not.toMatch(/relation|files/i);
      const { requestId } = answer.body as unknown as { requestId: string };
      const logged = vault.logs.lines.filter((line) => line.includes(requestId));
      expect(logged.join()).toContain('relation \\"files\\" does not exist');
    } finally {
      await vault.database.query('ALTER TABLE files_away RENAME TO files');
    }
    expect((await alice.list()).status).toBe(200);
  });
});

function rawToken(token = ''): Buffer {
  return Buffer.from(token.slice('pvs_'.length, -8), 'base64url');
}

/** A PUT of `photo.jpg` whose Content-Length may lie; a body that is shorter than announced is followed by silence and the end. */
async function putBy(
  token: string | undefined,
  { bytes, length = bytes.length, digest }: { bytes: Buffer; length?: number; digest?: string },
): Promise<number | null> {
  const connection = await RawConnection.to(vault.url);
  const announced = digest && [`Content-Digest: sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`];
  await connection.send(
    [
      'PUT /api/v1/files/by-name/photo.jpg HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${token}`,
      `Content-Length: ${length}`,
      ...(announced ?? []),
    ],
    bytes,
  );
  if (bytes.length < length) connection.abort();
  const answer = await connection.answer();
  connection.abort();
  return answer?.status ?? null;
}
