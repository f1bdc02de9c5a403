import { Readable } from 'node:stream';
import type { ListMultipartUploadsOutput, ListObjectsV2Output, S3 } from '@aws-sdk/client-s3';
import type { Logger } from 'pino';
import { blobIdOf, isUnfinished, UNFINISHED } from './blob-key';
import { BlobStore, type ByteRange, type ListedObject, type StoredObject } from './blob-store';
import { BlobStoreError } from './blob-store-error';
import { asStoreError } from './s3-errors';
import { loadS3Sdk, type S3Sdk } from './s3-sdk';
import type { S3Settings } from './s3-settings';
import { StoreWatch } from './store-watch';
import { TakenBlocks } from './taken-blocks';

/** How long whoever asks for readiness, or has to give an upload up, waits for the store, in ms. */
const PATIENCE_MS = 5000;
/** How often the rest of an object is asked for without another byte of it, when an answer breaks off. */
const READ_ATTEMPTS = 3;

/**
 * Objects in a bucket, below a prefix: a small one by one request, a larger one in parts that become an object when the last one is there.
 * Needs no conditional writes: no key is ever used for two objects. Several processes may share the bucket, and so may other things:
 * only keys of our making are touched.
 */
export class S3BlobStore extends BlobStore {
  private readonly watch: StoreWatch;

  private constructor(
    private readonly sdk: S3Sdk,
    private readonly settings: S3Settings,
    logger: Logger,
  ) {
    super();
    this.watch = new StoreWatch(logger);
  }

  /** Asks nothing of the store yet: it may be away. */
  static async open(settings: S3Settings, logger: Logger): Promise<S3BlobStore> {
    return new S3BlobStore(await loadS3Sdk(settings), settings, logger);
  }

  async put(key: string, source: AsyncIterable<Buffer>): Promise<StoredObject> {
    const place = this.placeOf(key);
    const taken = new TakenBlocks(source);
    // Nothing is read ahead: a client waits while a part of its upload is on its way, and the kernel holds what it sends meanwhile.
    const body = Readable.from(taken, { highWaterMark: 0 });
    body.on('error', () => undefined);
    const sender = this.sender(key);
    try {
      const { ETag } = await new this.sdk.Upload({
        client: sender.client,
        params: { ...place, Body: body },
        partSize: this.settings.partBytes,
        // Of two parts at once, the failure of one would not be noticed until the client has filled the other.
        queueSize: 1,
        // Aborted below, in bounded time and however many there are.
        leavePartsOnError: true,
      }).done();
      // Of parts, the SDK looks for it itself; of the whole that they become, not every store says it.
      if (ETag === undefined && taken.bytes <= this.settings.partBytes) throw unintelligible(key);
    } catch (error) {
      await this.giveUp(key);
      throw taken.failure ? taken.failure.error : asStoreError(error, key);
    } finally {
      body.destroy();
    }
    if (sender.mayHaveBegunTwice) await this.giveUp(key);
    return { bytes: taken.bytes, crc32: taken.crc32 };
  }

  async *read(key: string, expectedBytes: number, range: ByteRange): AsyncGenerator<Buffer> {
    const end = Math.min(range.end, expectedBytes - 1);
    if (end < range.start) {
      (await this.get(key, expectedBytes)).destroy();
      return;
    }
    let position = range.start;
    for (let failures = 0; position <= end;) {
      const body = await this.get(key, expectedBytes, { start: position, end });
      try {
        for await (const block of body as AsyncIterable<Buffer>) {
          if (block.length > end - position + 1) throw unintelligible(key);
          position += block.length;
          failures = 0;
          yield block;
        }
        if (position <= end) throw unintelligible(key);
      } catch (error) {
        // No object ever changes: its rest may be had from another connection.
        if (++failures === READ_ATTEMPTS) throw this.failed(error, key);
      }
    }
  }

  async remove(key: string): Promise<void> {
    await this.abortUploads(key);
    if (!isUnfinished(key)) await this.ask(key, (s3) => s3.deleteObject(this.placeOf(key)));
  }

  async *list(): AsyncGenerator<ListedObject> {
    const { bucket: Bucket, prefix: Prefix } = this.settings;
    for (let page: ListObjectsV2Output = { IsTruncated: true }; page.IsTruncated;) {
      const { NextContinuationToken: ContinuationToken } = page;
      page = await this.ask(Prefix, (s3) => s3.listObjectsV2({ Bucket, Prefix, ContinuationToken }));
      for (const { Key = '', LastModified } of page.Contents ?? []) {
        yield { key: Key.slice(Prefix.length), modifiedAt: LastModified ?? new Date() };
      }
    }
    for await (const { id, begunAt } of this.openUploads()) yield { key: `${UNFINISHED}/${id}`, modifiedAt: begunAt };
  }

