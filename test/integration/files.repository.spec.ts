import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { FileRewrappingRepository } from '../../src/files/file-rewrapping.repository';
import type { RewrappedFile } from '../../src/files/file-sealing';
import { FilesRepository, type NewFile } from '../../src/files/files.repository';
import type { OpenFolder } from '../../src/folders/access/open-folder';
import { violatedUnique } from '../../src/platform/database/prepared-statements';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { newFile, newPendingBlob, newRoot } from '../support/rows';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;
let files: FilesRepository;
let rewrapping: FileRewrappingRepository;
let blobs: BlobsRepository;
let folder: OpenFolder;

beforeAll(async () => {
  vault = await startTestApp();
  files = vault.app.get(FilesRepository, { strict: false });
  rewrapping = vault.app.get(FileRewrappingRepository, { strict: false });
  blobs = vault.app.get(BlobsRepository, { strict: false });
});
beforeEach(async () => {
  folder = await newRoot(vault);
});
afterAll(() => vault.close());

/** What the commit of an upload could have changed: the owner's files, and their blobs as they were left. */
async function written(): Promise<{ files: string[]; blobs: string[] }> {
  const [fileRows, blobRows] = [
    await vault.database.query<{ id: string }>('SELECT id FROM files WHERE owner_id = $1 ORDER BY id', [
      folder.ownerId,
    ]),
    await vault.database.query<{ line: string }>(
      `SELECT concat_ws(' ', id, state, ct_bytes, ct_crc32, length(header), lease_expires_at IS NOT NULL) AS line
         FROM blobs WHERE owner_id = $1 ORDER BY id`,
      [folder.ownerId],
    ),
  ];
  return { files: fileRows.map(({ id }) => id), blobs: blobRows.map(({ line }) => line) };
}

/** What a statement ran into. */
async function violationOf(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: unknown) => violatedUnique(error),
  );
}

/** A new file's second version. */
function edited(file: NewFile, change: Partial<RewrappedFile> = {}): RewrappedFile {
  return { ...file, metaVersion: 2, ...change };
}

