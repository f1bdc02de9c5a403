import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, createReadStream, existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkByManifest, complaintsAbout, sayWhoIsMissing, unpackedBy } from '../support/archivers';
import { cutAfter } from '../support/cutting-proxy';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newFolder } from '../support/folders';
import { jpeg, jpegBlocks } from '../support/photos';
import { digest, send } from '../support/transfers';
import type { VaultClient } from '../support/vault-client';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';

// An export by the built server, fetched with curl as a person does: cut, gone on with, and opened by every program that may meet it. Small by
// default; EXPORT_FILES, EXPORT_FILE_BYTES, EXPORT_ENTRIES and EXPORT_MEMBER_BYTES make it as large as a vault (CONTRIBUTING says how).

const MIB = 1024 * 1024;
/** V8 lets garbage of some 100 MiB come together where the machine has plenty; what an export needs does not grow with it (decision 0025). */
const LIMIT = 300 * MIB;
const setting = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const FILES = setting('EXPORT_FILES', 40);
const FILE_BYTES = setting('EXPORT_FILE_BYTES', 250_000);
const ENTRIES = setting('EXPORT_ENTRIES', 400);
const MEMBER_BYTES = setting('EXPORT_MEMBER_BYTES', 24 * MIB);
const isLarge = FILES * FILE_BYTES + ENTRIES * 1000 + MEMBER_BYTES > 2 ** 28;
/** Uploads at once. */
const LANES = 8;

jest.setTimeout(isLarge ? 3 * 3600_000 : 180_000);

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) process.stderr.write('\nNOT RUN: an export that is cut and goes on. Install curl.\n\n');
sayWhoIsMissing('what other programs find in an export');

let database: TestDatabase;
let home: VaultHome;
let server: VaultProcess;
let alice: VaultClient;
let directory: string;

beforeEach(async () => {
  database = await createTestDatabase();
  home = await VaultHome.create({ DB_URL: database.url, RATE_LIMIT_PER_MINUTE: '1000000' });
  server = home.start();
  alice = await server.signUp('alice@example.com');
  directory = mkdtempSync(join(tmpdir(), 'photovault-export-'));
});
afterEach(async () => {
  await home.close();
  await database.drop();
  rmSync(directory, { recursive: true });
});

