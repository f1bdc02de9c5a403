import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { archiveBytes } from './archive-length';
import { ZipEntryError } from './zip-entry-error';
import {
  centralHeader,
  centralHeaderBytes,
  endRecords,
  localHeader,
  localHeaderBytes,
  type ZipFacts,
} from './zip-records';
import { type ZipEntry, zipStream } from './zip-stream';
import { askPython, hasPython } from '../../../test/support/python';

const TIME = new Date('2026-08-02T17:21:09Z');

function entry(name: string, bytes: Buffer, change: Partial<ZipEntry> = {}): ZipEntry {
  return {
    name,
    size: bytes.length,
    crc32: crc32(bytes),
    modifiedAt: TIME,
    open: () => blocks(bytes),
    ...change,
  };
}

/** One buffer for all blocks, as a download has it. */
async function* blocks(bytes: Buffer): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(1000);
  for (let at = 0; at < bytes.length; at += block.length) {
    yield await Promise.resolve(block.subarray(0, bytes.copy(block, 0, at)));
    block.fill(0);
  }
}

async function archive(entries: readonly ZipEntry[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const block of zipStream(each(entries))) parts.push(Buffer.from(block));
  return Buffer.concat(parts);
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

const unzip = spawnSync('unzip', ['-v']).status === 0;
if (!hasPython || !unzip) {
  process.stderr.write(
    `\nNOT RUN in zip-stream.spec.ts: what python3 or unzip would check, because one of them is not installed.\n\n`,
  );
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'photovault-zip-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const READ = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    print(json.dumps({
        'bad': z.testzip(), 'count': len(z.infolist()),
        'first': [[i.filename, i.file_size, i.CRC, list(i.date_time), i.extra.hex(), i.compress_type] for i in z.infolist()[:4]],
    }))`;

interface Read {
  readonly bad: string | null;
  readonly count: number;
  readonly first: [name: string, size: number, crc: number, time: number[], extra: string, method: number][];
}

function write(bytes: Buffer): string {
  const path = join(directory, 'a.zip');
  writeFileSync(path, bytes);
  return path;
}

function readByPython(bytes: Buffer): Read {
  return askPython<Read>(READ, write(bytes));
}

describe('an archive', () => {
  const photo = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
  const entries = [
    entry('Ferien/Фото 1.jpg', photo),
    entry('empty.jpg', Buffer.alloc(0)),
    entry('b.txt', Buffer.from('b')),
  ];

  (hasPython ? it : it.skip)('is one to Python', async () => {
    const read = readByPython(await archive(entries));
    expect(read).toEqual({
      bad: null,
      count: 3,
      first: entries.map(({ name, size, crc32: crc }) => [
        name,
        size,
        crc,
        [2026, 8, 2, 17, 21, 8],
        `5554050001${Buffer.from(new Uint32Array([TIME.getTime() / 1000]).buffer).toString('hex')}`,
        0,
      ]),
    });
  });

  (unzip ? it : it.skip)('is one to unzip', async () => {
    const { status, stdout } = spawnSync('unzip', ['-t', write(await archive(entries))]);
    expect([status, stdout.toString()]).toEqual([0, expect.stringContaining('No errors detected')]);
  });

  it('of nothing is 22 bytes', async () => {
    const bytes = await archive([]);
    expect([bytes.length, archiveBytes([])]).toEqual([22, 22]);
    if (hasPython) expect(readByPython(bytes)).toEqual({ bad: null, count: 0, first: [] });
  });

  it.each([65_534, 65_535])(
    'of %d entries has the length that was computed, and ZIP64 records where they are needed',
    async (count) => {
      const many = Array.from({ length: count }, (_, i) => entry(`${i}.jpg`, Buffer.alloc(0)));
      const bytes = await archive(many);
      expect(bytes.length).toBe(archiveBytes(many));
      expect(bytes.includes(Buffer.from('504b0606', 'hex'))).toBe(count >= 65_535);
      if (hasPython) expect(readByPython(bytes)).toMatchObject({ bad: null, count });
      if (unzip) expect(spawnSync('unzip', ['-tqq', write(bytes)]).status).toBe(0);
    },
  );

  it.each<[string, ZipEntry]>([
    ['too few bytes', entry('a', photo, { size: photo.length + 1 })],
    ['too many bytes', entry('a', photo, { size: photo.length - 1 })],
    ['other bytes', entry('a', photo, { crc32: (crc32(photo) ^ 1) >>> 0 })],
    ['no bytes', entry('a', Buffer.alloc(0), { size: 1 })],
  ])('breaks at an entry with %s', async (_, wrong) => {
    const error: unknown = await archive([entry('secret', photo), wrong]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ZipEntryError);
    expect((error as ZipEntryError).position).toBe(2);
  });

  it('never sends more of an entry than was announced', async () => {
    let sent = 0;
    const wrong = entry('a', photo, { size: 1500 });
    await expect(
      (async () => {
        for await (const block of zipStream(each([wrong]))) sent += block.length;
      })(),
    ).rejects.toThrow(ZipEntryError);
    expect(sent - localHeader(wrong).length).toBeLessThanOrEqual(1500);
  });

  it('breaks with its source', async () => {
    const broken = entry('a', photo, {
      open: async function* () {
        yield await Promise.resolve(photo.subarray(0, 10));
        throw new Error('damaged');
      },
    });
    await expect(archive([broken])).rejects.toThrow('damaged');
  });
});

describe('headers beyond 4 GiB', () => {
  const facts = (size: number): ZipFacts => ({ name: 'film.mp4', size, crc32: 0xdeadbeef, modifiedAt: TIME });
  const LIMIT = 0xffffffff;

  it('say the size in the ZIP64 field from 2^32 − 1 on, which is the mark itself', () => {
    const small = localHeader(facts(LIMIT - 1));
    expect([small.readUInt16LE(4), small.readUInt32LE(18), small.readUInt32LE(22)]).toEqual([20, LIMIT - 1, LIMIT - 1]);
    for (const size of [LIMIT, LIMIT + 1, 2 ** 42]) {
      const header = localHeader(facts(size));
      expect([header.readUInt16LE(4), header.readUInt32LE(18), header.readUInt32LE(22)]).toEqual([45, LIMIT, LIMIT]);
      const extra = header.subarray(30 + 8);
      expect([extra.readUInt16LE(0), extra.readUInt16LE(2)]).toEqual([1, 16]);
      expect([extra.readBigUInt64LE(4), extra.readBigUInt64LE(12)]).toEqual([BigInt(size), BigInt(size)]);
      expect(header.readUInt16LE(28)).toBe(extra.length);
    }
  });

  it('name in the central directory only what does not fit, sizes before the offset', () => {
    const fields = (size: number, offset: number) => {
      const header = centralHeader(facts(size), offset);
      const extra = header.subarray(46 + 8);
      const isZip64 = extra.readUInt16LE(0) === 1;
      const count = isZip64 ? extra.readUInt16LE(2) / 8 : 0;
      const values = Array.from({ length: count }, (_, i) => Number(extra.readBigUInt64LE(4 + 8 * i)));
      return [header.readUInt32LE(20), header.readUInt32LE(24), header.readUInt32LE(42), ...values];
    };
    expect(fields(10, 20)).toEqual([10, 10, 20]);
    expect(fields(2 ** 33, 20)).toEqual([LIMIT, LIMIT, 20, 2 ** 33, 2 ** 33]);
    expect(fields(10, 2 ** 34)).toEqual([10, 10, LIMIT, 2 ** 34]);
    expect(fields(2 ** 33, 2 ** 34)).toEqual([LIMIT, LIMIT, LIMIT, 2 ** 33, 2 ** 33, 2 ** 34]);
  });

  it('need a ZIP64 end when the central directory begins there', () => {
    const plain = endRecords({ entries: 2, offset: LIMIT - 1, size: 100 });
    expect([plain.length, plain.readUInt32LE(16)]).toEqual([22, LIMIT - 1]);
    const far = endRecords({ entries: 2, offset: 2 ** 35, size: 100 });
    expect(far.length).toBe(56 + 20 + 22);
    expect([far.readUInt32LE(0), Number(far.readBigUInt64LE(32)), Number(far.readBigUInt64LE(48))]).toEqual([
      0x06064b50,
      2,
      2 ** 35,
    ]);
    expect([far.readUInt32LE(56), Number(far.readBigUInt64LE(64))]).toEqual([0x07064b50, 2 ** 35 + 100]);
    expect([far.readUInt32LE(76), far.readUInt16LE(86), far.readUInt32LE(92)]).toEqual([0x06054b50, 2, LIMIT]);
  });

  it('have the lengths that are computed without them', () => {
    for (const name of ['a', 'ü/ü.jpg', 'folder/'])
      for (const size of [0, LIMIT - 1, LIMIT, 2 ** 42])
        for (const offset of [0, LIMIT - 1, LIMIT])
          for (const modifiedAt of [TIME, new Date(-1), new Date(2 ** 42)]) {
            const each = { name, size, crc32: 0, modifiedAt };
            expect(localHeaderBytes(each)).toBe(localHeader(each).length);
            expect(centralHeaderBytes(each, offset)).toBe(centralHeader(each, offset).length);
          }
  });

  it('make an archive’s length computable', () => {
    const film = facts(5 * 2 ** 30);
    const header = localHeader(film).length;
    expect(archiveBytes([film, facts(1)])).toBe(
      header +
        film.size +
        localHeader(facts(1)).length +
        1 +
        centralHeader(film, 0).length +
        centralHeader(facts(1), header + film.size).length +
        98,
    );
  });
});

describe('times and names', () => {
  const at = (time: string) => localHeader({ name: 'a', size: 0, crc32: 0, modifiedAt: new Date(time) });
  it.each([
    ['1970-01-01T00:00:00Z', '00002100', true],
    ['1969-12-31T23:59:59Z', '00002100', false],
    ['1980-01-01T00:00:02Z', '01002100', true],
    ['2107-12-31T23:59:59Z', '7dbf9fff', false],
    ['2200-01-01T00:00:00Z', '7dbf9fff', false],
  ])('%s', (time, dos, isExtended) => {
    const header = at(time);
    expect([header.subarray(10, 14).toString('hex'), header.length > 31]).toEqual([dos, isExtended]);
  });

  it('are a folder’s where the name ends like one', () => {
    const attributes = (name: string) =>
      centralHeader({ name, size: 0, crc32: 0, modifiedAt: TIME }, 0).readUInt32LE(38);
    expect(attributes('a').toString(16)).toBe((0o100644 * 65_536).toString(16));
    expect(attributes('a/').toString(16)).toBe((0o40755 * 65_536 + 0x10).toString(16));
  });

  it('has no entry without a name, or with one that does not fit', () => {
    for (const name of ['', 'a'.repeat(65_536)])
      expect(() => localHeader({ name, size: 0, crc32: 0, modifiedAt: TIME })).toThrow(RangeError);
  });
});
