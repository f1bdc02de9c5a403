import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module';
import { FoldersModule } from '../folders/folders.module';
import { SharesModule } from '../shares/shares.module';
import { UsersModule } from '../users/users.module';
import { LocksController } from './locks.controller';
import { LocksService } from './locks.service';

/** Locking: above the files, because it rewraps them. */
@Module({
  imports: [FilesModule, FoldersModule, SharesModule, UsersModule],
  controllers: [LocksController],
  providers: [LocksService],
})
export class LocksModule {}
