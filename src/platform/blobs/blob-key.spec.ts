import { v7 as uuidv7 } from 'uuid';
import { blobIdOf, blobKey } from './blob-key';

const OWNER = '019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e01';
const BLOB = '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11';

describe('a blob’s key', () => {
  it('is the owner’s hash, the last byte of the id, the id', () => {
    expect(blobKey(OWNER, BLOB)).toBe('b436566a08b4acf2/11/019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11');
  });

  it('does not say who the owner is, and tells owners apart', () => {
    expect(blobKey(OWNER, BLOB)).not.toContain(OWNER.slice(0, 8) + OWNER.slice(9, 13));
    expect(blobKey(uuidv7(), BLOB)).not.toBe(blobKey(uuidv7(), BLOB));
  });

  it('spreads ids of one moment over the directories', () => {
    const directories = new Set(Array.from({ length: 2000 }, () => blobKey(OWNER, uuidv7()).slice(0, 19)));
    expect(directories.size).toBeGreaterThan(240);
  });

  it('gives its id back, also from the remains of an unfinished write', () => {
    expect(blobIdOf(blobKey(OWNER, BLOB))).toBe(BLOB);
    expect(blobIdOf(`tmp/${BLOB}`)).toBe(BLOB);
  });

  it.each([
    '',
    BLOB,
    `other/${BLOB}`,
    `tmp/${BLOB}.bak`,
    `tmp/../${BLOB}`,
    'notes.txt',
    `/tmp/${BLOB}`,
    `tmp/${BLOB}\n`,
  ])('is not %j', (key) => expect(blobIdOf(key)).toBeNull());
});
