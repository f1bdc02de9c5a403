import { Module } from '@nestjs/common';
import { DeletionModule } from './deletion/deletion.module';

/** What concerns an account as a whole. */
@Module({ imports: [DeletionModule] })
export class AccountModule {}
