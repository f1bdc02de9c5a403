import { randomBytes } from 'node:crypto';
import { decodeCrockford, encodeCrockford } from './crockford';
import { newRecoveryCode, parseRecoveryCode } from './recovery-code';

describe('a recovery code', () => {
  it('is 14 groups of four symbols, and 32 random bytes', () => {
    const [one, other] = [newRecoveryCode(), newRecoveryCode()];
    expect(one.text).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(one.secret).toHaveLength(32);
    expect(one.secret.equals(other.secret)).toBe(false);
  });

  it('is read back as people copy it', () => {
    for (let round = 0; round < 50; round++) {
      const { text, secret } = newRecoveryCode();
      const lazy = text.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
      for (const typed of [text, lazy, ` ${text.replaceAll('-', '')}\n`]) {
        expect(parseRecoveryCode(typed)?.equals(secret)).toBe(true);
      }
    }
  });

  it('is none with any one symbol changed, two swapped, or one too few or too many', () => {
    const { text } = newRecoveryCode();
    for (let at = 0; at < text.length; at++) {
      if (text[at] === '-') continue;
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      expect([at, parseRecoveryCode(changed)]).toEqual([at, null]);
    }
    const symbols = text.replaceAll('-', '');
    const at = [...symbols].findIndex((symbol, i) => symbol !== symbols[i + 1]);
    const swapped = symbols.slice(0, at) + symbols.charAt(at + 1) + symbols.charAt(at) + symbols.slice(at + 2);
    for (const none of [swapped, text.slice(0, -1), `${text}0`, '', 'U'.repeat(56), '7GQ2M0XK']) {
      expect(parseRecoveryCode(none)).toBeNull();
    }
  });
});

describe("Crockford's base32", () => {
  it.each([
    ['0000000000', '00000000'],
    ['ffffffffff', 'ZZZZZZZZ'],
    ['0123456789', '04HMASW9'],
  ])('%s is %s', (hex, symbols) => {
    expect(encodeCrockford(Buffer.from(hex, 'hex'))).toBe(symbols);
    expect(decodeCrockford(symbols)?.toString('hex')).toBe(hex);
  });

  it('gives back what went in', () => {
    for (let round = 0; round < 50; round++) {
      const bytes = randomBytes(35);
      expect(decodeCrockford(encodeCrockford(bytes))?.equals(bytes)).toBe(true);
    }
    expect(() => encodeCrockford(randomBytes(4))).toThrow(RangeError);
  });
});
