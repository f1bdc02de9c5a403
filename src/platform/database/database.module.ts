import { Global, Module } from '@nestjs/common';
import { PreparedStatements } from './prepared-statements';

/** What repositories share beside TypeORM's own module. */
@Global()
@Module({ providers: [PreparedStatements], exports: [PreparedStatements] })
export class DatabaseModule {}
