import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { OpenFolder } from '../folders/access/open-folder';
import { AppError } from '../platform/errors/app-error';
import { VaultErrors } from '../vault/vault.errors';
import { fileIndexes, type FileMetadata, openMetadata, sealMetadata, unwrapFileKey, wrapFileKey } from './file-sealing';

const FOLDER: OpenFolder = {
  id: uuidv7(),
  ownerId: uuidv7(),
  isRoot: false,
  keyVersion: 3,
  epoch: 1,
  key: randomBytes(32),
  isLocked: false,
};
const METADATA: FileMetadata = {
  name: 'Föhr 写真.jpg',
  contentType: 'image/jpeg',
  length: 123,
  sha256: randomBytes(32).toString('hex'),
  crc32: 0xdeadbeef,
  takenAt: '2026-08-02T17:21:09.000Z',
};
const ID = uuidv7();

/** Every folder that is almost the right one. */
const WRONG_FOLDERS: readonly (readonly [string, OpenFolder])[] = [
  ['another folder', { ...FOLDER, id: uuidv7() }],
  ['another owner', { ...FOLDER, ownerId: uuidv7() }],
  ['another key', { ...FOLDER, key: randomBytes(32) }],
];

function expectDamaged(open: () => unknown): void {
  expect(open).toThrow(AppError);
  expect(open).toThrow(VaultErrors.damaged.definition.title);
}

describe('sealed metadata', () => {
  const row = { id: ID, metaVersion: 7, metaSealed: sealMetadata(FOLDER, ID, 7, METADATA) };

  it('open to what was sealed, and show nothing of it', () => {
    expect(openMetadata(FOLDER, row)).toEqual(METADATA);
    expect(row.metaSealed.includes('jpg')).toBe(false);
    expect(sealMetadata(FOLDER, ID, 7, METADATA).equals(row.metaSealed)).toBe(false);
  });

  it.each(WRONG_FOLDERS)('do not open with %s', (_which, folder) => {
    expectDamaged(() => openMetadata(folder, row));
  });

  it('do not open as another file’s or in another version', () => {
    expectDamaged(() => openMetadata(FOLDER, { ...row, id: uuidv7() }));
    expectDamaged(() => openMetadata(FOLDER, { ...row, metaVersion: 6 }));
  });
});

describe('a wrapped file key', () => {
  const key = randomBytes(32);
  const row = { id: ID, fkVersion: 3, blobVersion: 1, dekWrapped: wrapFileKey(FOLDER, ID, key) };

  it('opens to the key', () => {
    expect(unwrapFileKey(FOLDER, row).equals(key)).toBe(true);
  });

  it.each(WRONG_FOLDERS)('does not open with %s', (_which, folder) => {
    expectDamaged(() => unwrapFileKey(folder, row));
  });

  it('does not open as another file’s or in another version', () => {
    for (const change of [{ id: uuidv7() }, { fkVersion: 2 }, { blobVersion: 2 }]) {
      expectDamaged(() => unwrapFileKey(FOLDER, { ...row, ...change }));
    }
  });
});

describe('the indexes of a file', () => {
  it('are the same for the same name and content in a folder, and different in another', () => {
    const indexes = fileIndexes(FOLDER, METADATA);
    expect(fileIndexes(FOLDER, { ...METADATA, name: METADATA.name.normalize('NFD') })).toEqual(indexes);
    const elsewhere = fileIndexes({ ...FOLDER, key: randomBytes(32) }, METADATA);
    expect(elsewhere.nameBidx.equals(indexes.nameBidx)).toBe(false);
    expect(elsewhere.contentBidx.equals(indexes.contentBidx)).toBe(false);
    expect(indexes.nameBidx.equals(indexes.contentBidx)).toBe(false);
  });
});
