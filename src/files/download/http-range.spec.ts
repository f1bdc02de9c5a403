import { parseRange } from './http-range';

const range = (start: number, end: number): object => ({ kind: 'range', start, end });
const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };

describe('parseRange', () => {
  it.each([
    ['bytes=0-0', range(0, 0)],
    ['bytes=0-499', range(0, 499)],
    ['bytes=500-999', range(500, 999)],
    ['bytes=999-999', range(999, 999)],
    ['bytes=500-', range(500, 999)],
    ['bytes=0-', range(0, 999)],
    ['bytes=500-1000', range(500, 999)],
    ['bytes=500-99999999999999999999', range(500, 999)],
    [`bytes=0-${'9'.repeat(5000)}`, range(0, 999)],
    ['bytes=-1', range(999, 999)],
    ['bytes=-500', range(500, 999)],
    ['bytes=-1000', range(0, 999)],
    ['bytes=-1001', range(0, 999)],
    [`bytes=-${'9'.repeat(5000)}`, range(0, 999)],
    ['bytes=007-010', range(7, 10)],
    ['BYTES=0-1', range(0, 1)],
    ['bytes= 0-1', range(0, 1)],
    ['bytes=,\t, 0-1 ,', range(0, 1)],
  ])('answers %.40j of 1000 bytes with one part', (header, selected) => {
    expect(parseRange(header, 1000)).toEqual(selected);
  });

  it.each([
    ['bytes=1000-'],
    ['bytes=1000-2000'],
    ['bytes=9007199254740993-'],
    ['bytes=18446744073709551616-18446744073709551617'],
    [`bytes=${'9'.repeat(5000)}-`],
    ['bytes=-0'],
    ['bytes=-000'],
  ])('cannot satisfy %.40j of 1000 bytes', (header) => {
    expect(parseRange(header, 1000)).toEqual(unsatisfiable);
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['no range', 'bytes='],
    ['only a dash', 'bytes=-'],
    ['only commas', 'bytes=,,'],
    ['no unit', '0-1'],
    ['another unit', 'items=0-1'],
    ['a unit that only ends like ours', 'kilobytes=0-1'],
    ['two ranges', 'bytes=0-1,3-4'],
    ['two ranges, one of them unsatisfiable', 'bytes=0-1,5000-'],
    ['many ranges', `bytes=${'0-,'.repeat(1000)}`],
    ['the header sent twice', 'bytes=0-1, bytes=3-4'],
    ['an end before the start', 'bytes=5-4'],
    ['an end before the start, beyond 2^53', 'bytes=9007199254740993-9007199254740992'],
    ['words', 'bytes=abc'],
    ['hexadecimal', 'bytes=0x1-0x2'],
    ['an exponent', 'bytes=1e2-'],
    ['a fraction', 'bytes=0.5-1'],
    ['a sign', 'bytes=+0-1'],
    ['two dashes', 'bytes=0--1'],
    ['a space inside', 'bytes=0 - 1'],
    ['a space before the equals sign', 'bytes =0-1'],
    ['other digits', 'bytes=\u0660-\u0661'],
  ])('ignores %s', (_what, header) => {
    expect(parseRange(header, 1000)).toEqual(whole);
  });

  it('has no byte of an empty file to give', () => {
    expect(parseRange('bytes=0-', 0)).toEqual(unsatisfiable);
    expect(parseRange('bytes=0-0', 0)).toEqual(unsatisfiable);
    expect(parseRange('bytes=-0', 0)).toEqual(unsatisfiable);
    expect(parseRange('bytes=-5', 0)).toEqual(whole);
    expect(parseRange(undefined, 0)).toEqual(whole);
  });

  it('is exact at the largest size', () => {
    const size = Number.MAX_SAFE_INTEGER;
    expect(parseRange(`bytes=${size - 1}-`, size)).toEqual(range(size - 1, size - 1));
    expect(parseRange(`bytes=-1`, size)).toEqual(range(size - 1, size - 1));
    expect(parseRange(`bytes=${size}-`, size)).toEqual(unsatisfiable);
    expect(parseRange('bytes=9007199254740992-9007199254740993', size)).toEqual(unsatisfiable);
  });

  it('agrees with Buffer.subarray for any range of any content', () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
    for (let round = 0; round < 10_000; round++) {
      const content = Buffer.from(Array.from({ length: random(40) }, (_, i) => i));
      const first = random(50);
      const last = first + random(50);
      const [header, expected] = (
        [
          [`bytes=${first}-${last}`, content.subarray(first, last + 1)],
          [`bytes=${first}-`, content.subarray(first)],
          [`bytes=-${first}`, first === 0 ? Buffer.alloc(0) : content.subarray(-first)],
        ] as const
      )[random(3)];
      const selected = parseRange(header, content.length);
      const sent =
        selected.kind === 'range'
          ? content.subarray(selected.start, selected.end + 1)
          : selected.kind === 'whole'
            ? content
            : Buffer.alloc(0);
      const inside = selected.kind !== 'range' || (selected.start <= selected.end && selected.end < content.length);
      if (!inside || !sent.equals(expected)) {
        throw new Error(`${header} of ${content.length} bytes gave ${JSON.stringify(selected)}`);
      }
    }
  });
});
