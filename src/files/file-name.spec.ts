import { parseFileName } from './file-name';

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
