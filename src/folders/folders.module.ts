import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BudgetsModule } from '../platform/budgets/budgets.module';
import { PasswordsModule } from '../platform/passwords/passwords.module';
import { UsersModule } from '../users/users.module';
import { FolderAccess } from './access/folder-access.service';
import { FolderLocking } from './access/folder-locking.service';
import { FolderOpening } from './access/folder-opening.service';
import { FolderSlotEntity } from './access/folder-slot.entity';
import { FolderSlotsRepository } from './access/folder-slots.repository';
import { SlotSealing } from './access/slot-sealing.service';
import { UnlockGrantEntity } from './access/unlock-grant.entity';
import { UnlockGrantsRepository } from './access/unlock-grants.repository';
import { UnlockingController } from './access/unlocking.controller';
import { Unlocking } from './access/unlocking.service';
import { FolderEntity } from './folder.entity';
import { FoldersController } from './folders.controller';
import { FoldersRepository } from './folders.repository';
import { FoldersService } from './folders.service';
import { FolderTrash } from './trash/folder-trash.service';
import { TrashedFoldersRepository } from './trash/trashed-folders.repository';

/** Folders and the keys to them. */
@Module({
  imports: [
    BudgetsModule,
    PasswordsModule,
    UsersModule,
    TypeOrmModule.forFeature([FolderEntity, FolderSlotEntity, UnlockGrantEntity]),
  ],
  controllers: [FoldersController, UnlockingController],
  providers: [
    FoldersRepository,
    FolderSlotsRepository,
    UnlockGrantsRepository,
    SlotSealing,
    FolderAccess,
    FolderLocking,
    FolderOpening,
    FoldersService,
    TrashedFoldersRepository,
    FolderTrash,
    Unlocking,
  ],
  exports: [FolderAccess, FolderLocking, FolderOpening, FoldersService, FolderTrash],
})
export class FoldersModule {}
