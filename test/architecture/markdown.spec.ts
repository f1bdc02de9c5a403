import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

const DOCUMENTS = [
  ...readdirSync(ROOT),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((name) => name.endsWith('.md'));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The anchors that a page offers, made from its headings as code hosts make them. */
function anchorsOf(markdown: string): string[] {
  return Array.from(markdown.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documents', () => {
  it('are the ones that a reader expects', () => {
    const expected = ['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md'];
    expect(DOCUMENTS).toEqual(expect.arrayContaining(expected));
  });

  it.each(DOCUMENTS)('%s links to nothing that is not there', (document) => {
    const links = Array.from(read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g));
    const dead = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? document : join(dirname(document), path);
      return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(read(target)).includes(anchor));
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names no file of ours that is not there', (document) => {
    const paths = Array.from(
      read(document).matchAll(/(?<=[`\s])(?:[a-z-]+\/)+[\w.-]+\.(?:ts|mjs|json|md)(?=[`\s])/g),
      ([path]) => path,
    );
    expect(paths.filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, 'src', path)))).toEqual([]);
  });

  it('list every decision', () => {
    const index = read('docs/README.md');
    const titles = readdirSync(join(ROOT, 'docs/decisions')).map((name) => {
      const [, number, title] = /^# (\d{4}) (.+)$/m.exec(read(join('docs/decisions', name))) ?? [];
      return `[${number}](decisions/${name}) | ${title} |`;
    });
    expect(titles.filter((title) => !index.includes(title))).toEqual([]);
  });
});

describe('the features of README.md', () => {
  const block = /<!-- features:begin -->([^]*)<!-- features:end -->/.exec(read('README.md'))?.[1] ?? '';
  // Without the head of the table and the line below it.
  const rows = block
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);

  it('come after the two commands', () => {
    const places = ['npm ci && npm start', 'npm ci && npm test', '## What it does'].map((text) =>
      read('README.md').indexOf(text),
    );
    expect(places).not.toContain(-1);
    expect(places.toSorted((a, b) => a - b)).toEqual(places);
  });

  it('are each proved by tests that are there', () => {
    expect(rows.length).toBeGreaterThan(10);
    const unproved = rows.filter((row) => {
      const tests = Array.from(row.matchAll(/\]\((test\/[\w./-]+\.spec\.ts)\)/g), ([, path = '']) => path);
      return tests.length === 0 || tests.some((path) => !existsSync(join(ROOT, path)));
    });
    expect(unproved).toEqual([]);
  });

  it('link to nothing but tests', () => {
    const links = Array.from(block.matchAll(/\]\(([^)]*)\)/g), ([, target = '']) => target);
    expect(links.filter((target) => !/^test\/.+\.spec\.ts$/.test(target))).toEqual([]);
  });
});

/** What a document says of tests: their file, and titles that it has to contain. */
function guardsIn(text: string): { file: string; titles: string[] }[] {
  const guards = text.matchAll(/`((?:test|src)\/[^`]+\.spec\.ts)`(?:: ("[^"]+"(?:, "[^"]+")*))?/g);
  return Array.from(guards, ([, file = '', titles = '']) => {
    return { file, titles: Array.from(titles.matchAll(/"([^"]+)"/g), ([, title = '']) => title) };
  });
}

it.each([
  ['the invariants of ARCHITECTURE.md', 'ARCHITECTURE.md', /<!-- invariants:begin -->[^]*<!-- invariants:end -->/],
  ['the claims of docs/threat-model.md', 'docs/threat-model.md', /[^]*/],
  ['the sentences of docs/key-hierarchy.md', 'docs/key-hierarchy.md', /<!-- threats:begin -->[^]*<!-- threats:end -->/],
])('%s are guarded by tests of these names', (_name, document, part) => {
  const guards = guardsIn(part.exec(read(document))?.[0] ?? '');
  expect(guards.length).toBeGreaterThan(10);
  const missing = guards.flatMap(({ file, titles }) => titles.filter((title) => !read(file).includes(title)));
  expect(missing).toEqual([]);
});
