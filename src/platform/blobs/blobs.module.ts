import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { AppConfig } from '../config/app-config';
import { BlobStore } from './blob-store';
import { LocalBlobStore } from './local.blob-store';

/** The store that the configuration names. */
export function createBlobStore(config: AppConfig): BlobStore {
  return new LocalBlobStore(join(config.dataDir, 'blobs'));
}

/** Not global: only `vault/` and `health/` import it. */
@Module({
  providers: [
    {
      provide: BlobStore,
      inject: [AppConfig],
      useFactory: createBlobStore,
    },
  ],
  exports: [BlobStore],
})
export class BlobsModule {}
