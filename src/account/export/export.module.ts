import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module';
import { FilesModule } from '../../files/files.module';
import { FoldersModule } from '../../folders/folders.module';
import { UsersModule } from '../../users/users.module';
import { ExportArchives } from './export-archives.service';
import { ExportLayouts } from './export-layouts.service';
import { ExportPages } from './export-pages.service';
import { ExportController } from './export.controller';
import { Exports } from './exports.service';

@Module({
  imports: [AuthModule, FilesModule, FoldersModule, UsersModule],
  controllers: [ExportController],
  providers: [ExportArchives, ExportLayouts, ExportPages, Exports],
})
export class ExportModule {}
