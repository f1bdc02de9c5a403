import { UploadService } from '../../src/files/upload/upload.service';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { UserAdministration } from '../../src/users/user-administration.service';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { VaultService } from '../../src/vault/vault.service';
import { stalled } from '../contracts/blob-store.contract';
import { newFolder } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

const MIB = 1024 * 1024;
const EXCEEDED = { definition: { code: 'QUOTA.EXCEEDED' } };

let vault: TestApp;
let uploads: UploadService;
let sweeper: BlobSweeper;
let alice: VaultClient;

beforeEach(async () => {
  vault = await startTestApp();
  uploads = vault.app.get(UploadService, { strict: false });
  sweeper = vault.app.get(BlobSweeper);
  alice = await vault.signUp('alice@example.com');
  await vault.app.get(JobsService).beforeApplicationShutdown();
});
afterEach(() => vault.close());

const setQuota = (bytes: number) =>
  vault.app.get(UserAdministration, { strict: false }).setQuota('alice@example.com', bytes);
const principal = () => ({
  userId: alice.userId ?? '',
  sessionId: '',
  token: Buffer.alloc(32),
  device: '',
  fresh: false,
});
const expireLeases = () =>
  vault.database.query("UPDATE blobs SET lease_expires_at = now() - interval '1 s' WHERE state = 'pending'");

/** What running uploads have reserved. */
async function reserved(): Promise<number> {
  const [row] = await vault.database.query<{ bytes: string }>(
    "SELECT coalesce(sum(reserved_bytes), 0) AS bytes FROM blobs WHERE state = 'pending'",
  );
  return Number(row?.bytes);
}

/** An upload whose bytes stop in the middle until they are told to go on. */
function slowUpload(name: string, bytes: Buffer, announcedBytes?: number) {
  const { source, begun, end } = stalled(bytes);
  const result = uploads.upload(principal(), { name, conflict: 'rename', source, announcedBytes });
  result.catch(() => undefined);
  return { result, begun, end };
}

describe('a reservation', () => {
  it('is of the announced length from the beginning, and of what is stored at the end', async () => {
    await setQuota(MIB);
    const { result, begun, end } = slowUpload('a.jpg', jpeg(MIB), MIB);
    await begun;
    expect(await reserved()).toBe(MIB);
    await expect(slowUpload('b.jpg', jpeg(20)).result).rejects.toMatchObject(EXCEEDED);
    end();
    await result;
    expect(await reserved()).toBe(0);
    expect((await vault.app.get(VaultService).usageOf(alice.userId ?? '')).bytes).toBe(MIB);
  });

  it('follows what was not announced in steps of 8 MiB', async () => {
    await setQuota(11 * MIB);
    const first = slowUpload('a.jpg', jpeg(9 * MIB, 'a'));
    await first.begun;
    expect(await reserved()).toBe(9 * MIB);
    await expect(slowUpload('b.jpg', jpeg(9 * MIB, 'b')).result).rejects.toMatchObject(EXCEEDED);
    const small = slowUpload('c.jpg', jpeg(2 * MIB, 'c'));
    small.end();
    await small.result;
    first.end();
    await first.result;
    expect((await vault.app.get(VaultService).usageOf(alice.userId ?? '')).bytes).toBe(11 * MIB);
  });

  it('that was too large is settled to what is stored', async () => {
    await setQuota(MIB);
    const { source, end } = stalled(jpeg(1000));
    end();
    // A form of a megabyte, most of which was not its file.
    await uploads.upload(principal(), { name: 'a.jpg', conflict: 'rename', source, leastBytes: MIB });
    expect((await alice.put('b.jpg', jpeg(MIB - 1000))).status).toBe(201);
  });

  it('is given back by the sweeper when its process is dead', async () => {
    await setQuota(MIB);
    const { result, begun, end } = slowUpload('dead.jpg', jpeg(MIB, 'dead'), MIB);
    await begun;
    await sweeper.sweep();
    expect((await alice.put('b.jpg', jpeg(20))).status).toBe(507);
    await expireLeases();
    await sweeper.sweep();
    expect((await alice.put('b.jpg', jpeg(MIB))).status).toBe(201);
    end();
    await expect(result).rejects.toMatchObject({ definition: { code: 'UPLOAD.INTERRUPTED' } });
    expect((await alice.put('c.jpg', jpeg(20))).status).toBe(507);
  });

  it('is given back exactly once, whoever is faster', async () => {
    await setQuota(MIB);
    for (let round = 0; round < 10; round++) {
      const { source, end } = stalled(jpeg(MIB, round));
      end();
      const upload = { name: 'no.jpg', conflict: 'rename', source, announcedBytes: MIB } as const;
      const staged = await uploads.stage(principal(), upload);
      await expireLeases();
      await Promise.all([uploads.discard(staged), sweeper.sweep(), uploads.discard(staged), sweeper.sweep()]);
      expect(await reserved()).toBe(0);
    }
    const answers = await Promise.all([1, 2].map((n) => alice.put(`${n}.jpg`, jpeg(MIB, n))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 507]);
  });

  it('of an upload that is committed and swept at the same moment counts once, or not at all', async () => {
    await setQuota(MIB);
    for (let round = 0; round < 10; round++) {
      const { source, end } = stalled(jpeg(100_000, round));
      end();
      const upload = { name: `${round}.jpg`, conflict: 'rename', source, announcedBytes: 100_000 } as const;
      const staged = await uploads.stage(principal(), upload);
      await expireLeases();
      await Promise.allSettled([uploads.commit(principal(), staged), sweeper.sweep()]);
    }
    const { files, bytes } = await vault.app.get(VaultService).usageOf(alice.userId ?? '');
    expect(bytes).toBe(files * 100_000);
    expect(await reserved()).toBe(0);
    expect((await alice.put('rest.jpg', jpeg(MIB - bytes, 'rest'))).status).toBe(201);
    expect((await alice.put('more.jpg', jpeg(20))).status).toBe(507);
  });
});

describe('somebody without a quota', () => {
  it('waits for nobody: not even for who holds their account', async () => {
    await alice.put('first.jpg', jpeg(1000));
    const holder = vault.database.query('SELECT pg_sleep(2) FROM users WHERE id = $1 FOR UPDATE', [alice.userId]);
    const begun = Date.now();
    expect((await alice.put('second.jpg', jpeg(1001))).status).toBe(201);
    expect(Date.now() - begun).toBeLessThan(1500);
    await holder;
  });
});

describe('with 10,000 files', () => {
  it('a reservation takes milliseconds', async () => {
    const folder = await newFolder(alice, 'Many');
    await insertManyFiles(vault, alice, folder, 10_000);
    await setQuota(100 * MIB);
    const begun = performance.now();
    for (let n = 0; n < 20; n++) expect((await alice.put(`${n}.jpg`, jpeg(1000, n))).status).toBe(201);
    expect((performance.now() - begun) / 20).toBeLessThan(200);
    const [{ bytes }] = await Promise.all([vault.app.get(VaultService).usageOf(alice.userId ?? '')]);
    expect(bytes).toBe(10_020 * 1000);
  });
});