describe('the commit of an upload', () => {
  it('makes the file and readies its blob, with the database’s time', async () => {
    const file = newFile(folder);
    const blob = await newPendingBlob(vault, file);
    const createdAt = await files.insertWithBlob(file, folder.epoch, blob);
    expect(Math.abs((createdAt?.getTime() ?? 0) - Date.now())).toBeLessThan(5000);
    expect(await written()).toEqual({ files: [file.id], blobs: [`${blob.id} ready 1072 4294967295 56 f`] });
    expect(await files.findOwned(folder.ownerId, file.id)).toEqual({
      ...file,
      nameBidx: undefined,
      contentBidx: undefined,
      blobId: blob.id,
      blobVersion: 1,
      metaVersion: 1,
      createdAt,
      trashedAt: null,
      folderIsRoot: true,
      folderKeyVersion: folder.keyVersion,
      folderKeyWrapped: expect.any(Buffer) as Buffer,
      epoch: folder.epoch,
      ctBytes: '1072',
      header: blob.header,
    });
  });

  it.each<[string, (file: ReturnType<typeof newFile>) => Promise<unknown>]>([
    ['its folder has changed', () => bump()],
    [
      'a sweeper has claimed its blob',
      ({ id }) => blobQuery("UPDATE blobs SET state = 'deleting' WHERE file_id = $1", id),
    ],
    ['a sweeper has removed its blob', ({ id }) => blobQuery('DELETE FROM blobs WHERE file_id = $1', id)],
    [
      'its blob is somebody else’s',
      ({ id }) => blobQuery('UPDATE blobs SET owner_id = gen_random_uuid() WHERE file_id = $1', id),
    ],
    [
      'its blob is another file’s',
      ({ id }) => blobQuery('UPDATE blobs SET file_id = gen_random_uuid() WHERE file_id = $1', id),
    ],
    ['its folder is gone', () => vault.database.query('DELETE FROM folders WHERE id = $1', [folder.id])],
  ])('is null and writes nothing when %s', async (_when, happens) => {
    const file = newFile(folder);
    const blob = await newPendingBlob(vault, file);
    await happens(file);
    const before = await written();
    expect(await files.insertWithBlob(file, folder.epoch, blob)).toBeNull();
    expect(await written()).toEqual(before);
    expect(before.files).toEqual([]);
  });
  const bump = () => vault.database.query('UPDATE folders SET epoch = epoch + 1 WHERE id = $1', [folder.id]);
  const blobQuery = (sql: string, id: string) => vault.database.query(sql, [id]);

  it('is null for somebody else’s folder', async () => {
    const stranger = await newRoot(vault);
    const file = newFile(folder, { folderId: stranger.id });
    const blob = await newPendingBlob(vault, file);
    expect(await files.insertWithBlob(file, stranger.epoch, blob)).toBeNull();
    expect(await written()).toEqual({ files: [], blobs: [expect.stringContaining('pending')] });
  });

  it.each(['name', 'content'] as const)('is all or nothing when the folder has the %s', async (what) => {
    const first = newFile(folder);
    await files.insertWithBlob(first, folder.epoch, await newPendingBlob(vault, first));
    const second = newFile(folder, what === 'name' ? { nameBidx: first.nameBidx } : { contentBidx: first.contentBidx });
    const blob = await newPendingBlob(vault, second);
    const before = await written();
    expect(await violationOf(files.insertWithBlob(second, folder.epoch, blob))).toBe(
      what === 'name' ? 'uq_files_folder_id_name_bidx' : 'uq_files_content_bidx_folder_id',
    );
    expect(await written()).toEqual(before);
    expect(before.blobs).toContain(`${blob.id} pending t`);
  });

  it('takes name and content of another folder; and of a file in the trash the content only when it is told to', async () => {
    const first = newFile(folder);
    await files.insertWithBlob(first, folder.epoch, await newPendingBlob(vault, first));
    const { nameBidx, contentBidx } = first;
    const other = await newRoot(vault);
    const elsewhere = newFile(other, { nameBidx, contentBidx });
    expect(await files.insertWithBlob(elsewhere, other.epoch, await newPendingBlob(vault, elsewhere))).not.toBeNull();
    await vault.database.query('UPDATE files SET trashed_at = now() WHERE id = $1', [first.id]);
    const again = newFile(folder, { nameBidx, contentBidx });
    const blob = await newPendingBlob(vault, again);
    expect(await files.insertWithBlob(again, folder.epoch, blob)).toBeNull();
    expect(await files.insertWithBlob(again, folder.epoch, blob, { evenIfTrashed: true })).not.toBeNull();
  });

  it('in the place of another puts that one into the trash, or nothing happens at all', async () => {
    const first = newFile(folder);
    await files.insertWithBlob(first, folder.epoch, await newPendingBlob(vault, first));
    const second = newFile(folder, { nameBidx: first.nameBidx });
    const blob = await newPendingBlob(vault, second);
    await vault.database.query("UPDATE blobs SET state = 'deleting' WHERE id = $1", [blob.id]);
    expect(await files.insertWithBlob(second, folder.epoch, blob, { replace: true })).toBeNull();
    expect((await files.findOwned(folder.ownerId, first.id))?.trashedAt).toBeNull();
    await vault.database.query("UPDATE blobs SET state = 'pending' WHERE id = $1", [blob.id]);
    expect(await files.insertWithBlob(second, folder.epoch, blob, { replace: true })).not.toBeNull();
    expect(await files.findOwned(folder.ownerId, first.id)).toBeNull();
    expect(await files.findOwned(folder.ownerId, second.id)).not.toBeNull();
  });

  it('lets one of 50 have a name at the same moment, and leaves the others pending', async () => {
    const nameBidx = randomBytes(32);
    const candidates = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const file = newFile(folder, { nameBidx });
        return { file, blob: await newPendingBlob(vault, file) };
      }),
    );
    const violations = await Promise.all(
      candidates.map(({ file, blob }) => violationOf(files.insertWithBlob(file, folder.epoch, blob))),
    );
    expect(violations.filter((violation) => violation === null)).toHaveLength(1);
    expect(new Set(violations)).toEqual(new Set([null, 'uq_files_folder_id_name_bidx']));
    const { files: made, blobs: left } = await written();
    expect(made).toHaveLength(1);
    expect(left.filter((line) => line.includes(' pending '))).toHaveLength(49);
  });

  it('and a sweeper never both have a blob', async () => {
    for (let round = 0; round < 40; round++) {
      const file = newFile(folder);
      const blob = await newPendingBlob(vault, file, -1);
      const [createdAt] = await Promise.all([files.insertWithBlob(file, folder.epoch, blob), blobs.doomExpired(500)]);
      const [row] = await vault.database.query<{ state: string }>('SELECT state FROM blobs WHERE id = $1', [blob.id]);
      expect(row?.state).toBe(createdAt ? 'ready' : 'deleting');
    }
  });

  it('and a lock never both have a folder: the lock sees the file, or there is none', async () => {
    let made = 0;
    for (let round = 0; round < 40; round++) {
      const file = newFile(folder);
      const blob = await newPendingBlob(vault, file);
      const [createdAt, seen] = await Promise.all([
        files.insertWithBlob(file, folder.epoch + round, blob),
        // What a lock does: take the folder, then look at what is in it.
        vault.app.get(DataSource).transaction(async (tx) => {
          await tx.query('UPDATE folders SET epoch = epoch + 1 WHERE id = $1', [folder.id]);
          return tx.query<unknown[]>('SELECT FROM files WHERE id = $1', [file.id]);
        }),
      ]);
      expect(seen).toHaveLength(createdAt ? 1 : 0);
      expect(await files.findOwned(folder.ownerId, file.id)).toEqual(createdAt ? expect.anything() : null);
      if (createdAt) made++;
    }
    expect(made).toBeGreaterThan(0);
  });
});

