import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FilePurging } from '../files/trash/file-purging.service';
import { AppConfig } from '../platform/config/app-config';
import { RetentionService } from '../platform/jobs/retention.service';
import { FolderDeletion } from './folder-deletion.service';

/** How long the trash is kept; no key is needed to remove what is past its time, so that locked folders go like all others. */
@Injectable()
export class TrashRetention implements OnModuleInit {
  constructor(
    private readonly config: AppConfig,
    private readonly retention: RetentionService,
    private readonly purging: FilePurging,
    private readonly deletion: FolderDeletion,
  ) {}

  onModuleInit(): void {
    const days = this.config.get('TRASH_DAYS');
    this.retention.register({ what: 'trashed files', days, purge: (d) => this.purging.purgeExpired(d) });
    this.retention.register({ what: 'trashed folders', days, purge: (d) => this.deletion.purgeDue(d) });
  }
}
