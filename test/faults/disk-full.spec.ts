import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { Ledger } from '../support/ledger';
import { jpeg } from '../support/photos';
import { photo } from '../support/pictures';
import { expectProblem } from '../support/problem';
import type { Answer, FileBody, VaultClient } from '../support/vault-client';
import { WITHOUT_LIMITS } from '../support/test-app';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The disk runs full under a running server: 507, nothing half-stored, nothing old harmed, and all is well when there is room again.

const MIB = 1024 * 1024;
const FULL = { status: 507, code: 'VAULT.STORAGE_FULL' };
const canMount = tryToMount();
if (!canMount)
  process.stderr.write('NOT RUN: what a full disk does. Run as root on Linux, where a tmpfs can be mounted.\n');

jest.setTimeout(60_000);

(canMount ? describe : describe.skip)('a disk of 24 MiB for blobs', () => {
  let database: TestDatabase;
  let home: VaultHome;
  let server: VaultProcess;
  let alice: VaultClient;
  const ledger = new Ledger();
  let blobs: string;
  let photos = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await VaultHome.create({ DB_URL: database.url });
    blobs = join(home.dataDir, 'blobs');
    mkdirSync(blobs, { recursive: true, mode: 0o700 });
    mount(blobs, 24);
    server = home.start();
    alice = await server.signUp('alice@example.com');
    // Stands for whatever else fills a disk, and can be removed.
    writeFileSync(join(blobs, 'ballast'), Buffer.alloc(8 * MIB));
  });
  afterAll(async () => {
    await home.stop();
    unmount(blobs);
    await home.close();
    await database.drop();
  });

  it('answers 507 to what does not fit, raw or as a form, and keeps nothing of it', async () => {
    let answer: Answer<FileBody>;
    do answer = await upload(3 * MIB, 'raw');
    while (answer.status === 201);
    expectProblem(answer, FULL);
    expectProblem(await upload(9 * MIB, 'form'), FULL);
    expect(ledger.size).toBeGreaterThan(2);
    await expectTidy();
  });

  it('goes on reading and renaming, and takes what still fits', async () => {
    await ledger.audit(alice);
    const [file] = (await alice.list()).body.items;
    expect((await alice.request('PATCH', `/files/${file?.id}`, { json: { name: file?.name } })).status).toBe(200);
    expect((await alice.request('GET', '//health/ready')).status).toBe(200);
    expect((await upload(50_000, 'raw')).status).toBe(201);
    await ledger.audit(alice);
  });

  it('takes uploads again when there is room, and of several at once no more than fit', async () => {
    rmSync(join(blobs, 'ballast'));
    expect((await upload(3 * MIB, 'form')).status).toBe(201);
    const room = free();
    // Together they need more than there is: some may fit, or each may take the other's room until none does.
    const answers = await Promise.all(Array.from({ length: 4 }, (_, i) => upload(3 * MIB, i % 2 ? 'raw' : 'form')));
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).not.toEqual([]);
    for (const answer of refused) expectProblem(answer, FULL);
    expect((answers.length - refused.length) * 3 * MIB).toBeLessThanOrEqual(room);
    await ledger.audit(alice);
    await expectTidy();
  });

  it('is as well after a restart', async () => {
    await server.end('SIGKILL');
    server = home.start();
    alice = await server.clientOf(alice);
    await ledger.audit(alice);
    await expectTidy();
  });

  async function upload(size: number, how: 'raw' | 'form'): Promise<Answer<FileBody>> {
    const name = `${photos++}.jpg`;
    const photo = jpeg(size, name);
    const answer = await ledger.record(name, photo, () =>
      how === 'raw' ? alice.put(name, photo) : alice.post(name, photo),
    );
    if (answer === null) throw new Error('a full disk must be answered, not hung up on');
    return answer;
  }

  /** Without any sweeper: who fails cleans up behind itself. */
  async function expectTidy(): Promise<void> {
    const { objects, blobs: lost } = await home.disagreement();
    expect({ objects: objects.filter((key) => key !== 'ballast'), lost }).toEqual({ objects: [], lost: [] });
    expect(await home.query("SELECT FROM blobs WHERE state <> 'ready'")).toEqual([]);
    expect(server.stderr.text).toBe('');
  }

  function free(): number {
    const { bavail, bsize } = statfsSync(blobs);
    return bavail * bsize;
  }
});

