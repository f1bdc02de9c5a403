import { randomBytes } from 'node:crypto';
import { ShareTarget } from './contexts';
import {
  folderSlotKey,
  grantKey,
  hkdfExpandSha512,
  lockPepper,
  shareKey,
  sharePepper,
  shareSessionKey,
} from './key-derivation';

const id = '018f0000-0000-7000-8000-000000000001';
const otherId = '018f0000-0000-7000-8000-000000000002';
const slot = { slotId: id, userId: id, folderId: id, fkVersion: 1 };
const share = { shareId: id, userId: id, target: ShareTarget.folder, targetId: id, keyVersion: 1 };

it('HKDF-Expand gives prefixes of one stream, up to 255 blocks', () => {
  const prk = randomBytes(32);
  const info = Buffer.from('info');
  const longest = hkdfExpandSha512(prk, info, 16_320);
  for (const length of [0, 1, 63, 64, 65, 16_319]) {
    expect(hkdfExpandSha512(prk, info, length)).toEqual(longest.subarray(0, length));
  }
  expect(() => hkdfExpandSha512(prk, info, 16_321)).toThrow(RangeError);
});

it('every derived key is another one as soon as its purpose or any id differs', () => {
  const key = randomBytes(32);
  const secrets = { secret: key, pepper: key };
  const shareSecrets = { link: key, passwordKey: key, pepper: key };
  const keys = [
    lockPepper(key, id),
    lockPepper(key, otherId),
    sharePepper(key, id),
    sharePepper(key, otherId),
    grantKey(key, id, id),
    grantKey(key, otherId, id),
    grantKey(key, id, otherId),
    shareSessionKey(key, id),
    shareSessionKey(key, otherId),
    folderSlotKey(secrets, slot),
    folderSlotKey(secrets, { ...slot, slotId: otherId }),
    folderSlotKey(secrets, { ...slot, userId: otherId }),
    folderSlotKey(secrets, { ...slot, folderId: otherId }),
    folderSlotKey(secrets, { ...slot, fkVersion: 2 }),
    shareKey(shareSecrets, share),
    shareKey(shareSecrets, { ...share, shareId: otherId }),
    shareKey(shareSecrets, { ...share, userId: otherId }),
    shareKey(shareSecrets, { ...share, target: ShareTarget.file }),
    shareKey(shareSecrets, { ...share, targetId: otherId }),
    shareKey(shareSecrets, { ...share, keyVersion: 2 }),
  ];
  expect(keys.every((derived) => derived.length === 32)).toBe(true);
  expect(new Set(keys.map((derived) => derived.toString('hex'))).size).toBe(keys.length);
});

it('a share without a password is made with 32 zero bytes in its place', () => {
  const [link, pepper] = [randomBytes(32), randomBytes(32)];
  const open = shareKey({ link, passwordKey: null, pepper }, share);
  expect(open).toEqual(shareKey({ link, passwordKey: Buffer.alloc(32), pepper }, share));
  expect(open).not.toEqual(shareKey({ link, passwordKey: randomBytes(32), pepper }, share));
});

it('refuses secrets that are not 32 bytes', () => {
  const [right, wrong] = [randomBytes(32), randomBytes(31)];
  expect(() => folderSlotKey({ secret: wrong, pepper: right }, slot)).toThrow(RangeError);
  expect(() => folderSlotKey({ secret: right, pepper: wrong }, slot)).toThrow(RangeError);
  expect(() => shareKey({ link: wrong, passwordKey: null, pepper: right }, share)).toThrow(RangeError);
  expect(() => shareKey({ link: right, passwordKey: wrong, pepper: right }, share)).toThrow(RangeError);
  expect(() => shareKey({ link: right, passwordKey: null, pepper: wrong }, share)).toThrow(RangeError);
});
