import { type DynamicModule, Global, Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeletionModule } from '../account/deletion/deletion.module';
import type { AppParts } from '../app.module';
import { AuthModule } from '../auth/auth.module';
import { vaultDataSourceOptions } from '../data-source';
import { ConfigModule } from '../platform/config/config.module';
import { DatabaseModule } from '../platform/database/database.module';
import { JobsService } from '../platform/jobs/jobs.service';
import { RetentionService } from '../platform/jobs/retention.service';
import { LoggingModule } from '../platform/logging/logging.module';
import { MailModule } from '../platform/mail/mail.module';
import { MetricsModule } from '../platform/metrics/metrics.module';
import { StatsModule } from '../stats/stats.module';
import { UsersModule } from '../users/users.module';
import { VaultModule } from '../vault/vault.module';

/** Jobs are the servers': a process that lives for a moment lets itself be told of them, and begins none. */
@Injectable()
class IdleJobsService extends JobsService {
  override every(): void {}
}

@Global()
@Module({
  providers: [{ provide: JobsService, useClass: IdleJobsService }, RetentionService],
  exports: [JobsService, RetentionService],
})
class IdleJobsModule {}

/** The rooms of the vault that commands work in; no routes, no jobs. */
@Module({})
export class CliModule {
  static with({ config, logger, databaseUrl, masterKeys }: AppParts): DynamicModule {
    return {
      module: CliModule,
      imports: [
        ConfigModule.with(config),
        LoggingModule.with(logger),
        MetricsModule,
        TypeOrmModule.forRoot({ ...vaultDataSourceOptions(databaseUrl), retryAttempts: 0 }),
        DatabaseModule,
        IdleJobsModule,
        MailModule.with(),
        VaultModule.with(masterKeys),
        UsersModule,
        // Its guard and controllers are there as well, and nobody comes in: there are no routes.
        AuthModule,
        StatsModule,
        DeletionModule,
      ],
    };
  }
}
