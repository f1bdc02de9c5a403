import type { AppConfig } from '../config/app-config';
import { ctLen } from '../crypto/chunked-format';

const MIB = 1024 * 1024;
/** What S3 allows, of the smallest part but the last, and of the number of parts. */
const MIN_PART_BYTES = 5 * MIB;
const MAX_PARTS = 10_000;

/** An object store as the configuration describes it. */
export interface S3Settings {
  /** Undefined is Amazon's. */
  readonly endpoint?: string;
  readonly region: string;
  readonly bucket: string;
  /** What every key begins with: nothing, or something that ends in a slash. */
  readonly prefix: string;
  readonly forcePathStyle: boolean;
  readonly checksums: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED';
  /** Undefined is whatever the SDK finds. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** How long the store may be silent, in ms. */
  readonly silenceMs: number;
  /** What is larger than this goes in parts of this size, each of which is held in memory for a moment. */
  readonly partBytes: number;
}

/** @throws {Error} without `S3_BUCKET`, with which `AppConfig` does not load */
export function s3Settings(config: AppConfig): S3Settings {
  const [endpoint, bucket, prefix] = [config.get('S3_ENDPOINT'), config.get('S3_BUCKET'), config.get('S3_PREFIX')];
  const [accessKeyId, secretAccessKey] = [config.get('S3_ACCESS_KEY_ID'), config.get('S3_SECRET_ACCESS_KEY')];
  if (bucket === undefined) throw new Error('an object store without a bucket');
  return {
    endpoint,
    region: config.get('S3_REGION'),
    bucket,
    prefix: prefix === undefined ? '' : prefix.replace(/\/?$/, '/'),
    forcePathStyle: (config.get('S3_FORCE_PATH_STYLE') ?? String(endpoint !== undefined)) === 'true',
    checksums: config.get('S3_CHECKSUMS'),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    silenceMs: config.get('S3_TIMEOUT_SECONDS') * 1000,
    partBytes: partBytesFor(ctLen(config.get('UPLOAD_MAX_BYTES'))),
  };
}

/** The smallest parts that the largest object fits into. */
export function partBytesFor(objectBytes: number): number {
  return Math.max(MIN_PART_BYTES, Math.ceil(objectBytes / MAX_PARTS));
}
