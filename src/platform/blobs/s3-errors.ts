import { BlobStoreError, type BlobStoreProblem } from './blob-store-error';

/** What the SDK says of a failure: an answer of the store has a status, everything else has none. */
interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Codes of S3 and of stores that speak its language. */
const BY_CODE: Record<string, BlobStoreProblem> = {
  NoSuchKey: 'missing',
  NoSuchUpload: 'missing',
  InvalidRange: 'damaged',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
  XMinioAdminBucketQuotaExceeded: 'full',
  // A 400 that says that a body came too slowly.
  RequestTimeout: 'away',
  CredentialsProviderError: 'refused',
};

/**
 * A failure of the SDK as one of a store. The SDK's error stays behind: it carries the request, with its signature and the names of keys.
 * @param key of the object, or what else was asked for
 */
export function asStoreError(error: unknown, key: string): BlobStoreError {
  if (error instanceof BlobStoreError) return error;
  const { name = 'Error', code, $metadata: { httpStatusCode: status } = {} } = (error ?? {}) as SdkError;
  const said = status === undefined ? (code ?? name) : `${name}, HTTP ${status}`;
  return new BlobStoreError(BY_CODE[name] ?? byStatus(status), key, new Error(`S3: ${said}`));
}

/** 408 and 429 are the only refusals that pass by themselves. */
function byStatus(status: number | undefined): BlobStoreProblem {
  if (status === undefined || status === 408 || status === 429) return 'away';
  if (status === 507) return 'full';
  // A store that does not know what it is asked for will not learn it, unlike one that is down.
  return status < 500 || status === 501 ? 'refused' : 'away';
}
