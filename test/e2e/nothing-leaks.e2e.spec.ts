import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { folder, lock, newFolder, putInto, unlock } from '../support/folders';
import { jpeg, sha256 } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { trashFile } from '../support/trash';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';

// Every route of the OpenAPI document is asked for a locked photo in every way that its parameters allow, by sessions that have not unlocked its
// folder. A route that is added is asked without a change here.

const LOCK_PASSWORD = 'zebra-lantern-quartz';
const NAME = 'zanzibar-7f3a91.jpg';
const TAKEN_AT = '1987-06-05T04:03:02.000Z';
const DESCRIPTION = 'A-description-that-only-this-photo-has';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly enum?: readonly string[] };
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** The document's example of a JSON body. */
  readonly json?: Record<string, unknown>;
}

/** One request that a client could make. */
interface Knock {
  readonly label: string;
  readonly method: string;
  readonly path: string;
  readonly json?: Record<string, unknown>;
}

let vault: TestApp;
let alice: VaultClient;
let folderId: string;
let photo: FileBody;
let photoBytes: Buffer;
let knocks: Knock[];
let markers: RegExp;

beforeAll(async () => {
  // Wrong PINs are part of what is asked, and of tries that read another mail's PIN.
  vault = await startTestApp({ PIN_BREAKER_WRONG: '1000000' });
  alice = await vault.signUp('olga@photos.example');
  photoBytes = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#935' } })
    .withExif({ IFD0: { ImageDescription: DESCRIPTION } })
    .jpeg()
    .toBuffer();
  await alice.put('open.jpg', jpeg(54_321, 'open'));
  folderId = await newFolder(alice, 'locked');
  const query = `?folderId=${folderId}&takenAt=${TAKEN_AT}`;
  photo = (await alice.put(NAME, photoBytes, { query })).body;
  await putInto(alice, folderId, 'another.jpg', jpeg(12_345, 'another'));
  const trashed = await putInto(alice, folderId, `trashed ${NAME}`, jpeg(23_456, 'trashed'));
  await trashFile(alice, trashed.id);
  const blobs = await vault.database.query<{ id: string }>('SELECT blob_id AS id FROM files WHERE id = $1', [photo.id]);
  await lock(alice, folderId, LOCK_PASSWORD);
  const hash = Buffer.from(sha256(photoBytes), 'hex');
  const words = [
    ...['zanzibar', '7f3a91', '1987-06-05', '04:03:02', String(Date.parse(TAKEN_AT)), DESCRIPTION],
    ...[hash.toString('hex'), hash.toString('base64').slice(0, 42), hash.toString('base64url').slice(0, 42)],
    ...[Buffer.from(NAME).toString('base64').slice(0, 24), Buffer.from(NAME).toString('hex')],
    ...blobs.map(({ id }) => id),
  ];
  // As a number of its own: also in a header, or as part of a Content-Range.
  const size = `(?<![\\w.-])${photoBytes.length}(?![\\w.-])`;
  markers = new RegExp(`${words.map((word) => word.replace(/[+/.]/g, '\\$&')).join('|')}|${size}`, 'i');
  knocks = (await operations()).flatMap(knocksAt);
});
afterAll(() => vault.close());

async function operations(): Promise<Operation[]> {
  const { body: document } = await vault.stranger().request<{
    paths: Record<
      string,
      Record<string, { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } }>
    >;
    components: { schemas: Record<string, Schema> };
  }>('GET', '//openapi.json');
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]): Operation => {
      const schema = requestBody?.content['application/json']?.schema;
      const { properties } = document.components.schemas[schema?.$ref?.split('/').at(-1) ?? ''] ?? schema ?? {};
      const json =
        properties && Object.fromEntries(Object.entries(properties).map(([key, { example }]) => [key, example]));
      return { method: method.toUpperCase(), path: `/${path}`, parameters, ...(json && { json }) };
    }),
  );
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Record<string, { readonly example?: unknown }>;
}

const isId = (name: string) => /^id$|Ids?$/.test(name);

/** What could be asked with: the photo and its folder for whatever takes an id, the photo's name, and every other word that is allowed. */
function valuesOf({ name, schema }: Parameter): string[] {
  if (isId(name)) return [photo.id, folderId];
  if (name === 'name') return [NAME];
  return schema.enum ? [...schema.enum] : [];
}

function knocksAt({ method, path, parameters, json }: Operation): Knock[] {
  let paths = [path];
  for (const parameter of parameters.filter((each) => each.in === 'path')) {
    const values = valuesOf(parameter);
    paths = paths.flatMap((each) =>
      values.map((value) => each.replace(`{${parameter.name}}`, encodeURIComponent(value))),
    );
  }
  const inQuery = parameters.filter((each) => each.in === 'query');
  const pairs = inQuery.flatMap((parameter) => valuesOf(parameter).map((value) => `${parameter.name}=${value}`));
  const inFolder = `folderId=${folderId}`;
  const queries = [
    '',
    ...pairs.map((pair) => `?${pair}`),
    ...pairs.filter((pair) => !pair.startsWith('folderId')).map((pair) => `?${inFolder}&${pair}`),
  ];
  const bodies = json ? [photo.id, folderId].map((id) => withIds(json, id)) : [undefined];
  return paths.flatMap((each) =>
    queries.flatMap((query) =>
      bodies.map((body) => ({
        label: `${method} ${path}${query && '?…'}`,
        method,
        path: each + query,
        ...(body && { json: body }),
      })),
    ),
  );
}

function withIds(json: Record<string, unknown>, id: string): Record<string, unknown> {
  const fill = (key: string, value: unknown): unknown =>
    isId(key) && !/device|challenge/i.test(key) ? (Array.isArray(value) ? [id] : id) : value;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fill(key, value)]));
}

