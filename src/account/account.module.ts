import { Module } from '@nestjs/common';
import { DeletionModule } from './deletion/deletion.module';
import { ExportModule } from './export/export.module';

/** What concerns an account as a whole. */
@Module({ imports: [DeletionModule, ExportModule] })
export class AccountModule {}
