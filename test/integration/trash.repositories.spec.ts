import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { FileRewrappingRepository } from '../../src/files/file-rewrapping.repository';
import { FilesRepository, type NewFile } from '../../src/files/files.repository';
import { TrashedFilesRepository } from '../../src/files/trash/trashed-files.repository';
import { FolderAccess } from '../../src/folders/access/folder-access.service';
import type { OpenFolder } from '../../src/folders/access/open-folder';
import { TrashedFoldersRepository } from '../../src/folders/trash/trashed-folders.repository';
import { newFolder } from '../support/folders';
import { newFile, newPendingBlob, newRoot } from '../support/rows';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;
let files: FilesRepository;
let trashed: TrashedFilesRepository;
let folders: TrashedFoldersRepository;
let folder: OpenFolder;
let other: OpenFolder;

beforeAll(async () => {
  vault = await startTestApp();
  files = vault.app.get(FilesRepository, { strict: false });
  trashed = vault.app.get(TrashedFilesRepository, { strict: false });
  folders = vault.app.get(TrashedFoldersRepository, { strict: false });
});
beforeEach(async () => {
  const client = await vault.signUp(`${uuidv7()}@example.com`);
  const userId = client.userId ?? '';
  const principal = { userId, sessionId: uuidv7(), token: Buffer.alloc(32), device: '', fresh: false };
  const access = vault.app.get(FolderAccess, { strict: false });
  folder = await access.keyFor(principal, await newFolder(client));
  other = await access.keyFor(principal, await newFolder(client));
});
afterAll(() => vault.close());

async function insert(into: OpenFolder, change: Partial<NewFile> = {}): Promise<NewFile> {
  const file = newFile(into, change);
  expect(await files.insertWithBlob(file, into.epoch, await newPendingBlob(vault, file))).not.toBeNull();
  return file;
}

const inTransaction = <T>(work: (tx: EntityManager) => Promise<T>) => vault.app.get(DataSource).transaction(work);

async function trashedAt(id: string): Promise<Date | null | undefined> {
  const rows = await vault.database.query<{ at: Date | null }>('SELECT trashed_at AS at FROM files WHERE id = $1', [
    id,
  ]);
  return rows[0]?.at;
}

async function epochOf({ id }: OpenFolder): Promise<number | undefined> {
  const rows = await vault.database.query<{ epoch: number }>('SELECT epoch FROM folders WHERE id = $1', [id]);
  return rows[0]?.epoch;
}

describe('files on their way to the trash', () => {
  it('are those of this folder, as it was when its key was handed out, that are not there yet', async () => {
    const [one, two] = [await insert(folder), await insert(other)];
    const stranger = await newRoot(vault);
    const ids = [one.id, two.id];
    expect(await trashed.trash({ ...folder, epoch: folder.epoch + 1 }, ids)).toEqual(new Set());
    expect(await trashed.trash({ ...folder, ownerId: stranger.ownerId }, ids)).toEqual(new Set());
    expect([await trashedAt(one.id), await trashedAt(two.id)]).toEqual([null, null]);
    expect(await trashed.trash(folder, ids)).toEqual(new Set([one.id]));
    const at = await trashedAt(one.id);
    expect(await trashed.trash(folder, ids)).toEqual(new Set());
    expect([await trashedAt(one.id), await trashedAt(two.id)]).toEqual([at, null]);
    expect(at).not.toBeNull();
  });

  it('free their names and are found no more; their bytes are found in their own folder alone', async () => {
    const one = await insert(folder);
    await trashed.trash(folder, [one.id]);
    expect(await files.findTakenNames(folder.ownerId, folder.id, [one.nameBidx])).toEqual(new Set());
    expect(await files.findOwnedMany(folder.ownerId, [one.id])).toEqual([]);
    const found = async (ownerId: string, { id }: OpenFolder) =>
      (await trashed.findOwnedByContent(ownerId, id, one.contentBidx))?.id;
    expect(await found(folder.ownerId, folder)).toBe(one.id);
    expect(await found(folder.ownerId, other)).toBeUndefined();
    expect(await found((await newRoot(vault)).ownerId, folder)).toBeUndefined();
    await insert(other, { contentBidx: one.contentBidx });
  });

  it('keep the moment at which they came there, whatever is replaced after them', async () => {
    const first = await insert(folder);
    await trashed.trash(folder, [first.id]);
    const at = await trashedAt(first.id);
    const second = await insert(folder, { nameBidx: first.nameBidx });
    const third = newFile(folder, { nameBidx: first.nameBidx });
    const blob = await newPendingBlob(vault, third);
    expect(await files.insertWithBlob(third, folder.epoch, blob, { replace: true })).not.toBeNull();
    expect(await trashedAt(first.id)).toEqual(at);
    expect(await trashedAt(second.id)).not.toBeNull();
  });

  it('come back only from there', async () => {
    const one = await insert(folder);
    const rewrapped = { ...one, metaVersion: 2 };
    const rewrapping = vault.app.get(FileRewrappingRepository, { strict: false });
    expect(await rewrapping.rewrapOne(rewrapped, { from: folder, to: folder }, 'trash')).toBe(false);
    await trashed.trash(folder, [one.id]);
    expect(await rewrapping.rewrapOne(rewrapped, { from: folder, to: folder })).toBe(false);
    expect(await rewrapping.rewrapOne(rewrapped, { from: folder, to: folder }, 'trash')).toBe(true);
    expect(await trashedAt(one.id)).toBeNull();
  });
});

