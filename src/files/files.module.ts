import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FoldersModule } from '../folders/folders.module';
import { UsersModule } from '../users/users.module';
import { CheckController } from './check/check.controller';
import { FileCheck } from './check/file-check.service';
import { DownloadController } from './download/download.controller';
import { DownloadService } from './download/download.service';
import { FileEdits } from './file-edits.service';
import { FileRewrappingRepository } from './file-rewrapping.repository';
import { FileRewrapping } from './file-rewrapping.service';
import { FileEntity } from './file.entity';
import { FilesController } from './files.controller';
import { FilesRepository } from './files.repository';
import { FilesService } from './files.service';
import { FreeName } from './free-name.service';
import { RenderPool } from './renditions/render-pool.service';
import { RenditionEntity } from './renditions/rendition.entity';
import { RenditionsController } from './renditions/renditions.controller';
import { RenditionsRepository } from './renditions/renditions.repository';
import { RenditionsService } from './renditions/renditions.service';
import { FilePurging } from './trash/file-purging.service';
import { FileRestoring } from './trash/file-restoring.service';
import { FileTrash } from './trash/file-trash.service';
import { TrashedFilesRepository } from './trash/trashed-files.repository';
import { MultipartUploadController } from './upload/multipart-upload.controller';
import { RawUploadController } from './upload/raw-upload.controller';
import { UploadService } from './upload/upload.service';

@Module({
  imports: [FoldersModule, UsersModule, TypeOrmModule.forFeature([FileEntity, RenditionEntity])],
  controllers: [
    RawUploadController,
    MultipartUploadController,
    DownloadController,
    RenditionsController,
    CheckController,
    FilesController,
  ],
  providers: [
    FilesRepository,
    FileRewrappingRepository,
    FilesService,
    FileEdits,
    FileRewrapping,
    FreeName,
    TrashedFilesRepository,
    FileTrash,
    FileRestoring,
    FilePurging,
    UploadService,
    FileCheck,
    DownloadService,
    RenderPool,
    RenditionsRepository,
    RenditionsService,
  ],
  exports: [
    FilesService,
    FileRewrapping,
    FileTrash,
    FileRestoring,
    FilePurging,
    DownloadService,
    RenditionsService,
    RenditionsRepository,
  ],
})
export class FilesModule {}
