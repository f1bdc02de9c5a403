import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { SNIFF_BYTES } from '../../platform/media/media-type';
import { IncomingBytes, type Expectations } from './incoming-bytes';

const JPEG = Buffer.concat([Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'), randomBytes(200_000)]);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

/** What passes through before it ends, well or not. */
async function pass(
  blocks: readonly Buffer[],
  expected: Partial<Expectations> = {},
  failure?: Error,
): Promise<{ passed: Buffer; code: string | undefined; incoming: IncomingBytes }> {
  const source = (async function* () {
    for (const block of blocks) yield await Promise.resolve(block);
    if (failure) throw failure;
  })();
  const incoming = new IncomingBytes(source, { maxBytes: 1_000_000, types: new Set(['image/jpeg']), ...expected });
  const passed: Buffer[] = [];
  try {
    for await (const block of incoming) passed.push(block);
    return { passed: Buffer.concat(passed), code: undefined, incoming };
  } catch (error) {
    const { definition } = error as { definition: { code: string } };
    return { passed: Buffer.concat(passed), code: definition.code, incoming };
  }
}

/** Cut into blocks of a length. */
function cut(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  );
}

describe('the bytes of an upload', () => {
  it.each([1000, SNIFF_BYTES - 1, SNIFF_BYTES, SNIFF_BYTES + 1, 1_000_000])(
    'pass unchanged in blocks of %i, and are known afterwards',
    async (length) => {
      const { passed, incoming } = await pass(cut(JPEG, length), {
        announcedBytes: JPEG.length,
        announcedSha256: sha256(JPEG),
      });
      expect(passed.equals(JPEG)).toBe(true);
      expect(incoming.facts).toEqual({
        bytes: JPEG.length,
        contentType: 'image/jpeg',
        sha256: sha256(JPEG).toString('hex'),
        crc32: crc32(JPEG),
      });
    },
  );

  it('may be fewer than it takes to be sure of a type', async () => {
    const small = JPEG.subarray(0, 20);
    const { passed, incoming } = await pass(cut(small, 1));
    expect(passed.equals(small)).toBe(true);
    expect(incoming.facts.bytes).toBe(20);
  });

  it('are not known before they have all arrived', async () => {
    const { incoming } = await pass(cut(JPEG, 1000), {}, new Error('gone'));
    expect(() => incoming.facts).toThrow('has not arrived yet');
  });

  it('of another type never pass, not one of them', async () => {
    for (const bytes of [Buffer.from('<svg/>'), Buffer.alloc(300_000, 'text ')]) {
      const { passed, code } = await pass(cut(bytes, 1000));
      expect([passed.length, code]).toEqual([0, 'UPLOAD.TYPE_REFUSED']);
    }
    const { passed, code } = await pass([JPEG], { types: new Set(['image/png']) });
    expect([passed.length, code]).toEqual([0, 'UPLOAD.TYPE_REFUSED']);
  });

  it.each<[string, readonly Buffer[], Partial<Expectations>, Error | undefined, string]>([
    ['none at all', [], {}, undefined, 'UPLOAD.EMPTY'],
    ['blocks without bytes', [Buffer.of(), Buffer.of()], {}, undefined, 'UPLOAD.EMPTY'],
    ['one too many', [JPEG], { maxBytes: JPEG.length - 1 }, undefined, 'UPLOAD.TOO_LARGE'],
    ['fewer than announced', [JPEG], { announcedBytes: JPEG.length + 1 }, undefined, 'UPLOAD.INCOMPLETE'],
    ['more than announced', [JPEG], { announcedBytes: JPEG.length - 1 }, undefined, 'UPLOAD.INCOMPLETE'],
    ['none of those announced', [], { announcedBytes: 1 }, undefined, 'UPLOAD.INCOMPLETE'],
    ['those of a client that has gone', [JPEG], {}, new Error('aborted'), 'UPLOAD.INCOMPLETE'],
    ['other than announced', [JPEG], { announcedSha256: sha256(Buffer.of()) }, undefined, 'UPLOAD.DIGEST_MISMATCH'],
  ])('are refused when they are %s', async (_what, blocks, expected, failure, code) => {
    expect((await pass(blocks, expected, failure)).code).toBe(code);
  });

  it('may be as many as are allowed', async () => {
    expect((await pass([JPEG], { maxBytes: JPEG.length })).code).toBeUndefined();
  });
});
