import { createHash, randomBytes } from 'node:crypto';
import { MalformedDigestError, parseSha256Digest } from './digest-header';

const digest = createHash('sha256').update('{"hello": "world"}\n').digest();
const member = `sha-256=:${digest.toString('base64')}:`;
const other = `sha-512=:${createHash('sha512').update('a').digest('base64')}:`;

describe('parseSha256Digest', () => {
  it('reads the example of RFC 9530 section 2', () => {
    const example = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
    expect(parseSha256Digest(example)).toEqual(digest);
  });

  it.each([
    ['alone', member],
    ['before another algorithm', `${member}, ${other}`],
    ['behind another algorithm', `${other},${member}`],
    ['between tabs and spaces', `${other}\t ,\t ${member}`],
    ['behind an algorithm nobody knows', `md5-sess.x_1*=::, ${member}`],
    ['with parameters', `${member};a;b=1;c="x, y:\\"";d=?0; *e=tok/en:1`],
    ['before a parameter that looks like another algorithm', `${member}; ${other}`],
    ['without its padding', member.replace(/=:$/, ':')],
    ['twice, of which the last counts', `sha-256=:${'A'.repeat(43)}=:, ${member}`],
  ])('finds sha-256 %s', (_what, header) => {
    expect(parseSha256Digest(header)).toEqual(digest);
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['another algorithm', other],
    ['an algorithm that only ends like ours', `x${member}`],
    ['an algorithm that only begins like ours', `sha-256.x${member.slice('sha-256'.length)}`],
  ])('finds none in %s', (_what, header) => {
    expect(parseSha256Digest(header)).toBeNull();
  });

  it.each([
    ['no value', 'sha-256'],
    ['a token for a value', 'sha-256=abc'],
    ['a string for a value', `sha-256="${digest.toString('base64')}"`],
    ['hexadecimal', `sha-256=${digest.toString('hex')}`],
    ['the form of RFC 3230', `SHA-256=${digest.toString('base64')}`],
    ['an upper-case key', member.replace('sha', 'SHA')],
    ['an open byte sequence', member.slice(0, -1)],
    ['too few bytes', 'sha-256=:AAAA:'],
    ['no bytes', 'sha-256=::'],
    ['too many bytes', `sha-256=:${Buffer.alloc(33).toString('base64')}:`],
    ['padding in the middle', `sha-256=:AA==${'A'.repeat(40)}:`],
    ['too much padding', member.replace(/=:$/, '==:')],
    ['the alphabet of URLs', `sha-256=:${'_'.repeat(43)}=:`],
    ['a space inside the bytes', `sha-256=:${'A'.repeat(20)} ${'A'.repeat(23)}=:`],
    ['spaces around the equals sign', member.replace('=', ' = ')],
    ['a comma at the end', `${member},`],
    ['a comma at the start', `,${member}`],
    ['an empty member', `${member},,${other}`],
    ['no comma', `${member} ${other}`],
    ['a semicolon and no parameter', `${member};`],
    ['something malformed behind it', `${member}, sha-512=1`],
    ['an open string in a parameter', `${member};a="x`],
    ['a first of two that is no SHA-256', `sha-256=:AAAA:, ${member}`],
  ])('refuses %s', (_what, header) => {
    expect(() => parseSha256Digest(header)).toThrow(MalformedDigestError);
  });

  it('gives back any 32 bytes', () => {
    for (let round = 0; round < 1000; round++) {
      const bytes = randomBytes(32);
      expect(parseSha256Digest(`sha-256=:${bytes.toString('base64')}:`)).toEqual(bytes);
    }
  });
});
