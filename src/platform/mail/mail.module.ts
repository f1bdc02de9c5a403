import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppConfig } from '../config/app-config';
import { LOGGER } from '../logging/logging.module';
import { LogMailer } from './log.mailer';
import { type MailPace, MailQueue } from './mail-queue.service';
import { Mailer } from './mailer';
import { SmtpMailer } from './smtp.mailer';

/** SMTP when `SMTP_URL` is set, else the log; and the queue in front of either. */
@Global()
@Module({})
export class MailModule {
  /** @param pace how the queue takes its time; for tests that cannot wait */
  static with(pace?: MailPace): DynamicModule {
    return {
      module: MailModule,
      providers: [
        {
          provide: Mailer,
          inject: [AppConfig, LOGGER],
          useFactory: (config: AppConfig, logger: Logger): Mailer => {
            const url = config.get('SMTP_URL');
            return url === undefined
              ? new LogMailer(logger)
              : new SmtpMailer(url, config.get('MAIL_FROM'), config.publicUrl);
          },
        },
        {
          provide: MailQueue,
          inject: [Mailer, LOGGER],
          useFactory: (mailer: Mailer, logger: Logger) => new MailQueue(mailer, logger, pace),
        },
      ],
      exports: [Mailer, MailQueue],
    };
  }
}