/** Files in three folders and in the root, many at once. */
async function store(count: number, bytes: number): Promise<void> {
  const folders = [undefined, await newFolder(alice, 'Summer'), await newFolder(alice, 'Winter: snow?')];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const folderId = folders[n % folders.length];
      const { status } = await alice.put(`${n % 2 ? 'photo' : 'PHOTO'} ${n >> 1}.jpg`, jpeg(bytes, n), {
        query: folderId && `?folderId=${folderId}`,
      });
      if (status !== 201) throw new Error(`upload ${n} was answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Ends the server without a word, and starts another: its memory is that of exports alone. */
async function startAnother(): Promise<void> {
  await server.end('SIGKILL');
  server = home.start();
  alice = await server.clientOf(alice);
}

/** curl as a person calls it; it knows by itself from where to go on. @returns its exit code */
async function curl({ url, token }: Pick<VaultClient, 'url' | 'token'>, file: string, ...options: string[]) {
  const address = `${url}/api/v1/users/me/export`;
  const all = ['-sS', '-C', '-', '-o', file, '-H', `Authorization: Bearer ${token}`, ...options, address];
  const [code] = (await once(spawn('curl', all, { stdio: 'ignore' }), 'exit')) as [number | null];
  return code;
}

/** "Go on, if it is still the same." */
const ifSame = (etag: string) => `-HIf-Range: ${etag}`;
const sizeOf = (file: string) => (existsSync(file) ? statSync(file).size : 0);
const sha256Of = (file: string) => digest(createReadStream(file, { highWaterMark: MIB }));

async function described(): Promise<{ size: number; etag: string }> {
  const { headers } = await alice.request('HEAD', '/users/me/export');
  return { size: Number(headers.get('content-length')), etag: headers.get('etag') ?? '' };
}

/** For whoever quotes figures; only where it was asked for something large. */
function say(what: string): void {
  if (isLarge)
    process.stderr.write(`${what} (${cpus().length} cores, peak RSS ${Math.round(server.peakMemory() / MIB)} MiB)\n`);
}

function expectSound(file: string, entries: number, largest?: number): void {
  expect(complaintsAbout(file)).toEqual([]);
  const checked = checkByManifest(file);
  if (checked) {
    expect(checked).toMatchObject({ entries, wrong: [] });
    if (largest !== undefined) expect(checked.largest).toBe(largest);
  }
  if (process.platform === 'linux') {
    expect(server.peakMemory()).toBeGreaterThan(30 * MIB);
    expect(server.peakMemory()).toBeLessThan(LIMIT);
  }
}

(hasCurl ? describe : describe.skip)('an export fetched with curl', () => {
  it(`of ${FILES} files is cut three times, and is the same as an uncut one`, async () => {
    await store(FILES, FILE_BYTES);
    await startAnother();
    const { size, etag } = await described();
    const [whole, part] = [join(directory, 'whole.zip'), join(directory, 'part.zip')];
    const began = Date.now();
    expect(await curl(alice, whole)).toBe(0);
    say(`uncut: ${size} bytes in ${Date.now() - began} ms`);
    expectSound(whole, FILES + 3);

    // The network fails, the server dies, the network fails again.
    for (const [cut, beforeCut] of [undefined, startAnother, undefined].entries()) {
      const here = sizeOf(part);
      const proxy = await cutAfter(alice.url, Math.ceil(size * 0.27), beforeCut);
      expect(await curl({ ...alice, url: proxy.url }, part, ifSame(etag))).not.toBe(0);
      proxy.close();
      expect([cut, sizeOf(part) > here + size * 0.2 && sizeOf(part) < size]).toEqual([cut, true]);
    }
    expect((await described()).etag).toBe(etag);
    expect(await curl(alice, part, ifSame(etag))).toBe(0);
    say(`cut three times: ${size} bytes`);
    expect(await sha256Of(part)).toBe(await sha256Of(whole));
    expectSound(part, FILES + 3);
  });

  it('that has changed meanwhile is refused by curl with If-Range, and what was there stays', async () => {
    await store(6, 50_000);
    const { etag } = await described();
    const [whole, part] = [join(directory, 'whole.zip'), join(directory, 'part.zip')];
    expect(await curl(alice, whole)).toBe(0);
    copyFileSync(whole, part);
    truncateSync(part, 250_000);
    await alice.put('later.jpg', jpeg(3000, 'later'));
    // "HTTP range error. The range "command" did not work."
    expect(await curl(alice, part, ifSame(etag))).toBe(33);
    expect(sizeOf(part)).toBe(250_000);
    // Without it the two are joined, and every program that opens what has come of it says so.
    expect(await curl(alice, part)).toBe(0);
    expect(complaintsAbout(part)).toEqual(complaintsAbout(join(directory, 'nothing.zip')));
  });

  it('is unpacked by every program to the same files, whatever they are called', async () => {
    const names = [
      ...['CON', 'con', 'aux.jpg', 'LPT¹.jpg', 'dots...', 'dots', 'space ', ' space', '-rf', '~', '.hidden', '..jpg'],
      ...[
        '\u00e9.jpg',
        'E\u0301.JPG',
        'a/b\\c:d.jpg',
        '../../up.jpg',
        '/root.jpg',
        'C:\\x.jpg',
        'manifest.JSON',
        'clash',
      ],
      ...[
        '😀'.repeat(62) + '.jpg',
        '👨‍👩‍👧‍👦'.repeat(10),
        `${'ä'.repeat(127)}a`,
        `${'Ä'.repeat(127)}A`,
        'x\u202egpj.exe',
        '100%25',
        '$(ls)',
      ],
    ];
    const folders: (string | undefined)[] = [undefined];
    for (const name of ['CLASH', 'clash.', 'NUL.d', 'ä'.repeat(127), '😀']) folders.push(await newFolder(alice, name));
    for (const [at, name] of names.entries()) {
      for (const folderId of folders) {
        const { status } = await alice.put(name, jpeg(100, at), { query: folderId && `?folderId=${folderId}` });
        expect([name, status]).toEqual([name, 201]);
      }
    }
    const whole = join(directory, 'whole.zip');
    expect(await curl(alice, whole)).toBe(0);
    const count = names.length * folders.length;
    expectSound(whole, count + 1 + folders.length - 1);
    const all = unpackedBy(whole);
    const [first] = Object.values(all);
    for (const [program, paths] of Object.entries(all)) expect([program, paths]).toEqual([program, first]);
    if (!first) return;
    expect(first).toHaveLength(count + 1);
    // Of what each system makes of them, no two are the same, and nothing is what Windows refuses or drops.
    for (const same of [(path: string) => path.toLowerCase(), (path: string) => path.toUpperCase().normalize('NFD')])
      expect(new Set(first.map(same)).size).toBe(count + 1);
    const refused = first
      .flatMap((path) => path.split('/'))
      .filter(
        (part) =>
          /[<>:"\\|?*]|[. ]$|^(con|prn|aux|nul|com\d|lpt[\d¹²³])(\.|$)/i.test(part) || Buffer.byteLength(part) > 255,
      );
    expect(refused).toEqual([]);
  });

  it(`of ${ENTRIES} files opens everywhere`, async () => {
    await store(ENTRIES, 60);
    await startAnother();
    const began = Date.now();
    const { size } = await described();
    say(`laid out ${ENTRIES} files in ${Date.now() - began} ms`);
    const whole = join(directory, 'whole.zip');
    expect(await curl(alice, whole)).toBe(0);
    say(`${ENTRIES} files, ${size} bytes in ${Date.now() - began} ms`);
    expect(sizeOf(whole)).toBe(size);
    expectSound(whole, ENTRIES + 3);
  });

  it(`with a file of ${MEMBER_BYTES} bytes opens everywhere, and is fetched from behind it at once`, async () => {
    const { status } = await send(alice, 'PUT', '/files/by-name/film.jpg', jpegBlocks(MEMBER_BYTES, 'film'), {
      'content-length': String(MEMBER_BYTES),
    });
    expect(status).toBe(201);
    for (const name of ['behind.jpg', 'and another.jpg']) await alice.put(name, jpeg(70_000, name));
    await startAnother();
    const { size } = await described();
    const [whole, tail] = [join(directory, 'whole.zip'), join(directory, 'tail')];
    expect(await curl(alice, whole)).toBe(0);
    say(`a member of ${MEMBER_BYTES} bytes: ${size}`);
    expectSound(whole, 4, MEMBER_BYTES);
    expect(await curl(alice, tail, '-r', `${size - 100_000}-`)).toBe(0);
    expect(await sha256Of(tail)).toBe(await digest(createReadStream(whole, { start: size - 100_000 })));
  });
});
