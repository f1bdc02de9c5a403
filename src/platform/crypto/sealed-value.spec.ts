import { randomBytes } from 'node:crypto';
import { DecryptionError } from './decryption-error';
import { openValue, sealValue, unwrapKey, wrapKey } from './sealed-value';

const key = randomBytes(32);
const ctx = Buffer.from('pv1/test\0');

it('seals values of any length behind the format byte', () => {
  for (const length of [0, 1, 32, 20_000]) {
    const plaintext = randomBytes(length);
    const value = sealValue(key, ctx, plaintext);
    expect(value[0]).toBe(1);
    expect(openValue(key, ctx, value)).toEqual(plaintext);
  }
});

it('refuses a format it does not know, whatever follows', () => {
  const value = sealValue(key, ctx, Buffer.from('x'));
  for (const format of [0, 2, 0xff]) {
    expect(() => openValue(key, ctx, Buffer.concat([Buffer.of(format), value.subarray(1)]))).toThrow(DecryptionError);
  }
  expect(() => openValue(key, ctx, value.subarray(1))).toThrow(DecryptionError);
  expect(() => openValue(key, ctx, Buffer.alloc(0))).toThrow(DecryptionError);
});

it('wraps a key into 105 bytes and nothing else', () => {
  const wrapped = wrapKey(key, ctx, randomBytes(32));
  expect(wrapped.length).toBe(105);
  for (const length of [0, 31, 33]) expect(() => wrapKey(key, ctx, randomBytes(length))).toThrow(RangeError);
});

it('unwraps only what is a key, under the key and context it was wrapped with', () => {
  const wrapped = wrapKey(key, ctx, randomBytes(32));
  expect(() => unwrapKey(randomBytes(32), ctx, wrapped)).toThrow(DecryptionError);
  expect(() => unwrapKey(key, Buffer.from('pv1/other\0'), wrapped)).toThrow(DecryptionError);
  expect(() => unwrapKey(key, ctx, wrapped.subarray(0, 104))).toThrow(DecryptionError);
  expect(() => unwrapKey(key, ctx, Buffer.concat([wrapped, Buffer.alloc(1)]))).toThrow(DecryptionError);
  for (const length of [31, 33]) {
    expect(() => unwrapKey(key, ctx, sealValue(key, ctx, randomBytes(length)))).toThrow(DecryptionError);
  }
});
