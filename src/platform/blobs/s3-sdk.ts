import type { S3 } from '@aws-sdk/client-s3';
import type { Upload } from '@aws-sdk/lib-storage';
import type { S3Settings } from './s3-settings';

/** How long a connection may take to come about, in ms. */
const CONNECT_MS = 5000;
/** The first and two more, each after a random moment that grows. */
const ATTEMPTS = 3;

/** The AWS SDK, as far as it is used. */
export interface S3Sdk {
  readonly s3: S3;
  readonly Upload: typeof Upload;
}

/** Loads the SDK: 20 MiB of memory that a vault on a disk does without. */
export async function loadS3Sdk(settings: S3Settings): Promise<S3Sdk> {
  // It would tell every start on Node 20 that versions of next year will not run there: the one that runs here is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const [{ S3 }, { Upload }] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
  const { endpoint, region, forcePathStyle, checksums, credentials, silenceMs } = settings;
  // Each upload and download needs a connection: one that waits for another's to end would wait for a stranger's slow line.
  const agent = { keepAlive: true, maxSockets: Infinity };
  const s3 = new S3({
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    region,
    forcePathStyle,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    // A connection of its own for every part is what this would cost.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: silenceMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return { s3, Upload };
}
