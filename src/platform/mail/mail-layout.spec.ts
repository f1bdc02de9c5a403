import { circumstances, layOut, type MailContent } from './mail-layout';

const CONTENT: MailContent = {
  heading: 'Your Photovault PIN',
  paragraphs: ['Somebody wants to sign in.'],
  code: '0427',
  notes: ['It is good for 5 minutes.'],
  facts: [
    ['Device', 'laptop'],
    ['Near', null],
  ],
  footer: 'If this was not you, do nothing.',
  publicUrl: 'https://photos.example.com',
};

const withDevice = (device: string) => layOut({ ...CONTENT, facts: [['Device', device]] });

/** The device's line of a text. */
const deviceLine = (text: string): string | undefined => /^Device: (.*)$/m.exec(text)?.[1];

describe('a mail, laid out', () => {
  it('reads from top to bottom, with the code alone on its line', () => {
    expect(layOut(CONTENT).text).toBe(
      [
        'Somebody wants to sign in.',
        '    0427',
        'It is good for 5 minutes.',
        'Device: laptop\nVault:  https://photos.example.com',
        'If this was not you, do nothing.',
      ].join('\n\n'),
    );
  });

  it('has no gap where there is no code', () => {
    const { text, html } = layOut({ ...CONTENT, code: undefined, notes: undefined });
    expect(text).toMatch(/^Somebody wants to sign in\.\n\nDevice: laptop\n/);
    expect(html).not.toContain('monospace');
  });

  it('says the same in HTML', () => {
    const words = layOut(CONTENT)
      .html.replace(/<head>.*<\/head>/, '')
      .replace(/<[^>]*>/g, '')
      .split('\n')
      .filter((line) => line !== '');
    expect(words).toEqual([
      'Your Photovault PIN',
      'Somebody wants to sign in.',
      '0427',
      'It is good for 5 minutes.',
      'Device: laptop',
      'Vault: https://photos.example.com',
      'If this was not you, do nothing.',
    ]);
  });

  it('loads nothing, runs nothing, and links to the vault alone', () => {
    const { html } = layOut(CONTENT);
    expect(
      [...html.matchAll(/(?:src|href|action|background|url)\s*[=(]\s*["']?([^"')\s>]*)/gi)].map(([, to]) => to),
    ).toEqual(['https://photos.example.com']);
    expect(html).not.toMatch(/<(script|img|link|style|form|iframe|object)|@import|\son\w+=/i);
  });

  it('leaves out what is not known', () => {
    const at = new Date('2026-11-20T10:00:00Z');
    const { text, html } = layOut({ ...CONTENT, facts: circumstances({ device: null, ip: null, at }) });
    expect(text + html).not.toMatch(/Device|Near|null/);
    expect(text).toMatch(/^Time: {2}2026-11-20 10:00 UTC$/m);
  });

  it('says where somebody was only about', () => {
    const facts = circumstances({ device: 'laptop', ip: '192.0.2.77', at: new Date() });
    const { text, html } = layOut({ ...CONTENT, facts });
    expect(text).toMatch(/^Near: {3}192\.0\.x\.x$/m);
    expect(text + html).not.toContain('192.0.2');
  });
});

describe('a device that a stranger has named', () => {
  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['"><img src=x onerror=alert(1)>', '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;'],
    ["' & '", '&#39; &amp; &#39;'],
    ['</bdi></p><h1>&#48;', '&lt;/bdi&gt;&lt;/p&gt;&lt;h1&gt;&amp;#48;'],
  ])('adds no element to the HTML: %s', (device, shown) => {
    const { html } = withDevice(device);
    expect(html).toContain(`Device: <bdi>${shown}</bdi><br>\n`);
    expect(html.match(/<\w+/g)).toEqual(withDevice('laptop').html.match(/<\w+/g));
  });

  it.each(['\n', '\r\n', '\r', '\u0085', '\u2028', '\u2029', '\v', '\f', '\0'])(
    'adds no line to the text: %j',
    (lineBreak) => {
      const { text, html } = withDevice(`laptop${lineBreak}${lineBreak}    9999${lineBreak}`);
      expect(text.split(/[\n\r\u0085\u2028\u2029\v\f\0]/)).toHaveLength(layOut(CONTENT).text.split('\n').length);
      expect(text.match(/^ {4}\S+$/gm)).toEqual(['    0427']);
      expect(html).toContain('<bdi>laptop 9999</bdi>');
    },
  );

  it.each(['\u202e', '\u202a', '\u2066', '\u2069', '\u200f', '\u061c', '\ufeff', '\u{e0041}'])(
    'turns no direction and hides nothing: %j',
    (format) => {
      const { text, html } = withDevice(`lap${format}top`);
      expect(deviceLine(text)).toBe('laptop');
      expect(html).not.toContain(format);
    },
  );

  it.each([
    ['https://evil.example/login', 'https:/ /evil. example/login'],
    ['http://192.0.2.1/', 'http:/ /192.0.2.1/'],
    ['sign in at www.evil.example', 'sign in at www. evil. example'],
    ['help@evil.example', 'help@ evil. example'],
    ['a@b.co', 'a@b. co'],
    ['////evil', '/ / / /evil'],
  ])('makes no link in anybody’s mail program: %s', (device, shown) => {
    const { text, html } = withDevice(device);
    expect(deviceLine(text)).toBe(shown);
    expect(html).toContain(`<bdi>${shown}</bdi>`);
  });

  it.each([
    "Alice's laptop",
    'Bob’s phone',
    'Firefox 145.0 on macOS 15.1',
    'Зоин телефон',
    '写真 📷',
    '👩‍👧',
    'نسخه‌ی من',
  ])('keeps its name when that is harmless: %s', (device) => {
    expect(deviceLine(withDevice(device).text)).toBe(device);
  });

  it('fills no page', () => {
    expect(deviceLine(withDevice('📷'.repeat(1000)).text)).toBe(`${'📷'.repeat(127)}…`);
    expect(deviceLine(withDevice('x'.repeat(128)).text)).toBe('x'.repeat(128));
  });

  it('may have no name at all', () => {
    expect(withDevice('\u202e\n').text).toMatch(/^Device: $/m);
  });
});

describe('PUBLIC_URL in a mail', () => {
  it('stays inside its attribute', () => {
    const { html } = layOut({ ...CONTENT, publicUrl: 'https://photos.example.com/?a="b"&c' });
    expect(html).toContain('<a href="https://photos.example.com/?a=&quot;b&quot;&amp;c">');
  });
});
