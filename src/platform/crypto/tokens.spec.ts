import { crc32 } from 'node:zlib';
import { hashToken, newToken, parseToken } from './tokens';

const raw = Buffer.alloc(32, 0x05);
const body = `pvs_${raw.toString('base64url')}`;
const withChecksum = (text: string) => text + crc32(text).toString(16).padStart(8, '0');

it('makes tokens of one form that parse to their bytes', () => {
  const texts = new Set<string>();
  // Enough rounds that some checksum starts with a zero.
  for (let round = 0; round < 1_000; round++) {
    const token = newToken('pvs');
    expect(token.text).toMatch(/^pvs_[\w-]{43}[0-9a-f]{8}$/);
    expect(token.raw.length).toBe(32);
    expect(parseToken('pvs', token.text)).toEqual(token.raw);
    texts.add(token.text);
  }
  expect(texts.size).toBe(1_000);
});

it('keeps reading the tokens that are out there', () => {
  expect(parseToken('pvs', 'pvs_BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUbc2e3555')).toEqual(raw);
});

it('refuses a token with any one character changed, added or missing', () => {
  const { text } = newToken('pvs');
  for (let position = 0; position < text.length; position++) {
    const changed = text[position] === 'a' ? 'b' : 'a';
    expect(parseToken('pvs', text.slice(0, position) + changed + text.slice(position + 1))).toBeNull();
    expect(parseToken('pvs', text.slice(0, position) + text.slice(position + 1))).toBeNull();
    expect(parseToken('pvs', `${text.slice(0, position)}A${text.slice(position)}`)).toBeNull();
  }
});

it('accepts exactly one text per token', () => {
  expect(parseToken('pvs', withChecksum(body))).toEqual(raw);
  // The last of 43 characters carries four bits: "U" and "V" would decode to the same 32 bytes.
  const alias = `${body.slice(0, -1)}V`;
  expect(Buffer.from(alias.slice(4), 'base64url')).toEqual(raw);
  expect(parseToken('pvs', withChecksum(alias))).toBeNull();
  expect(parseToken('pvs', body + crc32(body).toString(16).padStart(8, '0').toUpperCase())).toBeNull();
  for (const padded of [`${withChecksum(body)}\n`, ` ${withChecksum(body)}`, `${withChecksum(body)}=`]) {
    expect(parseToken('pvs', padded)).toBeNull();
  }
});

it('refuses other prefixes and other alphabets, even with a right checksum', () => {
  expect(parseToken('pvs', withChecksum(body.replace('pvs', 'pvx')))).toBeNull();
  const { length } = raw.toString('base64url');
  expect(parseToken('pvs', withChecksum(`pvs_${'+/'.repeat(length).slice(0, length)}`))).toBeNull();
  expect(parseToken('pvs', '')).toBeNull();
});

it('hashes the bytes, not the text', () => {
  expect(hashToken(raw).toString('hex')).toBe('f849d67325facf04177bc663b2dc544051831c589ef581d412f2eba44834e77c');
});
