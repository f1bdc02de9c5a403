import { randomBytes } from 'node:crypto';
import { newPin, newStepUpCode, parseStepUpCode, pinMac, stepUpMac, subjectMac } from './pin';

const user = '018f0000-0000-7000-8000-000000000001';
const nobody = '00000000-0000-0000-0000-000000000000';

it.each([4, 6])('a PIN of %d digits may start with zeros and reaches every digit', (digits) => {
  const pins = Array.from({ length: 3_000 }, () => newPin(digits));
  expect(pins.every((pin) => new RegExp(`^\\d{${digits}}$`).test(pin))).toBe(true);
  for (let position = 0; position < digits; position++) {
    expect(new Set(pins.map((pin) => pin[position])).size).toBe(10);
  }
});

it('the MAC depends on pepper, challenge, user and PIN', () => {
  const [pepper, challenge] = [randomBytes(32), randomBytes(32)];
  const macs = [
    pinMac(pepper, challenge, user, '0042'),
    pinMac(randomBytes(32), challenge, user, '0042'),
    pinMac(pepper, randomBytes(32), user, '0042'),
    pinMac(pepper, challenge, null, '0042'),
    pinMac(pepper, challenge, user, '0043'),
    pinMac(pepper, challenge, user, '042'),
  ];
  expect(macs.every((mac) => mac.length === 32)).toBe(true);
  expect(new Set(macs.map((mac) => mac.toString('hex'))).size).toBe(macs.length);
  expect(pinMac(pepper, challenge, user, '0042')).toEqual(macs[0]);
});

it('sixteen zero bytes stand for nobody', () => {
  const [pepper, challenge] = [randomBytes(32), randomBytes(32)];
  expect(pinMac(pepper, challenge, null, '0042')).toEqual(pinMac(pepper, challenge, nobody, '0042'));
});

it('refuses a challenge hash that is not 32 bytes', () => {
  expect(() => pinMac(randomBytes(32), randomBytes(31), user, '0042')).toThrow(RangeError);
});

describe('a step-up code', () => {
  it('has 8 symbols of Crockford’s alphabet and at least one letter', () => {
    for (let i = 0; i < 2000; i++) expect(newStepUpCode()).toMatch(/^(?=.*[A-Z])[0-9A-HJKMNP-TV-Z]{8}$/);
  });

  it('uses all 32 symbols in every place', () => {
    const codes = Array.from({ length: 3000 }, newStepUpCode);
    for (let place = 0; place < 8; place++) expect(new Set(codes.map((code) => code[place])).size).toBe(32);
  });

  it.each([
    ['7KZ3M9QD', '7KZ3M9QD'],
    ['7kz3-m9qd', '7KZ3M9QD'],
    [' 7kz3 m9qd\n', '7KZ3M9QD'],
    ['oIlabcde', '011ABCDE'],
  ])('is %j as typed, and %j', (typed, code) => expect(parseStepUpCode(typed)).toBe(code));

  it.each([
    '',
    '0427',
    '12345678',
    '123456789',
    '7KZ3M9Q',
    '7KZ3M9QD0',
    '7KZ3M9Q!',
    'UUUUUUUU',
    'ＡBCDEFGH',
    '０'.repeat(8),
  ])('is not %j', (typed) => expect(parseStepUpCode(typed)).toBeNull());

  it('is stored as a MAC that depends on pepper, address and code', () => {
    const [pepper, bidx] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const macs = [
      stepUpMac(pepper, bidx, '7KZ3M9QD'),
      stepUpMac(Buffer.alloc(32, 3), bidx, '7KZ3M9QD'),
      stepUpMac(pepper, Buffer.alloc(32, 3), '7KZ3M9QD'),
      stepUpMac(pepper, bidx, '7KZ3M9QE'),
    ];
    expect(new Set(macs.map((mac) => mac.toString('hex'))).size).toBe(4);
    expect(macs[0]).toHaveLength(32);
  });
});

describe('a subject', () => {
  it('is another for another kind, and for another pepper', () => {
    const [pepper, subject] = [Buffer.alloc(32, 1), Buffer.from('192.0.2.1')];
    const macs = [
      subjectMac(pepper, 'a', subject),
      subjectMac(pepper, 'b', subject),
      subjectMac(Buffer.alloc(32), 'a', subject),
      subjectMac(pepper, 'a', Buffer.from('192.0.2.2')),
    ];
    expect(new Set(macs.map((mac) => mac.toString('hex'))).size).toBe(4);
  });
});
