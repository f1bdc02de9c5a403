import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppConfig } from '../config/app-config';
import { LOGGER } from '../logging/logging.module';
import { BlobStore } from './blob-store';
import { Metrics } from '../metrics/metrics';
import { LocalBlobStore } from './local.blob-store';
import { MeasuredBlobStore } from './measured.blob-store';
import { S3BlobStore } from './s3.blob-store';
import { s3Settings } from './s3-settings';

/** The store that the configuration names. */
export async function createBlobStore(config: AppConfig, logger: Logger): Promise<BlobStore> {
  switch (config.get('BLOB_DRIVER')) {
    case 'local':
      return new LocalBlobStore(join(config.dataDir, 'blobs'));
    case 's3':
      return S3BlobStore.open(s3Settings(config), logger);
  }
}

/** Not global: only `vault/` and `health/` import it. */
@Module({
  providers: [
    {
      provide: BlobStore,
      inject: [AppConfig, LOGGER, Metrics],
      useFactory: async (config: AppConfig, logger: Logger, metrics: Metrics) => {
        const store = await createBlobStore(config, logger);
        return metrics.isOn ? new MeasuredBlobStore(store, metrics) : store;
      },
    },
  ],
  exports: [BlobStore],
})
export class BlobsModule {}
