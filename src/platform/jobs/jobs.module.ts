import { Global, Module } from '@nestjs/common';
import { JobsService } from './jobs.service';
import { RetentionService } from './retention.service';

@Global()
@Module({ providers: [JobsService, RetentionService], exports: [JobsService, RetentionService] })
export class JobsModule {}
