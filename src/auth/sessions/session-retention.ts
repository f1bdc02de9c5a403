import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../../platform/config/app-config';
import { RetentionService } from '../../platform/jobs/retention.service';
import { TrustedDevicesRepository } from '../devices/trusted-devices.repository';
import { SessionsRepository } from './sessions.repository';

/** What is left of sessions and trusted devices, and how long. */
@Injectable()
export class SessionRetention implements OnModuleInit {
  constructor(
    private readonly config: AppConfig,
    private readonly retention: RetentionService,
    private readonly sessions: SessionsRepository,
    private readonly devices: TrustedDevicesRepository,
  ) {}

  onModuleInit(): void {
    const days = this.config.get('RETENTION_SESSION_DAYS');
    this.retention.register({ what: 'sessions', days, purge: (keep) => this.sessions.deleteOver(keep) });
    this.retention.register({
      what: 'addresses of sessions',
      days: this.config.get('RETENTION_IP_DAYS'),
      purge: (keep) => this.sessions.forgetAddresses(keep),
    });
    this.retention.register({ what: 'trusted devices', days: 0, purge: (keep) => this.devices.deleteExpired(keep) });
  }
}
