import { setTimeout as sleep } from 'node:timers/promises';
import { UserAdministration } from '../../src/users/user-administration.service';
import { form } from '../support/form';
import { jpeg } from '../support/photos';
import { photo } from '../support/pictures';
import { expectProblem } from '../support/problem';
import { RawConnection } from '../support/raw-connection';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';

const QUOTA = 1_000_000;
const EXCEEDED = { status: 507, code: 'QUOTA.EXCEEDED' };
/** Ways of an upload by what they say of its length. */
const WAYS = ['raw', 'raw, chunked', 'form', 'form, chunked'] as const;
type Way = (typeof WAYS)[number];

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp({ QUOTA_DEFAULT_BYTES: String(QUOTA) });
});
beforeEach(async () => {
  alice = await vault.signUp();
});
afterAll(() => vault.close());

interface Account extends Record<string, unknown> {
  usage: { files: number; bytes: number };
  quota: { bytes: number } | null;
}
const account = async () => (await alice.request<Account>('GET', '/users/me')).body;
const used = async () => (await account()).usage.bytes;
const setQuota = (bytes: number | null) =>
  vault.app.get(UserAdministration, { strict: false }).setQuota(alice.email ?? '', bytes);
const statuses = (answers: readonly Answer<FileBody>[]) => answers.map(({ status }) => status).sort();

async function send(way: Way, name: string, bytes: Buffer): Promise<Answer<FileBody>> {
  if (way === 'raw') return alice.put(name, bytes);
  if (way === 'form') return alice.post(name, bytes);
  const isForm = way === 'form, chunked';
  const { headers, body } = form({ name: 'file', filename: name, body: bytes });
  // A body that is a stream has no length that fetch could announce.
  const stream = new Blob([isForm ? body : new Uint8Array(bytes)]).stream();
  const init = { method: isForm ? 'POST' : 'PUT', body: stream, duplex: 'half' } as RequestInit;
  const path = isForm ? '/files' : `/files/by-name/${name}`;
  const authorization = `Bearer ${alice.token}`;
  const answer = await fetch(`${vault.url}/api/v1${path}`, {
    ...init,
    headers: { authorization, ...(isForm ? headers : {}) },
  });
  const text = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes: text, body: JSON.parse(text.toString()) as FileBody };
}

describe('GET /users/me', () => {
  it('tells the quota: the default, one of its own, or none', async () => {
    expect((await account()).quota).toEqual({ bytes: QUOTA });
    await setQuota(5000);
    expect((await account()).quota).toEqual({ bytes: 5000 });
    await setQuota(0);
    expect((await account()).quota).toBeNull();
    await setQuota(null);
    expect((await account()).quota).toEqual({ bytes: QUOTA });
  });
});

describe.each(WAYS)('a quota, %s:', (way) => {
  it('takes what fits to the byte, and not a byte more', async () => {
    expect((await send(way, 'first.jpg', jpeg(QUOTA - 1000, 'first'))).status).toBe(201);
    expectProblem(await send(way, 'large.jpg', jpeg(1001, 'large')), EXCEEDED);
    expect((await send(way, 'last.jpg', jpeg(1000, 'last'))).status).toBe(201);
    expect(await used()).toBe(QUOTA);
    expectProblem(await send(way, 'more.jpg', jpeg(20, 'more')), EXCEEDED);
    await expectStored(vault, alice.userId, 2);
  });

  it('refuses what is larger than all of it, and keeps nothing', async () => {
    expectProblem(await send(way, 'huge.jpg', jpeg(20 * QUOTA, 'huge')), EXCEEDED);
    await expectStored(vault, alice.userId, 0);
    expect((await send(way, 'whole.jpg', jpeg(QUOTA, 'whole'))).status).toBe(201);
  });

  it('counts the same bytes once, and gives back what a duplicate had reserved', async () => {
    const photo = jpeg(400_000, 'twice');
    expect((await send(way, 'once.jpg', photo)).status).toBe(201);
    expect((await send(way, 'once more.jpg', photo)).status).toBe(200);
    expect(await used()).toBe(400_000);
    expect((await send(way, 'rest.jpg', jpeg(600_000, 'rest'))).status).toBe(201);
  });

  it('gives back what a refused upload had reserved', async () => {
    const text = Buffer.alloc(QUOTA, 'only words, no photo ');
    expect((await send(way, 'text.jpg', text)).status).toBe(415);
    expect((await send(way, 'photo.jpg', jpeg(QUOTA))).status).toBe(201);
  });

  it('is exact when 30 come at once that together exceed it, and as many as fit do fit', async () => {
    const photos = Array.from({ length: 30 }, (_, i) => jpeg(70_000 + i, `${way} ${i}`));
    const answers = await Promise.all(photos.map((photo, i) => send(way, `${i}.jpg`, photo)));
    expect(statuses(answers)).toEqual([...Array<number>(14).fill(201), ...Array<number>(16).fill(507)]);
    const stored = answers.filter(({ status }) => status === 201).map(({ body }) => body.size);
    expect(await used()).toBe(stored.reduce((sum, size) => sum + size, 0));
    await expectStored(vault, alice.userId, 14);
  });
});

