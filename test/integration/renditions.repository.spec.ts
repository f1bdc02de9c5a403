import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { FilesRepository, type NewFile } from '../../src/files/files.repository';
import { type RenditionOf, RenditionsRepository } from '../../src/files/renditions/renditions.repository';
import type { OpenFolder } from '../../src/folders/access/open-folder';
import { BlobKind } from '../../src/platform/crypto/contexts';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import type { SealedBlob } from '../../src/vault/blob';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { newFile, newPendingBlob, newRoot } from '../support/rows';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;
let renditions: RenditionsRepository;
let dataSource: DataSource;
let root: OpenFolder;

beforeAll(async () => {
  vault = await startTestApp();
  renditions = vault.app.get(RenditionsRepository, { strict: false });
  dataSource = vault.app.get(DataSource);
  root = await newRoot(vault);
  await vault.app.get(JobsService).beforeApplicationShutdown();
});
afterAll(() => vault.close());

async function storedFile(): Promise<NewFile> {
  const file = newFile(root);
  const blob = await newPendingBlob(vault, file);
  expect(await vault.app.get(FilesRepository, { strict: false }).insertWithBlob(file, root.epoch, blob)).not.toBeNull();
  return file;
}

const thumbnailOf = ({ id, ownerId }: NewFile): RenditionOf => ({ ownerId, fileId: id, kind: BlobKind.thumbnail });

async function pendingThumbnail(file: NewFile): Promise<SealedBlob> {
  const blob = { id: uuidv7(), ownerId: file.ownerId, ctBytes: 1072, ctCrc32: 1, header: Buffer.alloc(56, 7) };
  const row = { ...blob, ...thumbnailOf(file), reservedBytes: 0 };
  await vault.app.get(BlobsRepository, { strict: false }).insertPending(row, 60, 0);
  return blob;
}

async function stateOf({ id }: SealedBlob): Promise<string | undefined> {
  return (await vault.database.query<{ state: string }>('SELECT state FROM blobs WHERE id = $1', [id]))[0]?.state;
}

describe('a rendition and its blob', () => {
  it('appear together', async () => {
    const file = await storedFile();
    const blob = await pendingThumbnail(file);
    expect(await renditions.find(thumbnailOf(file))).toBeNull();
    expect(await renditions.insertWithBlob(thumbnailOf(file), blob)).toBe(true);
    expect(await renditions.find(thumbnailOf(file))).toMatchObject({ blobId: blob.id, ctBytes: '1072' });
    expect(await stateOf(blob)).toBe('ready');
    expect(await renditions.find({ ...thumbnailOf(file), ownerId: uuidv7() })).toBeNull();
    expect(await renditions.find({ ...thumbnailOf(file), kind: BlobKind.preview })).toBeNull();
  });

  it('are the first one’s: of ten at once nine stay pending', async () => {
    const file = await storedFile();
    const blobs = await Promise.all(Array.from({ length: 10 }, () => pendingThumbnail(file)));
    const won = await Promise.all(blobs.map((blob) => renditions.insertWithBlob(thumbnailOf(file), blob)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await Promise.all(blobs.map(stateOf))).sort()).toEqual([...Array<string>(9).fill('pending'), 'ready']);
    await renditions.insertUnavailable(thumbnailOf(file));
    expect((await renditions.find(thumbnailOf(file)))?.blobId).toBe(blobs[won.indexOf(true)]?.id);
  });

  it('need a file of that owner, and a blob that no sweeper has', async () => {
    const file = await storedFile();
    const blob = await pendingThumbnail(file);
    expect(await renditions.insertWithBlob({ ...thumbnailOf(file), ownerId: uuidv7() }, blob)).toBe(false);
    expect(await renditions.insertWithBlob({ ...thumbnailOf(file), fileId: uuidv7() }, blob)).toBe(false);
    expect(await renditions.insertWithBlob({ ...thumbnailOf(file), kind: BlobKind.preview }, blob)).toBe(false);
    await vault.database.query("UPDATE blobs SET state = 'deleting' WHERE id = $1", [blob.id]);
    expect(await renditions.insertWithBlob(thumbnailOf(file), blob)).toBe(false);
    await renditions.insertUnavailable({ ...thumbnailOf(file), fileId: uuidv7() });
    expect(await renditions.find(thumbnailOf(file))).toBeNull();
  });
});

describe('files that go', () => {
  const deleteFiles = 'DELETE FROM files WHERE id = ANY($1)';

  it('cannot go without their renditions', async () => {
    const file = await storedFile();
    await renditions.insertWithBlob(thumbnailOf(file), await pendingThumbnail(file));
    await expect(vault.database.query(deleteFiles, [[file.id]])).rejects.toThrow('fk_renditions_file_id');
  });

  it('take them along, and nobody else’s', async () => {
    const [one, two, other] = [await storedFile(), await storedFile(), await storedFile()];
    const blobs: SealedBlob[] = [];
    for (const file of [one, other]) {
      blobs.push(await pendingThumbnail(file));
      await renditions.insertWithBlob(thumbnailOf(file), blobs.at(-1) as SealedBlob);
    }
    await renditions.insertUnavailable(thumbnailOf(two));
    await dataSource.transaction(async (tx) => {
      await renditions.doomOfFiles(tx, uuidv7(), [one.id, two.id]);
      await renditions.doomOfFiles(tx, root.ownerId, [one.id, two.id]);
      await tx.query(deleteFiles, [[one.id, two.id]]);
    });
    expect(await Promise.all(blobs.map(stateOf))).toEqual(['deleting', 'ready']);
    expect(await vault.database.query('SELECT 1 FROM renditions WHERE file_id = ANY($1)', [[one.id, two.id]])).toEqual(
      [],
    );
  });

  it('leave nothing of a rendition that is made at the same moment', async () => {
    const file = await storedFile();
    const blob = await pendingThumbnail(file);
    let late: Promise<boolean> | undefined;
    await dataSource.transaction(async (tx) => {
      await renditions.doomOfFiles(tx, root.ownerId, [file.id]);
      late = renditions.insertWithBlob(thumbnailOf(file), blob);
      await sleep(200);
      await tx.query(deleteFiles, [[file.id]]);
    });
    expect(await late).toBe(false);
    expect(await stateOf(blob)).toBe('pending');
  });
});