describe('the owner is part of every statement', () => {
  it('so that a stranger finds nothing by any of them, and changes nothing', async () => {
    const file = newFile(folder);
    await files.insertWithBlob(file, folder.epoch, await newPendingBlob(vault, file));
    const { ownerId: stranger } = await newRoot(vault);
    const page = { order: 'created', direction: 'desc', limit: 10 } as const;
    for (const [owner, found] of [
      [folder.ownerId, 1],
      [stranger, 0],
    ] as const) {
      const rows = [
        await files.findOwned(owner, file.id),
        await files.findOwnedByName(owner, folder.id, file.nameBidx),
        await files.findOwnedByContent(owner, folder.id, file.contentBidx),
        (await files.findPage(owner, page))[0] ?? null,
        (await files.findPage(owner, { ...page, folderId: folder.id }))[0] ?? null,
      ];
      expect(rows.map((row) => (row?.id === file.id ? 1 : 0))).toEqual(Array(5).fill(found));
      expect((await files.findTakenNames(owner, folder.id, [file.nameBidx, randomBytes(32)])).size).toBe(found);
      const asked = { ...folder, ownerId: owner };
      expect(await rewrapping.rewrapOne(edited(file), { from: asked, to: asked })).toBe(found === 1);
    }
  });

  it('and a file in the trash is not found', async () => {
    const file = newFile(folder);
    await files.insertWithBlob(file, folder.epoch, await newPendingBlob(vault, file));
    await vault.database.query('UPDATE files SET trashed_at = now() WHERE id = $1', [file.id]);
    expect(await files.findOwned(folder.ownerId, file.id)).toBeNull();
    expect(await files.findOwnedByName(folder.ownerId, folder.id, file.nameBidx)).toBeNull();
    expect(await files.findOwned(folder.ownerId, uuidv7())).toBeNull();
  });
});

describe('a change of metadata', () => {
  it('is made by one of many at the same moment', async () => {
    const file = newFile(folder);
    await files.insertWithBlob(file, folder.epoch, await newPendingBlob(vault, file));
    const changes = Array.from({ length: 20 }, () => randomBytes(50));
    const made = await Promise.all(
      changes.map((metaSealed) => rewrapping.rewrapOne(edited(file, { metaSealed }), { from: folder, to: folder })),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    const row = await files.findOwned(folder.ownerId, file.id);
    expect(row?.metaVersion).toBe(2);
    expect(row?.metaSealed.equals(changes[made.indexOf(true)] ?? Buffer.alloc(0))).toBe(true);
  });

  it('to a name that is taken is a violation, and changes nothing', async () => {
    const [one, two] = [newFile(folder), newFile(folder)];
    for (const file of [one, two]) await files.insertWithBlob(file, folder.epoch, await newPendingBlob(vault, file));
    const renamed = edited(one, { nameBidx: two.nameBidx });
    expect(await violationOf(rewrapping.rewrapOne(renamed, { from: folder, to: folder }))).toBe(
      'uq_files_folder_id_name_bidx',
    );
    expect(await files.findOwned(folder.ownerId, one.id)).toMatchObject({ metaVersion: 1, metaSealed: one.metaSealed });
  });
});
