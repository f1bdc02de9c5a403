import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { contentIndex, emailIndex, folderNameIndex, nameIndex, normalizeEmail } from './blind-index';
import { hkdfExpandSha512 } from './key-derivation';

const key = Buffer.alloc(32, 0x03);
const composed = 'été.jpg'.normalize('NFC');
const decomposed = composed.normalize('NFD');
const sha256 = createHash('sha256').update('content').digest();

it('follows the specification: HMAC-SHA256 under HKDF-Expand-SHA512(key, label, 32)', () => {
  const expected = (label: string, input: string | Buffer) =>
    createHmac('sha256', hkdfExpandSha512(key, Buffer.from(label), 32))
      .update(input)
      .digest();
  expect(nameIndex(key, composed)).toEqual(expected('pv1/idx/name', composed));
  expect(contentIndex(key, sha256)).toEqual(expected('pv1/idx/content', sha256));
  expect(folderNameIndex(key, composed)).toEqual(expected('pv1/idx/folder', composed));
  expect(emailIndex(key, 'Ann@Example.org')).toEqual(createHmac('sha256', key).update('ann@example.org').digest());
  // Expand only: the full HKDF would give another key.
  const extracted = Buffer.from(hkdfSync('sha512', key, '', 'pv1/idx/name', 32));
  expect(nameIndex(key, composed)).not.toEqual(createHmac('sha256', extracted).update(composed).digest());
});

it('is the same for both normal forms of a name, and nothing else', () => {
  expect(composed).not.toBe(decomposed);
  expect(nameIndex(key, composed)).toEqual(nameIndex(key, decomposed));
  expect(folderNameIndex(key, composed)).toEqual(folderNameIndex(key, decomposed));
  expect(nameIndex(key, 'a.jpg')).not.toEqual(nameIndex(key, 'A.jpg'));
});

it('differs by key and by purpose', () => {
  const indexes = [
    nameIndex(key, 'x'),
    folderNameIndex(key, 'x'),
    nameIndex(randomBytes(32), 'x'),
    emailIndex(key, 'x@y'),
  ];
  expect(new Set(indexes.map((index) => index.toString('hex'))).size).toBe(indexes.length);
});

it('takes a SHA-256 as bytes only', () => {
  expect(() => contentIndex(key, Buffer.from(sha256.toString('hex')))).toThrow(RangeError);
});

describe('normalizeEmail', () => {
  it.each([
    ['ann@example.org', 'ann@example.org'],
    ['Ann@EXAMPLE.org', 'ann@example.org'],
    ['a.n.n+photos@example.org', 'a.n.n+photos@example.org'],
    ['ann@Bücher.example', 'ann@xn--bcher-kva.example'],
    ['ann@XN--BCHER-KVA.example', 'ann@xn--bcher-kva.example'],
    ['Ren\u0065\u0301@example.org', 'ren\u00e9@example.org'],
    ['J\u030c@example.org', '\u01f0@example.org'],
    ['"a@b"@example.org', '"a@b"@example.org'],
  ])('%p is %p', (address, expected) => {
    expect(normalizeEmail(address)).toBe(expected);
    expect(normalizeEmail(expected)).toBe(expected);
  });

  it.each([
    '',
    'ann',
    '@example.org',
    'ann@',
    'ann@exa mple.org',
    'ann@example.org/x',
    'ann@example.org?x',
    'ann@example.org#x',
    'ann@example.org\\x',
    'ann@ex%61mple.org',
    'ann@example.org:25',
    'ann@example\t.org',
    'ann@xn--a',
  ])('%p is no address', (address) => {
    expect(() => normalizeEmail(address)).toThrow(RangeError);
  });
});
