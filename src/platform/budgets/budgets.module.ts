import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BudgetEntity } from './budget.entity';
import { BudgetsRepository } from './budgets.repository';

/** Rolling budgets on PostgreSQL, for what must be counted exactly whatever happens to a cache. */
@Module({
  imports: [TypeOrmModule.forFeature([BudgetEntity])],
  providers: [BudgetsRepository],
  exports: [BudgetsRepository],
})
export class BudgetsModule {}
