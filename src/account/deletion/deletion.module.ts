import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FilesModule } from '../../files/files.module';
import { UsersModule } from '../../users/users.module';
import { AccountDeletionEntity } from './account-deletion.entity';
import { AccountDeletion } from './account-deletion.service';
import { AccountDeletionsRepository } from './account-deletions.repository';
import { AccountRowsRepository } from './account-rows.repository';
import { ClosingRepository } from './closing.repository';
import { DeletionMachine } from './deletion-machine.service';
import { DeletionController } from './deletion.controller';

/** The end of an account. */
@Module({
  imports: [FilesModule, UsersModule, TypeOrmModule.forFeature([AccountDeletionEntity])],
  controllers: [DeletionController],
  providers: [AccountDeletion, AccountDeletionsRepository, AccountRowsRepository, ClosingRepository, DeletionMachine],
  exports: [AccountDeletion],
})
export class DeletionModule {}
