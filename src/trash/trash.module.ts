import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module';
import { FoldersModule } from '../folders/folders.module';
import { UsersModule } from '../users/users.module';
import { FolderDeletionController } from './folder-deletion.controller';
import { FolderDeletion } from './folder-deletion.service';
import { TrashController } from './trash.controller';
import { TrashRetention } from './trash-retention';
import { TrashService } from './trash.service';

/** What was thrown away, until it is purged. */
@Module({
  imports: [FilesModule, FoldersModule, UsersModule],
  controllers: [TrashController, FolderDeletionController],
  providers: [TrashService, FolderDeletion, TrashRetention],
})
export class TrashModule {}
