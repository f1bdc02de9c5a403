import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PasswordsModule } from '../platform/passwords/passwords.module';
import { FolderAccess } from './access/folder-access.service';
import { FolderEntity } from './folder.entity';
import { FoldersRepository } from './folders.repository';

/** The folder layer; its API comes with the locks. */
@Module({
  imports: [PasswordsModule, TypeOrmModule.forFeature([FolderEntity])],
  providers: [FoldersRepository, FolderAccess],
  exports: [FolderAccess],
})
export class FoldersModule {}