  /** How much a bucket may take is nothing that it can be asked for. */
  freeBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  async check(): Promise<void> {
    const abortSignal = AbortSignal.timeout(PATIENCE_MS);
    const { bucket: Bucket } = this.settings;
    await this.ask(Bucket, (s3) => s3.headBucket({ Bucket }, { abortSignal }));
  }

  /** An object, or a range of it: what its answer says of itself is held against what was asked for. */
  private async get(key: string, expectedBytes: number, range?: ByteRange): Promise<Readable> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    const { Body, ContentLength, ContentRange } = await this.ask(key, (s3) =>
      s3.getObject({ ...this.placeOf(key), Range }),
    );
    const body = Body as Readable;
    const asked = range && `bytes ${range.start}-${range.end}/${expectedBytes}`;
    if (range ? ContentRange === asked : ContentLength === expectedBytes) return body;
    body.destroy();
    // RFC 9110 section 14.4: what follows the slash is the length of the whole. Another part of the object says nothing against it.
    const size = range ? Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1] ?? expectedBytes) : ContentLength;
    throw size === expectedBytes ? unintelligible(key) : new BlobStoreError('damaged', key);
  }

  /** Aborts what a `put` has begun, as far as the store can be asked now; the rest is left to the sweepers. */
  private async giveUp(key: string): Promise<void> {
    await this.abortUploads(key, AbortSignal.timeout(PATIENCE_MS)).catch(() => undefined);
  }

  private async abortUploads(key: string, abortSignal?: AbortSignal): Promise<void> {
    const id = blobIdOf(key);
    if (id === null) throw new BlobStoreError('unsafe', 'a key of another form');
    for await (const upload of this.openUploads(isUnfinished(key) ? '' : key, abortSignal)) {
      if (upload.id !== id) continue;
      const { Key, UploadId } = upload;
      const { bucket: Bucket } = this.settings;
      try {
        await this.ask(key, (s3) => s3.abortMultipartUpload({ Bucket, Key, UploadId }, { abortSignal }));
      } catch (error) {
        // Completed or aborted since it was listed.
        if (!(error instanceof BlobStoreError && error.problem === 'missing')) throw error;
      }
    }
  }

  /** Uploads in parts that are neither complete nor aborted. @param below what their keys begin with, after the prefix */
  private async *openUploads(below = '', abortSignal?: AbortSignal): AsyncGenerator<OpenUpload> {
    const { bucket: Bucket, prefix } = this.settings;
    const Prefix = `${prefix}${below}`;
    for (let page: ListMultipartUploadsOutput = { IsTruncated: true }; page.IsTruncated;) {
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      page = await this.ask(Prefix, (s3) =>
        s3.listMultipartUploads({ Bucket, Prefix, KeyMarker, UploadIdMarker }, { abortSignal }),
      );
      for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
        const key = Key.slice(prefix.length);
        const id = isUnfinished(key) ? null : blobIdOf(key);
        if (id !== null) yield { id, Key, UploadId, begunAt: Initiated ?? new Date() };
      }
    }
  }

  /** A client for one upload. It notes when a request to begin one was repeated: the first may have been heard as well. */
  private sender(key: string): { client: S3; mayHaveBegunTwice: boolean } {
    const sender = { client: Object.create(this.sdk.s3) as S3, mayHaveBegunTwice: false };
    const send = (command: Parameters<S3['send']>[0]): Promise<unknown> =>
      this.ask(key, async (s3) => {
        const output = await s3.send(command);
        const begun = 'UploadId' in output;
        if (begun && (output.$metadata.attempts ?? 1) > 1) sender.mayHaveBegunTwice = true;
        return output;
      });
    Object.assign(sender.client, { send });
    return sender;
  }

  /** The one way to the store. @param what is asked about, for the error */
  private async ask<T>(what: string, request: (s3: S3) => Promise<T>): Promise<T> {
    try {
      const answer = await request(this.sdk.s3);
      this.watch.answered();
      return answer;
    } catch (error) {
      throw this.failed(error, what);
    }
  }

  private failed(error: unknown, what: string): BlobStoreError {
    const failure = asStoreError(error, what);
    this.watch.failed(failure);
    return failure;
  }

  private placeOf(key: string): { Bucket: string; Key: string } {
    const { bucket, prefix } = this.settings;
    if (blobIdOf(key) === null || isUnfinished(key)) {
      throw new BlobStoreError('unsafe', 'a key of another form');
    }
    return { Bucket: bucket, Key: `${prefix}${key}` };
  }
}

/** A success that cannot be one, as of a proxy that answers in place of the store. */
function unintelligible(key: string): BlobStoreError {
  return new BlobStoreError('away', key, new Error('S3: not an answer to what was asked'));
}

interface OpenUpload {
  /** Of the blob that it was to become. */
  readonly id: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
  readonly begunAt: Date;
}
