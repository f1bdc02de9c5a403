import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BudgetsRepository } from '../../platform/budgets/budgets.repository';
import { AppConfig } from '../../platform/config/app-config';
import { RetentionService } from '../../platform/jobs/retention.service';
import { ChallengesRepository } from './challenges.repository';
import { StepUpCodesRepository } from './step-up/step-up-codes.repository';

/** What is left of PINs, and how long. */
@Injectable()
export class PinRetention implements OnModuleInit {
  constructor(
    private readonly config: AppConfig,
    private readonly retention: RetentionService,
    private readonly challenges: ChallengesRepository,
    private readonly codes: StepUpCodesRepository,
    private readonly budgets: BudgetsRepository,
  ) {}

  onModuleInit(): void {
    const purge = (days: number) => this.challenges.deleteExpired(days);
    this.retention.register({ what: 'challenges', days: this.config.get('RETENTION_CHALLENGE_DAYS'), purge });
    this.retention.register({ what: 'step-up codes', days: 0, purge: () => this.codes.deleteExpired() });
    this.retention.register({ what: 'budgets', days: 0, purge: () => this.budgets.deleteExpired() });
  }
}