describe('files that are purged', () => {
  it('are their owner’s, in the trash, and for so many days', async () => {
    const [live, dead] = [await insert(folder), await insert(folder)];
    await trashed.trash(folder, [dead.id]);
    const stranger = await newRoot(vault);
    const ids = [live.id, dead.id];
    const locked = (ownerId: string, days?: number) =>
      inTransaction((tx) => trashed.lockForPurge(tx, ownerId, ids, days));
    expect(await locked(stranger.ownerId)).toEqual([]);
    expect(await locked(folder.ownerId, 1)).toEqual([]);
    expect(await locked(folder.ownerId)).toEqual([dead.id]);
    await vault.database.query(`UPDATE files SET trashed_at = trashed_at - interval '2 days' WHERE id = $1`, [dead.id]);
    expect(await locked(folder.ownerId, 1)).toEqual([dead.id]);
    expect((await trashed.findExpired(1, 1000, [])).map(({ id }) => id)).toContain(dead.id);
    expect((await trashed.findExpired(1, 1000, [dead.id])).map(({ id }) => id)).not.toContain(dead.id);
  });

  it('leave their blobs to the sweeper; somebody else’s stay', async () => {
    const one = await insert(folder);
    const state = async () =>
      (await vault.database.query<{ state: string }>('SELECT state FROM blobs WHERE file_id = $1', [one.id]))[0]?.state;
    const stranger = await newRoot(vault);
    await inTransaction((tx) => trashed.deleteLocked(tx, stranger.ownerId, [one.id]));
    expect([await trashedAt(one.id), await state()]).toEqual([null, 'ready']);
    await inTransaction((tx) => trashed.deleteLocked(tx, folder.ownerId, [one.id]));
    expect([await trashedAt(one.id), await state()]).toEqual([undefined, 'deleting']);
  });
});

describe('a folder', () => {
  it('goes to the trash and comes back as it was when its key was handed out, and whoever has it still notices', async () => {
    const name = { nameBidx: Buffer.from(uuidv7()), nameSealed: Buffer.from('x') };
    const { epoch } = folder;
    expect(await inTransaction((tx) => folders.trash(tx, { ...folder, epoch: epoch + 1 }))).toBeNull();
    expect(await inTransaction((tx) => folders.restore(tx, { ...folder, ...name }))).toBe(false);
    expect(await inTransaction((tx) => folders.trash(tx, folder))).not.toBeNull();
    expect(await epochOf(folder)).toBe(epoch + 1);
    expect(await inTransaction((tx) => folders.trash(tx, { ...folder, epoch: epoch + 1 }))).toBeNull();
    expect(await inTransaction((tx) => folders.restore(tx, { ...folder, ...name }))).toBe(false);
    expect(await inTransaction((tx) => folders.restore(tx, { ...folder, ...name, epoch: epoch + 1 }))).toBe(true);
    expect(await epochOf(folder)).toBe(epoch + 2);
  });

  it('is purged only as it was found in the trash, and never comes back', async () => {
    const at = await inTransaction((tx) => folders.trash(tx, folder));
    const { ownerId, id } = folder;
    const stranger = await newRoot(vault);
    const mark = (owner: string, since?: Date) => inTransaction((tx) => folders.markPurged(tx, owner, id, since));
    expect(await mark(stranger.ownerId)).toBe(false);
    expect(await mark(ownerId, new Date((at?.getTime() ?? 0) - 1))).toBe(false);
    expect(await inTransaction((tx) => folders.countTrashed(tx, ownerId))).toBe(1);
    expect(await mark(ownerId, at ?? undefined)).toBe(true);
    const epoch = await epochOf(folder);
    expect(epoch).toBe(folder.epoch + 2);
    expect(await inTransaction((tx) => folders.countTrashed(tx, ownerId))).toBe(0);
    expect(await mark(ownerId)).toBe(false);
    const name = { nameBidx: Buffer.from(uuidv7()), nameSealed: Buffer.from('x') };
    expect(await inTransaction((tx) => folders.restore(tx, { ...folder, ...name, epoch: epoch ?? 0 }))).toBe(false);
  });
});
