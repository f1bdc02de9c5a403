import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics';

/** Makes the figures of the process something that every room can add its own to. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
