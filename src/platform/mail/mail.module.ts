import { Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppConfig } from '../config/app-config';
import { LOGGER } from '../logging/logging.module';
import { LogMailer } from './log.mailer';
import { Mailer } from './mailer';
import { SmtpMailer } from './smtp.mailer';

/** SMTP when `SMTP_URL` is set, else the log. */
@Global()
@Module({
  providers: [
    {
      provide: Mailer,
      inject: [AppConfig, LOGGER],
      useFactory: (config: AppConfig, logger: Logger): Mailer => {
        const url = config.get('SMTP_URL');
        return url === undefined ? new LogMailer(logger) : new SmtpMailer(url, config.get('MAIL_FROM'));
      },
    },
  ],
  exports: [Mailer],
})
export class MailModule {}
