import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER_BYTES } from './chunked-encryption';
import {
  BlobKind,
  ShareTarget,
  SlotType,
  blobContext,
  fileKeyContext,
  fileMetadataContext,
  folderKeyContext,
  folderSlotContext,
  folderSlotInfo,
  grantContext,
  grantInfo,
  lockPepperInfo,
  shareContext,
  shareInfo,
  sharePepperInfo,
  userKeyContext,
} from './contexts';
import { folderSlotKey, grantKey, lockPepper, shareKey, sharePepper } from './key-derivation';
import { argon2id } from './password-kdf';
import { pinMac } from './pin';
import { openValue, sealValue, unwrapKey, wrapKey } from './sealed-value';
import { hashToken } from './tokens';
import { collect, openEveryWay, openRangeOf, sealEveryWay } from '../../../test/support/chunked-interfaces';

interface KnownAnswer {
  readonly name: string;
  readonly type: string;
  readonly [field: string]: string | number;
}

const file = join(__dirname, '../../../test/vectors/photovault_kat_v1.json');
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: KnownAnswer[] };

/** Names of the entries that some test below has asked for. */
const used = new Set<string>();

function answer(name: string): KnownAnswer {
  const found = vectors.find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no known answer "${name}"`);
  used.add(name);
  return found;
}

function bytes(vector: KnownAnswer, field: string): Buffer {
  const value = vector[field];
  if (typeof value !== 'string') throw new Error(`"${vector.name}" has no bytes in "${field}"`);
  return Buffer.from(value, 'hex');
}

const repeated = (byte: string) =>
  `${byte.repeat(4)}-${byte.repeat(2)}-${byte.repeat(2)}-${byte.repeat(2)}-${byte.repeat(6)}`;
const user = repeated('a1');
const folder = repeated('b2');
const fileId = repeated('c3');
const blob = repeated('d4');
const slotId = repeated('e5');
const session = repeated('f6');
const grant = repeated('17');
const shareId = repeated('28');
const expiry = 1_800_000_000;

const userKey = Buffer.alloc(32, 0x02);
const token = Buffer.alloc(32, 0x05);

describe('sealed messages', () => {
  const contexts: [string, Buffer][] = [
    ['user-key under master', userKeyContext(user, 1)],
    ['folder-key under user key (unlocked folder)', folderKeyContext(user, folder, 1)],
    ['folder-key in password slot', folderSlotContext(user, folder, 1, slotId, SlotType.password)],
    ['file key under folder key', fileKeyContext(user, folder, 1, fileId, 1)],
    ['unlock grant', grantContext(session, folder, 1, grant, expiry)],
    ['share slot (folder key)', shareContext(shareId, user, ShareTarget.folder, folder, 1, BigInt(expiry))],
    ['file metadata', fileMetadataContext(user, folder, fileId, 1)],
    ['blob original, 16384 bytes of 0xAB (two chunks)', blobContext(user, fileId, blob, BlobKind.original)],
    ['blob empty', blobContext(user, fileId, blob, BlobKind.original)],
  ];

  it.each(contexts)('%s: context, and the message by every interface', async (name, ctx) => {
    const vector = answer(name);
    const [key, salt, plaintext] = [bytes(vector, 'key'), bytes(vector, 'salt'), bytes(vector, 'plaintext')];
    const ciphertext = bytes(vector, 'ciphertext');
    expect(ctx.toString('hex')).toBe(vector['context']);
    expect(ciphertext.length).toBe(vector['ciphertextLen']);
    for (const [way, sealed] of await sealEveryWay(key, ctx, plaintext, salt)) {
      expect([way, sealed.equals(ciphertext)]).toEqual([way, true]);
    }
    for (const [way, opened] of await openEveryWay(key, ctx, ciphertext, plaintext.length)) {
      expect([way, opened.equals(plaintext)]).toEqual([way, true]);
    }
    for (let start = 0; start < plaintext.length; start += Math.ceil(plaintext.length / 40)) {
      for (const length of [1, 13, plaintext.length]) {
        const range = { start, end: Math.min(start + length, plaintext.length) - 1 };
        const cut = await collect(openRangeOf(key, ctx, ciphertext, range));
        expect(cut.equals(plaintext.subarray(range.start, range.end + 1))).toBe(true);
      }
    }
  });

  it('are stored behind a format byte; a wrapped key is 105 bytes', () => {
    for (const [name, ctx] of contexts) {
      const vector = answer(name);
      const [key, salt, plaintext] = [bytes(vector, 'key'), bytes(vector, 'salt'), bytes(vector, 'plaintext')];
      const stored = Buffer.concat([Buffer.of(1), bytes(vector, 'ciphertext')]);
      expect(sealValue(key, ctx, plaintext, salt).equals(stored)).toBe(true);
      expect(openValue(key, ctx, stored).equals(plaintext)).toBe(true);
      if (plaintext.length === 32) {
        expect(stored.length).toBe(105);
        expect(wrapKey(key, ctx, plaintext, salt).equals(stored)).toBe(true);
        expect(unwrapKey(key, ctx, stored).equals(plaintext)).toBe(true);
      }
    }
    expect(HEADER_BYTES).toBe(56);
  });

  it('covers every sealed message of the file', () => {
    const published = vectors.filter(({ type }) => type === 'cobblestone256').map(({ name }) => name);
    expect(contexts.map(([name]) => name).sort()).toEqual(published.sort());
  });
});

describe('key derivation', () => {
  it('lock pepper', () => {
    const vector = answer('lock-pepper');
    expect(bytes(vector, 'prk')).toEqual(userKey);
    expect(lockPepperInfo(folder).toString('hex')).toBe(vector['info']);
    expect(lockPepper(userKey, folder).toString('hex')).toBe(vector['output']);
  });

  it('share pepper', () => {
    const vector = answer('share-pepper');
    expect(bytes(vector, 'prk')).toEqual(userKey);
    expect(sharePepperInfo(shareId).toString('hex')).toBe(vector['info']);
    expect(sharePepper(userKey, shareId).toString('hex')).toBe(vector['output']);
  });

  it('argon2id, for bytes and for text in any normal form', async () => {
    const vector = answer('argon2id');
    const password = bytes(vector, 'passwordUtf8');
    const salt = bytes(vector, 'salt');
    const text = password.toString('utf8');
    expect(text.normalize('NFD')).not.toBe(text.normalize('NFC'));
    for (const given of [password, text.normalize('NFC'), text.normalize('NFD')]) {
      expect((await argon2id(given, salt)).toString('hex')).toBe(vector['output']);
    }
    const params = {
      memoryKiB: Number(vector['m_kib']),
      passes: Number(vector['t']),
      parallelism: Number(vector['p']),
    };
    expect((await argon2id(password, salt, params)).toString('hex')).toBe(vector['output']);
    expect((await argon2id(password, salt, { ...params, passes: 1 })).toString('hex')).not.toBe(vector['output']);
  });

  it('folder slot key', () => {
    const vector = answer('folder-slot KEK');
    const secret = bytes(answer('argon2id'), 'output');
    const pepper = lockPepper(userKey, folder);
    expect(Buffer.concat([secret, pepper]).toString('hex')).toBe(vector['ikm']);
    expect(folderSlotInfo(user, folder, 1).toString('hex')).toBe(vector['info']);
    const slot = { slotId, userId: user, folderId: folder, fkVersion: 1 };
    expect(folderSlotKey({ secret, pepper }, slot).toString('hex')).toBe(vector['output']);
  });

  it('share key', () => {
    const vector = answer('share KEK');
    const link = Buffer.alloc(32, 0x06);
    const passwordKey = bytes(answer('argon2id'), 'output');
    const pepper = sharePepper(userKey, shareId);
    expect(Buffer.concat([link, passwordKey, pepper]).toString('hex')).toBe(vector['ikm']);
    expect(shareInfo(user, ShareTarget.folder, folder, 1).toString('hex')).toBe(vector['info']);
    const share = { shareId, userId: user, target: ShareTarget.folder, targetId: folder, keyVersion: 1 };
    expect(shareKey({ link, passwordKey, pepper }, share).toString('hex')).toBe(vector['output']);
  });

  it('grant key', () => {
    const vector = answer('grant KEK from session token');
    expect(bytes(vector, 'prk')).toEqual(token);
    expect(grantInfo(session, folder).toString('hex')).toBe(vector['info']);
    expect(grantKey(token, session, folder).toString('hex')).toBe(vector['output']);
  });
});

describe('authentication', () => {
  it('PIN mac', () => {
    const vector = answer('pin mac');
    const challengeIdHash = bytes(vector, 'message').subarray(8, 40);
    expect(pinMac(bytes(vector, 'key'), challengeIdHash, user, '0042').toString('hex')).toBe(vector['output']);
  });

  it('session token hash', () => {
    const vector = answer('session token hash');
    expect(bytes(vector, 'message')).toEqual(token);
    expect(hashToken(token).toString('hex')).toBe(vector['output']);
  });
});

it('leaves no known answer unused', () => {
  expect(vectors).toHaveLength(17);
  expect([...used].sort()).toEqual(vectors.map(({ name }) => name).sort());
});
