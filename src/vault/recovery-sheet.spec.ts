import { randomBytes } from 'node:crypto';
import { readRecoverySheet, vaultFingerprint, writeRecoverySheet } from './recovery-sheet';

const KEYS = [
  { kid: 1, key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)) },
  { kid: 12, key: Buffer.alloc(32, 0xff) },
];
const FINGERPRINT = vaultFingerprint(Buffer.alloc(32, 3));
const SHEET = writeRecoverySheet(KEYS, FINGERPRINT, new Date('2026-11-27T23:59:59Z'));
const LINES = SHEET.split('\n');
const [line = '', other = ''] = LINES.filter((each) => each.startsWith('Key'));
const symbols = line.replace(/^Key 1: /, '');

/** The sentence with which what was typed is refused; nothing of a key may be in it. */
function refusal(typed: string): string {
  try {
    readRecoverySheet(typed);
  } catch (error) {
    const { name, message } = error as Error;
    expect(name).toBe('MasterKeyError');
    for (const group of symbols.split('-').filter((each) => /\D/.test(each))) expect(message).not.toContain(group);
    return message;
  }
  throw new Error('it was not refused');
}

describe('a recovery sheet', () => {
  it('fits on paper, says when and of which vault it is, and has each key on one line', () => {
    expect(LINES.every((each) => each.length <= 80)).toBe(true);
    expect(SHEET).toMatch(/^# Printed 2026-11-27$/m);
    expect(SHEET).toContain(`# Vault   ${FINGERPRINT}\n`);
    expect(FINGERPRINT).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    expect(line).toMatch(/^Key 1: ([0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/);
    // Known answers, made without this code: a sheet on paper has to be read by every later version.
    expect(line).toBe('Key 1: 000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFT-Z60C');
    expect(FINGERPRINT).toBe('C1BT-GRZK');
  });

  it('comes back as it was printed', () => {
    expect(readRecoverySheet(SHEET)).toEqual(KEYS);
    const many = Array.from({ length: 50 }, (_, kid) => ({ kid: kid + 1, key: randomBytes(32) }));
    expect(readRecoverySheet(writeRecoverySheet(many, FINGERPRINT, new Date()))).toEqual(many);
  });

  it.each<[how: string, typed: string]>([
    ['in small letters', line.toLowerCase()],
    ['with spaces for dashes', line.replaceAll('-', ' ')],
    ['without dashes', `Key 1: ${symbols.replaceAll('-', '')}`],
    ['without the word', `1 ${symbols}`],
    ['without the colon', `key 1 ${symbols}`],
    [
      'with letters that look like digits',
      line
        .replaceAll('0', 'o')
        .replaceAll('1', 'l')
        .replace(/^Key l/, 'Key 1'),
    ],
    ['on Windows', `\uFEFF# notes\r\n\r\n   ${line}  \r\n`],
    ['on an old Mac', `# notes\r${line}\r`],
  ])('is read when it is typed %s', (_, typed) => {
    expect(readRecoverySheet(typed)).toEqual(KEYS.slice(0, 1));
  });

  it('finds any one symbol that is wrong, and any two that are swapped', () => {
    const plain = symbols.replaceAll('-', '');
    for (let at = 0; at < plain.length; at++) {
      const wrong = plain[at] === 'Z' ? 'Y' : 'Z';
      expect(refusal(`Key 1: ${plain.slice(0, at)}${wrong}${plain.slice(at + 1)}`)).toContain(
        '- line 1: there is a mistake in key 1, or in its number\n',
      );
      const swapped = plain.slice(0, at) + [...plain.slice(at, at + 2)].reverse().join('') + plain.slice(at + 2);
      if (swapped !== plain) expect(refusal(`Key 1: ${swapped}`)).toContain('line 1: there is a mistake in key 1');
    }
  });

  it('names every line with a mistake, and what it is', () => {
    const typed = [
      '# what I could read',
      line.slice(0, -1),
      `${other}0`,
      `Key 1: U${symbols.slice(1)}`,
      line.replace('Key 1', 'Key 2'),
      'Vault 1234',
      other,
      other,
    ].join('\n');
    expect(refusal(typed)).toBe(
      [
        'The recovery sheet cannot be used:',
        '- line 2: key 1 has 55 letters and digits, and should have 56',
        '- line 3: key 12 has 57 letters and digits, and should have 56',
        '- line 4: key 1 has a sign that is in no key: U',
        '- line 5: there is a mistake in key 2, or in its number',
        '- line 6: it is not of the form "Key <number>: <letters and digits>"',
        '- line 8: key 12 is there twice',
        'Nothing was written.',
      ].join('\n'),
    );
  });

  it.each(['', '\n\n', '# only notes\n'])('without a key is none: %j', (typed) => {
    expect(refusal(typed)).toBe('There is no key on the recovery sheet. Nothing was written.');
  });
});
