import { Module } from '@nestjs/common';
import { BlobsModule } from '../blobs/blobs.module';
import { HealthController } from './health.controller';
import { HealthService } from './health.service';
import { ServerInfoController } from './server-info.controller';

@Module({ imports: [BlobsModule], controllers: [HealthController, ServerInfoController], providers: [HealthService] })
export class HealthModule {}