(canMount ? describe : describe.skip)('a disk of 24 MiB for blobs, of which uploads leave 8 MiB alone', () => {
  const FLOOR = 8 * MIB;
  let database: TestDatabase;
  let home: VaultHome;
  let blobs: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await VaultHome.create({ DB_URL: database.url, MIN_FREE_BYTES: String(FLOOR) });
    blobs = join(home.dataDir, 'blobs');
    mkdirSync(blobs, { recursive: true, mode: 0o700 });
    mount(blobs, 24);
  });
  afterAll(async () => {
    await home.stop();
    unmount(blobs);
    await home.close();
    await database.drop();
  });

  it('refuses uploads at the floor, goes on reading and making thumbnails, and takes uploads again above it', async () => {
    const alice = await home.start().signUp('alice@example.com');
    const picture = await photo();
    const { body: shown } = await alice.put('shown.jpg', picture);
    const ballast = join(blobs, 'ballast');
    const put = (name: string) => alice.put(name, jpeg(100_000, name));
    expect((await put('before.jpg')).status).toBe(201);

    writeFileSync(ballast, Buffer.alloc(17 * MIB));
    let refused: Answer<FileBody> | undefined;
    await eventually('the server has looked', async () => {
      const answer = await put(`${Math.random()}.jpg`);
      if (answer.status !== 201) refused = answer;
      return refused !== undefined;
    });
    expectProblem(refused ?? null, FULL);
    expect((await alice.content(shown.id)).bytes.equals(picture)).toBe(true);
    expect((await alice.request('GET', `/files/${shown.id}/renditions/thumbnail`)).status).toBe(200);
    expect((await alice.request('GET', '//health/ready')).status).toBe(200);

    rmSync(ballast);
    await eventually('there is room again', async () => (await put('after.jpg')).status === 201);
  });
});

(canMount ? describe : describe.skip)('a disk of 110 MiB for everything, the embedded database too', () => {
  let home: VaultHome;
  let eater: string;

  beforeAll(async () => {
    home = await VaultHome.create(WITHOUT_LIMITS);
    mkdirSync(home.dataDir, { mode: 0o700 });
    mount(home.dataDir, 110);
    eater = join(home.dataDir, 'eater');
  });
  afterAll(async () => {
    await home.stop();
    unmount(home.dataDir);
    await home.close();
  });

  it('answers 507 also where it is the database that finds no room, loses nothing, and recovers by itself', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    const ledger = new Ledger();
    const put = (name: string): Promise<Answer<FileBody> | null> => {
      const photo = jpeg(500, name);
      return ledger.record(name, photo, () => alice.put(name, photo));
    };
    expect((await put('before.jpg'))?.status).toBe(201);

    eatUp(eater);
    const answers = new Set<string>();
    // Rows find room in pages that are there already, for a while.
    for (let n = 0; n < 400; n++) answers.add(`upload ${(await put(`${n}.jpg`))?.status}`);
    for (let n = 0; n < 400; n++) {
      const json = { email: `${n}@example.com`, deviceId: 'x' };
      answers.add(`PIN ${(await alice.request('POST', '/auth/pin', { json })).status}`);
    }
    expect([...answers].sort()).toEqual(['PIN 202', 'PIN 507', 'upload 507']);
    await ledger.audit(alice);

    rmSync(eater);
    await eventually('there is room again', async () => (await put('after.jpg'))?.status === 201);
    await ledger.audit(alice);
    expect(server.running).toBe(true);
    expect(await home.disagreement()).toEqual({ objects: [], blobs: [] });
  });
});

/** Writes until nothing more fits. */
function eatUp(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

function mount(path: string, mib: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=700`, 'tmpfs', path]).status === 0;
}

/** Lazy: whoever still has a file open there does not keep it mounted. */
function unmount(path: string): void {
  spawnSync('umount', ['-l', path]);
}

function tryToMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'photovault-mount-'));
  const done = mount(path, 1);
  if (done) unmount(path);
  rmdirSync(path);
  return done;
}
