import { numberedName, parseFileName } from './file-name';

const bytes = (text: string): number => Buffer.byteLength(text);

/** What `parseFileName` makes of a name it accepts. */
function accepted(raw: string): string {
  const parsed = parseFileName(raw);
  if (!parsed.ok) throw new Error(`${JSON.stringify(raw)} was refused: ${parsed.reason}`);
  return parsed.name;
}

describe('parseFileName', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['../../etc/passwd', 'passwd'],
    ['/etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['C:\\fakepath\\IMG 1.HEIC', 'IMG 1.HEIC'],
    ['DCIM/100APPLE\\a.jpg', 'a.jpg'],
    ['\\\\server\\share\\a.jpg', 'a.jpg'],
  ])('takes the last component of %j', (raw, name) => {
    expect(accepted(raw)).toBe(name);
  });

  it.each([
    ['spaces at the ends', '  a.jpg '],
    ['a single space', ' '],
    ['a name reserved by Windows', 'CON'],
    ['a drive letter', 'C:a.jpg'],
    ['an alternate data stream', 'a.jpg:evil'],
    ['a leading dot', '.hidden'],
    ['three dots', '...'],
    ['percent signs', '%2e%2e%2fa.jpg'],
    ['quotes and markup', '"><img src=x>.jpg'],
    ['SQL', "'; DROP TABLE files;--.jpg"],
    ['emoji', '👨‍👩‍👧‍👦 🇩🇪.jpg'],
    ['Arabic between bidirectional isolates', '\u2067صورة\u2069.jpg'],
    ['a right-to-left override', '\u202egpj.exe'],
    ['a line separator', 'a\u2028b.jpg'],
    ['fullwidth dots and slashes', '．．／a.jpg'],
    ['a prototype', '__proto__'],
  ])('keeps %s', (_what, raw) => {
    expect(accepted(raw)).toBe(raw);
  });

  it.each([
    ['an empty name', '', /empty/],
    ['a path to a folder', 'photos/', /empty/],
    ['a Windows path to a folder', 'photos\\', /empty/],
    ['a dot', '.', /"\."/],
    ['two dots', '..', /"\.\."/],
    ['two dots at the end of a path', 'a/b/..', /"\.\."/],
    ['NUL', 'a.jpg\0.png', /control/],
    ['NUL in the path before the name', 'a\0/b.jpg', /control/],
    ['a line feed', 'a\nb.jpg', /control/],
    ['a carriage return', 'a\r.jpg', /control/],
    ['a tab', '\ta.jpg', /control/],
    ['an escape', 'a\x1b[2J.jpg', /control/],
    ['DEL', 'a\x7f.jpg', /control/],
    ['a C1 control', 'a\x85.jpg', /control/],
    ['a lone high surrogate', 'a\ud83d.jpg', /Unicode/],
    ['a lone low surrogate', '\ude00a.jpg', /Unicode/],
    ['surrogates in the wrong order', '\ude00\ud83d.jpg', /Unicode/],
  ])('refuses %s', (_what, raw, reason) => {
    expect(parseFileName(raw)).toEqual({ ok: false, reason: expect.stringMatching(reason) as string });
  });

  it('gives one name to what looks the same, however it was typed', () => {
    expect(accepted('Zu\u0308rich.jpg')).toBe('Z\u00fcrich.jpg');
    expect(accepted('\u212bngstrom.jpg')).toBe('\u00c5ngstrom.jpg');
  });

  it('counts 255 bytes of UTF-8, not characters', () => {
    expect(accepted('a'.repeat(255))).toHaveLength(255);
    expect(parseFileName('a'.repeat(256)).ok).toBe(false);
    expect(parseFileName('ü'.repeat(128)).ok).toBe(false);
    expect(parseFileName('😀'.repeat(64)).ok).toBe(false);
    expect(bytes(accepted('😀'.repeat(63)))).toBe(252);
  });

  it('counts them after NFC, which makes most names shorter and a few longer', () => {
    expect(bytes(accepted('u\u0308'.repeat(127)))).toBe(254);
    const longer = '\u0958'.repeat(85);
    expect(bytes(longer)).toBe(255);
    expect(parseFileName(longer).ok).toBe(false);
  });

  it('does not count the path', () => {
    expect(accepted(`${'folder/'.repeat(100)}a.jpg`)).toBe('a.jpg');
  });

  it('decides the same for every character before and after NFC, so that nothing refused can come out of it', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      const parsed = parseFileName(`x${String.fromCodePoint(code)}`);
      if (parsed.ok && (/[\p{Cc}\p{Cs}/\\]/u.test(parsed.name) || !parseFileName(parsed.name).ok)) {
        throw new Error(`U+${code.toString(16)} came out as ${JSON.stringify(parsed.name)}`);
      }
    }
  });
});

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
