import { mkdirSync, readFileSync, renameSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { blobKey } from '../../src/platform/blobs/blob-key';
import { jpeg, jpegBlocks } from '../support/photos';
import { haltedHalfway, send } from '../support/transfers';
import type { VaultClient } from '../support/vault-client';
import { type Outcome, startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The built command on the embedded database, with and without a server.

jest.setTimeout(90_000);

let home: VaultHome;
let server: VaultProcess;
let alice: VaultClient;

beforeEach(async () => {
  home = await VaultHome.create();
  server = home.start();
  alice = await server.signUp('alice@example.com');
});
afterEach(() => home.close());

const fsck = (...args: string[]): Promise<Outcome> => startCommand(home, ['fsck', ...args]).outcome;
const pathOf = (key: string) => join(home.dataDir, 'blobs', key);

/** Photos of one size; the keys of their objects, in the order of their uploads. */
async function newPhotos(count: number): Promise<string[]> {
  for (let n = 0; n < count; n++) expect((await alice.put(`${n}.jpg`, jpeg(100_000, n))).status).toBe(201);
  const rows = await home.query<{ id: string }>("SELECT id FROM blobs WHERE state = 'ready' ORDER BY id");
  return rows.map(({ id }) => blobKey(alice.userId ?? '', id));
}

function flip(key: string, at: number): void {
  const bytes = readFileSync(pathOf(key));
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x80, at);
  writeFileSync(pathOf(key), bytes);
}

it('finds a flipped byte, a truncated blob, two swapped ones, a missing and a stray object, and repairs nothing', async () => {
  const keys = await newPhotos(9);
  const bytes = readFileSync(pathOf(keys[0] ?? '')).length;
  expect(await fsck()).toEqual({
    code: 0,
    stdout: `Checked objects: 9, bytes: ${9 * bytes}. Problems: 0.\n`,
    stderr: '',
  });
  await server.end('SIGTERM');

  const [sound, first, middle, last, cut, one, other, missing] = keys as [string, ...string[]];
  flip(first ?? '', 0);
  flip(middle ?? '', bytes >> 1);
  flip(last ?? '', bytes - 1);
  truncateSync(pathOf(cut ?? ''), bytes - 1000);
  renameSync(pathOf(one ?? ''), pathOf('kept'));
  renameSync(pathOf(other ?? ''), pathOf(one ?? ''));
  renameSync(pathOf('kept'), pathOf(other ?? ''));
  unlinkSync(pathOf(missing ?? ''));
  const stray = blobKey(uuidv7(), uuidv7());
  mkdirSync(dirname(pathOf(stray)), { recursive: true });
  writeFileSync(pathOf(stray), 'what a crash has left');
  utimesSync(pathOf(stray), 0, 0);

  const owner = alice.userId ?? '';
  const expected = [
    ['header', first],
    ['crc', middle],
    ['crc', last],
    ['length', cut],
    ['header', one],
    ['header', other],
    ['missing', missing],
    ['stray', stray],
  ].map(([kind, object = '']) => {
    return { kind, ownerId: kind === 'stray' ? null : owner, blobId: object.slice(-36), object };
  });
  const before = [home.objects()];
  const { code, stdout, stderr } = await fsck();
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'vault: 8 problem(s) found. Nothing was changed of them.\n' });
  const lines = expected.map(({ kind, ownerId, blobId, object }) =>
    [kind?.padEnd(10), ownerId ?? '-'.padEnd(36), blobId, object].join('  '),
  );
  const said = stdout.trimEnd().split('\n');
  expect(said.pop()).toBe(`Checked objects: 9, bytes: ${9 * bytes}. Problems: 8.`);
  expect(said.sort()).toEqual(lines.sort());
  expect(stdout).not.toContain(sound);

  const asJson = await fsck('--json');
  expect(asJson.code).toBe(1);
  const { problems, ...rest } = JSON.parse(asJson.stdout) as { problems: { blobId: string }[] };
  expect(rest).toEqual({ blobs: 9, bytes: 9 * bytes });
  expect(new Set(problems)).toEqual(new Set(expected));
  expect([home.objects()]).toEqual(before);

  expect((await fsck('--repair-strays')).stdout).toContain('Problems: 7. Removed strays: 1.\n');
  expect(home.objects()).toEqual(before[0]?.filter((key) => key !== stray));
});

it('works beside a server with an upload under way, which is no problem and is not disturbed', async () => {
  await newPhotos(3);
  let goOn: () => void = () => undefined;
  const halt = new Promise<void>((go) => (goOn = go));
  const upload = send(alice, 'PUT', '/files/by-name/slow.jpg', haltedHalfway(jpegBlocks(2_000_000, 'slow'), halt));
  await eventually('the upload is pending', async () => {
    return (await home.query("SELECT FROM blobs WHERE state = 'pending'")).length === 1;
  });
  for (const key of home.objects().filter((each) => each.startsWith('tmp/'))) utimesSync(pathOf(key), 0, 0);
  expect(await fsck('--repair-strays')).toMatchObject({ code: 0, stderr: '' });
  goOn();
  const { status, body } = await upload;
  expect(status).toBe(201);
  expect((await alice.content(body.id)).bytes).toHaveLength(2_000_000);
  expect(await fsck('--json')).toMatchObject({ code: 0, stderr: '' });
});
