import { Global, Module } from '@nestjs/common';
import { PoolMetrics } from './pool-metrics';
import { PreparedStatements } from './prepared-statements';

/** What repositories share beside TypeORM's own module. */
@Global()
@Module({ providers: [PreparedStatements, PoolMetrics], exports: [PreparedStatements] })
export class DatabaseModule {}
