import { ifRangeHolds, matchesIfNoneMatch } from './conditional-request';

const ETAG = '"0192f3c4-blob"';

describe('matchesIfNoneMatch', () => {
  it.each([
    ['the tag', ETAG],
    ['the tag made weak by a proxy', `W/${ETAG}`],
    ['anything', '*'],
    ['the tag at the end of a list', `"a", W/"b", ${ETAG}`],
    ['the tag at the start of a list', `${ETAG},"a"`],
    ['a list with empty elements', `, ,"a" ,,\t${ETAG} , `],
    ['the tag behind one that holds a comma', `"a,b", ${ETAG}`],
    ['the tag behind an empty one', `"", ${ETAG}`],
    ['the tag behind one with bytes above ASCII', `"\xe4", ${ETAG}`],
    ['the tag before something malformed', `${ETAG}, garbage`],
  ])('matches %s', (_what, header) => {
    expect(matchesIfNoneMatch(header, ETAG)).toBe(true);
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['another tag', '"other"'],
    ['a tag that only begins alike', '"0192f3c4-blob2"'],
    ['a tag of the other case', ETAG.toUpperCase()],
    ['the tag without its quotes', '0192f3c4-blob'],
    ['the tag with an open quote', '"0192f3c4-blob'],
    ['the tag as a part of another', `"a, ${ETAG.slice(1)}`],
    ['a comma-separated piece of one tag', '"a,0192f3c4-blob,b"'],
    ['a lower-case weakness', `w/${ETAG}`],
    ['a tag that is a star', '"*"'],
    ['the tag behind something malformed', `garbage, ${ETAG}`],
    ['tags without a comma', `"a" ${ETAG}`],
    ['tags that touch', `"a"${ETAG}`],
    ['a star in a list', `*, ${ETAG}`],
  ])('does not match %s', (_what, header) => {
    expect(matchesIfNoneMatch(header, ETAG)).toBe(false);
  });

  it('finds a tag that holds a comma itself', () => {
    expect(matchesIfNoneMatch('"x", "a,b"', '"a,b"')).toBe(true);
    expect(matchesIfNoneMatch('"a", "b"', '"a,b"')).toBe(false);
  });

  it('agrees with membership for any list', () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
    const tags = ['"a"', '"b"', '"a,b"', '""', '"W/"', '","'];
    for (let round = 0; round < 2000; round++) {
      const list = Array.from({ length: random(5) }, () => tags[random(tags.length)]);
      const header = list.map((tag) => (random(2) ? `W/${tag}` : tag)).join([',', ', ', ' ,\t', ',,'][random(4)]);
      const etag = tags[random(tags.length)];
      if (matchesIfNoneMatch(header, etag) !== list.includes(etag)) throw new Error(`${etag} in ${header}`);
    }
  });
});

describe('ifRangeHolds', () => {
  it.each([
    ['without the header', undefined, true],
    ['for the tag', ETAG, true],
    ['for a weak tag', `W/${ETAG}`, false],
    ['for another tag', '"other"', false],
    ['for a date', 'Sun, 06 Nov 1994 08:49:37 GMT', false],
    ['for a list, which the field does not allow', `${ETAG}, "other"`, false],
    ['for a star', '*', false],
    ['for an empty header', '', false],
    ['for the tag without its quotes', ETAG.slice(1, -1), false],
  ])('%s: %s → %s', (_what, header, holds) => {
    expect(ifRangeHolds(header, ETAG)).toBe(holds);
  });
});
