import { randomBytes } from 'node:crypto';
import { newPin, pinMac } from './pin';

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
