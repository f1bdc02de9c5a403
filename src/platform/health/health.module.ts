import { Module } from '@nestjs/common';
import { BlobsModule } from '../blobs/blobs.module';
import { RedisModule } from '../redis/redis.module';
import { HealthMetrics } from './health-metrics';
import { HealthController } from './health.controller';
import { HealthService } from './health.service';
import { ServerInfoController } from './server-info.controller';

@Module({
  imports: [BlobsModule, RedisModule],
  controllers: [HealthController, ServerInfoController],
  providers: [HealthService, HealthMetrics],
})
export class HealthModule {}
