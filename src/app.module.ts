import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { AccountModule } from './account/account.module';
import { AuthModule } from './auth/auth.module';
import { vaultDataSourceOptions } from './data-source';
import { FilesModule } from './files/files.module';
import { FoldersModule } from './folders/folders.module';
import { LocksModule } from './locks/locks.module';
import type { AppConfig } from './platform/config/app-config';
import { ConfigModule } from './platform/config/config.module';
import { DatabaseModule } from './platform/database/database.module';
import { HealthModule } from './platform/health/health.module';
import { RateLimitModule } from './platform/http/rate-limit/rate-limit.module';
import { JobsModule } from './platform/jobs/jobs.module';
import { LoggingModule } from './platform/logging/logging.module';
import type { MailPace } from './platform/mail/mail-queue.service';
import { MailModule } from './platform/mail/mail.module';
import { MetricsModule } from './platform/metrics/metrics.module';
import { SharesModule } from './shares/shares.module';
import { TrashModule } from './trash/trash.module';
import { UsersModule } from './users/users.module';
import type { MasterKeyring } from './vault/master-keyring';
import { VaultModule } from './vault/vault.module';

/** What must be open before the application can be built. */
export interface AppParts {
  readonly config: AppConfig;
  readonly logger: Logger;
  readonly databaseUrl: string;
  readonly masterKeys: MasterKeyring;
  /** How mails take their time; for tests that cannot wait. */
  readonly mailPace?: MailPace;
}

/** The table of contents. */
@Module({})
export class AppModule {
  static with({ config, logger, databaseUrl, masterKeys, mailPace }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        LoggingModule.with(logger),
        MetricsModule,
        TypeOrmModule.forRoot({ ...vaultDataSourceOptions(databaseUrl), retryAttempts: 0 }),
        DatabaseModule,
        RateLimitModule,
        JobsModule,
        MailModule.with(mailPace),
        HealthModule,
        VaultModule.with(masterKeys),
        UsersModule,
        FoldersModule,
        FilesModule,
        // Their guard lets visitors in, and comes before that of `auth`, which shuts every route on whoever is not in by then.
        SharesModule,
        AuthModule,
        LocksModule,
        TrashModule,
        AccountModule,
      ],
    };
  }
}
