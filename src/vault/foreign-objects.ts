import type { Logger } from 'pino';
import { blobIdOf } from '../platform/blobs/blob-key';
import { BlobStoreError } from '../platform/blobs/blob-store-error';
import { createBlobStore } from '../platform/blobs/blobs.module';
import type { AppConfig } from '../platform/config/app-config';
import { ConfigError } from '../platform/config/config-error';
import { DatabaseError } from '../platform/database/database-error';
import type { Canary } from './master-keyring';

/**
 * Refuses a store that lets nobody in, and to begin a new vault on a store that holds another one's objects: with no row that knows them
 * they would all be strays, and the sweeper would remove them. A wrong `DB_URL`, or a move before the dump is restored, must not cost
 * a photo. A vault that is not new starts without its store, should that be away.
 * @throws {ConfigError | DatabaseError}
 */
export async function refuseForeignObjects(config: AppConfig, canary: Canary | null, logger: Logger): Promise<void> {
  if (canary && config.get('BLOB_DRIVER') === 'local') return;
  const store = await createBlobStore(config, logger);
  try {
    // A list may be waited for much longer, and what refuses this says more of itself there.
    if (canary) await store.check().catch(unlessRefused);
    for await (const { key } of store.list()) {
      if (canary) return;
      // Files that are not of our making are nobody's photos, and the sweeper leaves them alone.
      if (blobIdOf(key) === null) continue;
      throw new DatabaseError(
        `The database is empty, but the blob store holds objects of another one (${key}). Restore that database's dump, or choose ` +
          `another ${config.get('BLOB_DRIVER') === 's3' ? 'S3_BUCKET or S3_PREFIX' : 'DATA_DIR'}; nothing was changed.`,
      );
    }
  } catch (error) {
    if (!(error instanceof BlobStoreError && error.isOutage)) throw error;
    const reason = (error.cause as Error).message;
    if (error.problem === 'refused') {
      throw new ConfigError([
        `S3_BUCKET, or what leads to it, is not right: the object store lets nobody in (${reason})`,
      ]);
    }
    if (!canary) throw new DatabaseError(`A new vault needs its object store, which does not answer (${reason}).`);
  }
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof BlobStoreError && error.problem === 'refused')) throw error;
}
