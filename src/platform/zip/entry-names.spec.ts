import { entryNamer, safeEntryName } from './entry-names';

const named = (...wanted: string[]): string[] => wanted.map(entryNamer());

describe('safeEntryName', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['Фото №1.jpg', 'Фото №1.jpg'],
    ['.hidden', '.hidden'],
    ['../../etc/passwd', '.._.._etc_passwd'],
    ['..\\boot.ini', '.._boot.ini'],
    ['C:\\a.jpg', 'C__a.jpg'],
    ['a\0b\n.jpg', 'a_b_.jpg'],
    ['what? "really" <yes>|*.jpg', 'what_ _really_ _yes___.jpg'],
    ['half \ud83d.jpg', 'half _.jpg'],
    ['photo.jpg. . ', 'photo.jpg'],
    ['', '_'],
    ['.', '_'],
    ['..', '_'],
    ['   ', '_'],
    ['CON', '_CON'],
    ['con.jpg', '_con.jpg'],
    ['nul .tar.gz', '_nul .tar.gz'],
    ['COM1', '_COM1'],
    ['lpt².txt', '_lpt².txt'],
    ['conin$', '_conin$'],
    ['console.jpg', 'console.jpg'],
    ['COM10.jpg', 'COM10.jpg'],
    ['u\u0308ber.jpg', 'über.jpg'],
    [`${'a'.repeat(400)}.jpg`, `${'a'.repeat(251)}.jpg`],
    [`${'a'.repeat(254)}. b`, 'a'.repeat(254)],
  ])('%j → %j', (wanted, safe) => {
    expect(safeEntryName(wanted)).toBe(safe);
    expect(safeEntryName(safe)).toBe(safe);
  });

  it('makes something that every system can write of anything', () => {
    for (let code = 0; code <= 0xffff; code++) {
      const name = safeEntryName(`x${String.fromCharCode(code)}`);
      const isSafe = name !== '' && !/[<>:"/\\|?*\p{Cc}\p{Cs}]|[. ]$/u.test(name) && name === name.normalize('NFC');
      if (!isSafe || Buffer.byteLength(name) > 255)
        throw new Error(`U+${code.toString(16)} became ${JSON.stringify(name)}`);
    }
  });
});

describe('entryNamer', () => {
  it('numbers what is the same, also where only the case, the composition or a forbidden character differs', () => {
    expect(named('a.jpg', 'a.jpg', 'A.JPG', 'b.jpg')).toEqual(['a.jpg', 'a (1).jpg', 'A (2).JPG', 'b.jpg']);
    expect(named('ü.jpg', 'u\u0308.jpg', 'Ü.jpg')).toEqual(['ü.jpg', 'ü (1).jpg', 'Ü (2).jpg']);
    expect(named('a?.jpg', 'a*.jpg', 'a_.jpg')).toEqual(['a_.jpg', 'a_ (1).jpg', 'a_ (2).jpg']);
    expect(named('straße', 'STRASSE')).toEqual(['straße', 'STRASSE (1)']);
  });

  it('gives no number that somebody has already', () => {
    expect(named('a (1).jpg', 'a.jpg', 'a.jpg', 'a (1).jpg')).toEqual([
      'a (1).jpg',
      'a.jpg',
      'a (2).jpg',
      'a (1) (1).jpg',
    ]);
    expect(named('a.jpg', 'a.jpg', 'a (1).jpg')).toEqual(['a.jpg', 'a (1).jpg', 'a (1) (1).jpg']);
  });

  it('keeps long names apart', () => {
    const names = named(...Array<string>(12).fill('ä'.repeat(300)));
    expect(new Set(names).size).toBe(12);
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  });

  it('names 50,000 of one name in reasonable time', () => {
    const namer = entryNamer();
    const begun = Date.now();
    const names = new Set(Array.from({ length: 50_000 }, () => namer('a.jpg')));
    expect(names.size).toBe(50_000);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });
});
