import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../platform/config/app-config';
import { RetentionService } from '../platform/jobs/retention.service';
import { SharesRepository } from './shares.repository';
import { ShareOpeningsRepository } from './visits/share-openings.repository';
import { ShareSessionsRepository } from './visits/share-sessions.repository';

/** What is left of shares and of their visitors, and how long: what opens them goes at their end, what tells of them a while later. */
@Injectable()
export class ShareRetention implements OnModuleInit {
  constructor(
    private readonly config: AppConfig,
    private readonly retention: RetentionService,
    private readonly shares: SharesRepository,
    private readonly sessions: ShareSessionsRepository,
    private readonly openings: ShareOpeningsRepository,
  ) {}

  onModuleInit(): void {
    const [days, eventDays] = [this.config.get('RETENTION_SHARE_DAYS'), this.config.get('RETENTION_EVENT_DAYS')];
    this.retention.register({ what: 'share sessions', days: 0, purge: () => this.sessions.deleteExpired() });
    this.retention.register({ what: 'keys of shares', days: 0, purge: () => this.shares.deleteKeysOfEnded() });
    this.retention.register({
      what: 'openings of shares',
      days: eventDays,
      purge: (d) => this.openings.deleteOlderThan(d),
    });
    this.retention.register({ what: 'shares', days, purge: (keep) => this.shares.deleteExpired(keep) });
  }
}
