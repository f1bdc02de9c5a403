import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { RedisModule } from '../../redis/redis.module';
import { RateLimitGuard } from './rate-limit.guard';

/** Global guards run in the order in which their modules are imported: this one comes before those that ask the database. */
@Module({ imports: [RedisModule], providers: [{ provide: APP_GUARD, useClass: RateLimitGuard }] })
export class RateLimitModule {}
