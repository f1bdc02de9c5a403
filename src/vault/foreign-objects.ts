import { blobIdOf } from '../platform/blobs/blob-key';
import { createBlobStore } from '../platform/blobs/blobs.module';
import type { AppConfig } from '../platform/config/app-config';
import { DatabaseError } from '../platform/database/database-error';
import type { Canary } from './master-keyring';

/**
 * Refuses to begin a new vault on a store that holds another one's objects: with no row that knows them they would all be strays,
 * and the sweeper would remove them. A wrong `DB_URL`, or a move before the dump is restored, must not cost a photo.
 * @throws {DatabaseError}
 */
export async function refuseForeignObjects(config: AppConfig, canary: Canary | null): Promise<void> {
  if (canary) return;
  for await (const object of createBlobStore(config).list()) {
    // Files that are not of our making are nobody's photos, and the sweeper leaves them alone.
    if (blobIdOf(object.key) === null) continue;
    throw new DatabaseError(
      'The database is empty, but the blob store holds objects of another one ' +
        `(${object.key}). Restore that database's dump, or choose another DATA_DIR; nothing was changed.`,
    );
  }
}
