import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type MediaType, SNIFF_BYTES, sniffMediaType } from '../../platform/media/media-type';
import { UploadErrors } from './upload.errors';

/** What the client has announced and the vault allows. */
export interface Expectations {
  readonly maxBytes: number;
  readonly types: ReadonlySet<string>;
  /** From Content-Length, where it is the file's own. */
  readonly announcedBytes?: number;
  /** From Content-Digest or Repr-Digest, 32 bytes. */
  readonly announcedSha256?: Buffer;
}

/** What has arrived, once all of it has. */
export interface ArrivedFacts {
  readonly bytes: number;
  readonly contentType: MediaType;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly crc32: number;
}

/**
 * The bytes of an upload on their way in: counted, sniffed, hashed and held against what was announced. Everything that is wrong
 * with them is thrown into the pipeline, so that a blob of bad bytes is never completed.
 */
export class IncomingBytes {
  private arrived?: ArrivedFacts;

  constructor(
    private readonly source: AsyncIterable<Buffer>,
    private readonly expected: Expectations,
  ) {}

  /** @throws {Error} when asked before the stream has ended well */
  get facts(): ArrivedFacts {
    if (!this.arrived) throw new Error('the upload has not arrived yet');
    return this.arrived;
  }

  /** @throws {AppError} one of `UploadErrors` */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const sha256 = createHash('sha256');
    let crc = 0;
    let bytes = 0;
    let contentType: MediaType | undefined;
    let head: Buffer[] = [];
    for await (const chunk of this.whole()) {
      bytes += chunk.length;
      if (bytes > this.expected.maxBytes) throw UploadErrors.tooLarge();
      sha256.update(chunk);
      crc = crc32(chunk, crc);
      if (contentType !== undefined) {
        yield chunk;
        continue;
      }
      // Nothing is passed on before the type is known: a refused file leaves no byte behind.
      head.push(chunk);
      if (bytes < SNIFF_BYTES) continue;
      contentType = this.typeOf(head);
      yield* head;
      head = [];
    }
    if (bytes === 0) throw UploadErrors.empty();
    contentType ??= this.typeOf(head);
    yield* head;
    const digest = sha256.digest();
    if (this.expected.announcedSha256 && !digest.equals(this.expected.announcedSha256))
      throw UploadErrors.digestMismatch();
    this.arrived = { bytes, contentType, sha256: digest.toString('hex'), crc32: crc };
  }

  /** The source, with every way of ending early as one error. */
  private async *whole(): AsyncGenerator<Buffer> {
    const { announcedBytes } = this.expected;
    let bytes = 0;
    try {
      for await (const chunk of this.source) {
        bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw UploadErrors.incomplete({ cause: error });
    }
    if (announcedBytes !== undefined && bytes !== announcedBytes) throw UploadErrors.incomplete();
  }

  private typeOf(head: readonly Buffer[]): MediaType {
    const type = sniffMediaType(Buffer.concat(head).subarray(0, SNIFF_BYTES));
    if (!type || !this.expected.types.has(type)) throw UploadErrors.typeRefused();
    return type;
  }
}
