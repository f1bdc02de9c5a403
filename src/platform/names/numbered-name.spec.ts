import { parseFileName } from '../../files/file-name';
import { nameWithExtension, numberedName, shortenedName } from './numbered-name';

describe('numberedName', () => {
  it.each([
    ['photo.jpg', 1, 'photo (1).jpg'],
    ['photo.jpg', 12, 'photo (12).jpg'],
    ['photo (1).jpg', 1, 'photo (1) (1).jpg'],
    ['archive.tar.gz', 1, 'archive.tar (1).gz'],
    ['PXL_1.RAW-02.ORIGINAL.dng', 2, 'PXL_1.RAW-02.ORIGINAL (2).dng'],
    ['README', 1, 'README (1)'],
    ['.hidden', 1, '.hidden (1)'],
    ['.hidden.jpg', 1, '.hidden (1).jpg'],
    ['name.', 1, 'name. (1)'],
    ['...', 1, '... (1)'],
    ['Trip No. 3', 1, 'Trip No. 3 (1)'],
    ['фото.снимок', 1, 'фото (1).снимок'],
    [' a .jpg', 1, ' a  (1).jpg'],
    [`a.${'b'.repeat(16)}`, 1, `a (1).${'b'.repeat(16)}`],
    [`a.${'b'.repeat(17)}`, 1, `a.${'b'.repeat(17)} (1)`],
  ])('%j, %d → %j', (name, n, numbered) => {
    expect(numberedName(name, n)).toBe(numbered);
  });

  it('shortens the stem where the number does not fit', () => {
    expect(numberedName(`${'a'.repeat(251)}.jpg`, 1)).toBe(`${'a'.repeat(247)} (1).jpg`);
    expect(numberedName('a'.repeat(255), 100)).toBe(`${'a'.repeat(249)} (100)`);
  });

  it('cuts no character in two', () => {
    const family = '👨‍👩‍👧‍👦'; // one character to the eye, 25 bytes
    expect(numberedName(`${family.repeat(10)}.jpg`, 1)).toBe(`${family.repeat(9)} (1).jpg`);
    const nasal = 'a\u0310'; // no composed form exists
    expect(numberedName(`${nasal.repeat(83)}.jpeg`, 1)).toBe(`${nasal.repeat(82)} (1).jpeg`);
  });

  it('still keeps something of a single endless character', () => {
    const endless = `a${'\u0310'.repeat(127)}`;
    expect(numberedName(endless, 1)).toBe(`a${'\u0310'.repeat(125)} (1)`);
  });

  it('gives for any name and number another valid name, in NFC, with the same extension', () => {
    const alphabet = ['a', '.', ' ', '(', '1', ')', 'ü', 'u', '\u0308', '\u0310', '한', '\u1112', '\u1161', '\u11ab'];
    alphabet.push('😀', '👨‍👩‍👧‍👦', '🇩', '🇪', '\u0958', '\u202e', '\u200d', '\u0600', 'jpg', '\u2028');
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
    let checked = 0;
    for (let round = 0; round < 5000; round++) {
      const raw = Array.from({ length: 1 + random(120) }, () => alphabet[random(alphabet.length)]).join('');
      const parsed = parseFileName(raw);
      if (!parsed.ok) continue;
      const n = 1 + random(10 ** random(10));
      const numbered = numberedName(parsed.name, n);
      const again = parseFileName(numbered);
      const stemKept = numbered.slice(0, numbered.lastIndexOf(` (${n})`));
      const extension = numbered.slice(stemKept.length + ` (${n})`.length);
      const sound =
        again.ok &&
        again.name === numbered &&
        numbered !== parsed.name &&
        numbered !== numberedName(parsed.name, n + 1) &&
        stemKept !== '' &&
        parsed.name.startsWith(stemKept) &&
        parsed.name.endsWith(extension);
      if (!sound) throw new Error(`${JSON.stringify(parsed.name)} with ${n} became ${JSON.stringify(numbered)}`);
      checked++;
    }
    expect(checked).toBeGreaterThan(3000);
  });
});

describe('nameWithExtension', () => {
  it.each([
    ['photo.jpg', 'photo.webp'],
    ['photo.webp', 'photo.webp'],
    ['archive.tar.gz', 'archive.tar.webp'],
    ['README', 'README.webp'],
    ['.hidden', '.hidden.webp'],
    ['Trip No. 3', 'Trip No. 3.webp'],
    [`${'a'.repeat(251)}.gif`, `${'a'.repeat(250)}.webp`],
    ['ü'.repeat(127), `${'ü'.repeat(125)}.webp`],
  ])('%j → %j', (name, other) => {
    expect(nameWithExtension(name, 'webp')).toBe(other);
  });
});

describe('shortenedName', () => {
  it('leaves what fits, and keeps the extension of what does not', () => {
    expect(shortenedName(`${'a'.repeat(251)}.jpg`)).toBe(`${'a'.repeat(251)}.jpg`);
    expect(shortenedName(`${'a'.repeat(400)}.jpg`)).toBe(`${'a'.repeat(251)}.jpg`);
    expect(shortenedName('é'.repeat(200))).toBe('é'.repeat(127));
  });
});
