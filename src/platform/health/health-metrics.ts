import { Injectable } from '@nestjs/common';
import { BlobStore } from '../blobs/blob-store';
import { AppConfig } from '../config/app-config';
import { Metrics } from '../metrics/metrics';
import { RedisConnection } from '../redis/redis-connection';

/** What can be seen of the surroundings without asking them anything. */
@Injectable()
export class HealthMetrics {
  constructor(metrics: Metrics, config: AppConfig, store: BlobStore, redis: RedisConnection) {
    metrics.gauge(
      { name: 'photovault_blob_free_bytes', help: 'Room for new blobs, where the store can know.' },
      // A store that does not answer must not keep the other figures back; its failures are counted where they happen.
      () => store.freeBytes().catch(() => null),
    );
    metrics.gauge(
      { name: 'photovault_blob_free_floor_bytes', help: 'Room that uploads leave alone: MIN_FREE_BYTES.' },
      () => config.get('MIN_FREE_BYTES'),
    );
    metrics.gauge(
      {
        name: 'photovault_redis_up',
        help: '1 while request rates are shared through Redis; missing without REDIS_URL.',
      },
      () => (redis.client === null ? null : Number(redis.isUp)),
    );
  }
}