describe('a quota', () => {
  it('gives back what a taken name had reserved', async () => {
    await alice.put('taken.jpg', jpeg(100_000, 'first'));
    expect((await alice.put('taken.jpg', jpeg(900_000, 'second'), { query: '?conflict=reject' })).status).toBe(409);
    expect((await alice.put('free.jpg', jpeg(900_000, 'second'))).status).toBe(201);
  });

  it('gives back what a form had reserved that turned out bad after its file', async () => {
    const { headers, body } = form(
      { name: 'file', filename: 'a.jpg', body: jpeg(QUOTA, 'bad') },
      { name: 'takenAt', body: '2026-01-01T00:00:00Z' },
    );
    expect((await alice.request('POST', '/files', { headers, body })).status).toBe(400);
    expect((await alice.post('good.jpg', jpeg(QUOTA, 'good'))).status).toBe(201);
  });

  it('gives back what an upload had reserved that broke off, and holds it until then', async () => {
    const connection = await RawConnection.to(vault.url);
    const head = ['PUT /api/v1/files/by-name/slow.jpg HTTP/1.1', 'Host: x', `Authorization: Bearer ${alice.token}`];
    await connection.send([...head, `Content-Length: ${QUOTA}`], jpeg(QUOTA, 'slow').subarray(0, 100_000));
    while ((await vault.database.query("SELECT FROM blobs WHERE state = 'pending'")).length === 0) await sleep(5);
    expectProblem(await alice.put('other.jpg', jpeg(20)), EXCEEDED);
    expect(await used()).toBe(0);
    connection.abort();
    await expectStored(vault, alice.userId, 0);
    expect((await alice.put('other.jpg', jpeg(QUOTA))).status).toBe(201);
  });

  it.each([
    ['raw', 'PUT /api/v1/files/by-name/p.jpg', 'application/octet-stream', ''],
    ['form', 'POST /api/v1/files', 'multipart/form-data; boundary=b', formHead()],
  ])('refuses an announced length before its bytes: %s', async (_, target, type, first) => {
    const connection = await RawConnection.to(vault.url);
    const head = [`${target} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${alice.token}`, `Content-Type: ${type}`];
    await connection.send([...head, `Content-Length: ${200 * QUOTA}`], first);
    expectProblem(await connection.answer(), EXCEEDED);
    connection.abort();
    await expectStored(vault, alice.userId, 0);
  });

  it('can be raised, lowered below what is stored, and lifted', async () => {
    await alice.put('first.jpg', jpeg(QUOTA, 'first'));
    await setQuota(2 * QUOTA);
    expect((await alice.put('second.jpg', jpeg(QUOTA, 'second'))).status).toBe(201);
    await setQuota(QUOTA);
    expectProblem(await alice.put('third.jpg', jpeg(20)), EXCEEDED);
    expect((await alice.list()).body.items).toHaveLength(2);
    await setQuota(0);
    expect((await alice.put('third.jpg', jpeg(20))).status).toBe(201);
    expect(await used()).toBe(2 * QUOTA + 20);
  });

  it('counts what was stored while there was none', async () => {
    await setQuota(0);
    await alice.put('before.jpg', jpeg(QUOTA - 100, 'before'));
    await setQuota(null);
    expectProblem(await alice.put('after.jpg', jpeg(101, 'after')), EXCEEDED);
    expect((await alice.put('after.jpg', jpeg(100, 'after'))).status).toBe(201);
  });

  it('is everybody’s own', async () => {
    await alice.put('all.jpg', jpeg(QUOTA));
    const bob = await vault.signUp();
    expect((await bob.put('all.jpg', jpeg(QUOTA))).status).toBe(201);
  });

  it('is no limit on looking: thumbnails of a full account are made', async () => {
    const picture = await photo();
    await setQuota(picture.length);
    const { body } = await alice.put('full.jpg', picture);
    expect((await alice.request('GET', `/files/${body.id}/renditions/thumbnail`)).status).toBe(200);
    expect(await used()).toBe(picture.length);
  });
});

function formHead(): string {
  return '--b\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n\r\nfirst bytes';
}