/** Where an answer says something of the locked photo; null when it says nothing. */
function leakIn({ label }: Knock, answer: Answer<unknown>): string | null {
  const head = [...answer.headers].filter(([name]) => !/^(date|x-request-id|ratelimit|set-cookie)/.test(name));
  const text = [head.map((pair) => pair.join(': ')).join('\n'), answer.bytes.toString('latin1')].join('\n\n');
  // Random ids and times may hold any digits.
  const found = markers.exec(text.replace(/"requestId":"[^"]*"/g, ''));
  return found && `${label} → ${answer.status}: ${found[0]}`;
}

/** Some of the requests have PINs mailed as well, which are not this one: then it is tried again. */
async function sessionOf(email: string, deviceId: string): Promise<VaultClient> {
  for (let tries = 0; ; tries++) {
    const client = vault.stranger();
    try {
      await client.signIn(email, `${deviceId} ${tries}`, (address) => vault.logs.pinFor(address));
      // A fresh one may purge what it cannot see, and then there is nothing left to ask about.
      await vault.database.query(`UPDATE sessions SET proved_at = proved_at - interval '1 hour' WHERE user_id = $1`, [
        client.userId,
      ]);
      return client;
    } catch (error) {
      if (tries === 40) throw error;
      await delay(300);
      vault.logs.forgetPins();
    }
  }
}

/** Some of the requests end sessions: then another one goes on. */
async function walk(deviceId: string, open?: boolean): Promise<{ leaks: string[]; answers: Map<string, number[]> }> {
  const leaks: string[] = [];
  const answers = new Map<string, number[]>();
  let client = await sessionOf('olga@photos.example', deviceId);
  for (const knock of open ? gentleFirst(knocks) : knocks) {
    if ((await client.request('GET', '/users/me')).status === 401)
      client = await sessionOf('olga@photos.example', deviceId);
    if (open && !(await folder(client, folderId)).unlockedUntil) await unlock(client, folderId, LOCK_PASSWORD);
    const answer = await client.request(
      knock.method,
      knock.path,
      knock.method === 'GET' || knock.method === 'HEAD' ? {} : { json: knock.json },
    );
    answers.set(knock.label, [...(answers.get(knock.label) ?? []), answer.status]);
    const leak = leakIn(knock, answer);
    if (leak !== null) leaks.push(leak);
  }
  return { leaks, answers };
}

/** Whoever has unlocked the folder may throw away what is in it, and then nobody is told of it any more. */
function gentleFirst(all: readonly Knock[]): Knock[] {
  const isGentle = ({ method }: Knock) => method === 'GET' || method === 'HEAD';
  return [...all.filter(isGentle), ...all.filter((knock) => !isGentle(knock))];
}

it('asks every operation of the document', () => {
  expect(knocks.length).toBeGreaterThan(100);
  expect(knocks.map(({ label }) => label)).toEqual(
    expect.arrayContaining([
      'GET //api/v1/files/{id}/renditions/{kind}',
      'GET //api/v1/files/by-name/{name}/content?…',
    ]),
  );
});

describe.each(['a session that never unlocked the folder', 'the device that locked it'])('%s', (who) => {
  it('is told nothing of a photo in it, by no route', async () => {
    const { leaks, answers } = await walk(who);
    expect(leaks).toEqual([]);
    // Refused because it is locked, not because the question was no good.
    for (const label of [
      'GET //api/v1/files/{id}',
      'GET //api/v1/files/{id}/content',
      'GET //api/v1/files/{id}/renditions/{kind}',
      'GET //api/v1/files?…',
      'GET //api/v1/files/by-name/{name}/content?…',
      'PATCH //api/v1/files/{id}',
      'DELETE //api/v1/files/{id}',
      'GET //api/v1/trash?…',
    ]) {
      expect([label, answers.get(label)]).toEqual([label, expect.arrayContaining([423])]);
    }
  }, 120_000);
});

it('nor is whoever has unlocked another folder, or has locked this one again', async () => {
  const client = await sessionOf('olga@photos.example', 'another folder');
  const other = await newFolder(client, 'another lock');
  await lock(client, other, LOCK_PASSWORD);
  await unlock(client, other, LOCK_PASSWORD);
  await unlock(client, folderId, LOCK_PASSWORD);
  await client.request('POST', `/folders/${folderId}/relock`);
  const asked = knocks.filter(({ method }) => method === 'GET' || method === 'HEAD');
  for (const knock of asked) expect(leakIn(knock, await client.request(knock.method, knock.path))).toBeNull();
});

it('neither do the log at debug level, the security log, and errors', async () => {
  await delay(500);
  const uploaded = vault.logs.text.replaceAll(/"(?:time|requestId|folderId|fileId)":"[^"]*"/g, '');
  expect(markers.exec(uploaded)?.[0]).toBeUndefined();
  const { body } = await (
    await sessionOf('olga@photos.example', 'events')
  ).request('GET', '/users/me/events?limit=200');
  expect(markers.exec(JSON.stringify(body))).toBeNull();
});

it('of a session that has unlocked it, the same questions are answered: they would have found it', async () => {
  const { leaks } = await walk('unlocked', true);
  const labels = new Set(leaks.map((leak) => leak.split(' → ')[0]));
  for (const label of [
    'GET //api/v1/files/{id}',
    'HEAD //api/v1/files/{id}/content',
    'GET //api/v1/files/{id}/content',
    'GET //api/v1/files?…',
    'GET //api/v1/files/by-name/{name}/content?…',
    'GET //api/v1/trash?…',
  ]) {
    expect(labels).toContain(label);
  }
}, 120_000);
