import { type ByteRange, inMemory, joined, type Stretch } from './stretches';

/** Notes what is asked of it, and gives three bytes at a time, all in one buffer. */
function noting(bytes: Buffer, asked: ByteRange[] = [], size = bytes.length): Stretch {
  return {
    size,
    async *open(range) {
      asked.push(range);
      const block = Buffer.alloc(3);
      for (let at = range.start; at <= range.end; at += 3) {
        yield await Promise.resolve(block.subarray(0, bytes.copy(block, 0, at, Math.min(at + 3, range.end + 1))));
        block.fill(0);
      }
    },
  };
}

async function read(stretch: Stretch, range: ByteRange): Promise<string> {
  let text = '';
  for await (const block of stretch.open(range)) text += block.toString();
  return text;
}

const TEXT = 'abcdefghijklmnopqrstuvwxyz';
const alphabet = () =>
  joined([
    inMemory(Buffer.from('abc')),
    inMemory(Buffer.alloc(0)),
    joined([noting(Buffer.from('defgh')), joined([]), inMemory(Buffer.from('i'))]),
    noting(Buffer.from('jklmnopqrstuvwxyz')),
  ]);

describe('stretches', () => {
  it('are read like one text, whatever the range', async () => {
    const all = alphabet();
    expect(all.size).toBe(26);
    for (let start = 0; start < 26; start++) {
      for (let end = start; end < 26; end++) {
        expect(await read(all, { start, end })).toBe(TEXT.slice(start, end + 1));
      }
    }
  });

  it('before and behind a range are not opened', async () => {
    const asked: ByteRange[][] = [[], [], []];
    const all = joined(asked.map((each) => noting(Buffer.from('0123456789'), each)));
    expect(await read(all, { start: 12, end: 17 })).toBe('234567');
    expect(asked).toEqual([[], [{ start: 2, end: 7 }], []]);
    expect(await read(all, { start: 20, end: 20 })).toBe('0');
    expect(asked).toEqual([[], [{ start: 2, end: 7 }], [{ start: 0, end: 0 }]]);
  });

  it.each([
    ['fewer', 'ab', 3],
    ['more', 'abcdef', 4],
  ])('with %s bytes than announced break, and never send more', async (_, text, size) => {
    const wrong: Stretch = { size, open: () => [Buffer.from(text.slice(0, 3)), Buffer.from(text.slice(3))] };
    let sent = 0;
    const reading = (async () => {
      for await (const block of joined([wrong, inMemory(Buffer.from('next'))]).open({ start: 0, end: size + 3 }))
        sent += block.length;
    })();
    await expect(reading).rejects.toThrow(RangeError);
    expect(sent).toBeLessThanOrEqual(size);
  });

  it('that nobody reads to the end are closed', async () => {
    let closed = false;
    const open = async function* () {
      try {
        for (;;) yield await Promise.resolve(Buffer.from('abc'));
      } finally {
        closed = true;
      }
    };
    for await (const block of joined([{ size: 1000, open }]).open({ start: 0, end: 999 })) if (block.length > 0) break;
    expect(closed).toBe(true);
  });
});
