import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FilesModule } from '../files/files.module';
import { FoldersModule } from '../folders/folders.module';
import { PasswordsModule } from '../platform/passwords/passwords.module';
import { UsersModule } from '../users/users.module';
import { SharePageController } from './page/share-page.controller';
import { ShareCreation } from './share-creation.service';
import { ShareItemEntity } from './share-item.entity';
import { ShareRetention } from './share-retention';
import { ShareEntity } from './share.entity';
import { ShareGuard } from './share.guard';
import { SharesController } from './shares.controller';
import { SharesRepository } from './shares.repository';
import { SharesService } from './shares.service';
import { OpenShareController } from './visits/open-share.controller';
import { ShareCookies } from './visits/share-cookies.service';
import { ShareLedger } from './visits/share-ledger.service';
import { ShareOpeningEntity } from './visits/share-opening.entity';
import { ShareOpeningsRepository } from './visits/share-openings.repository';
import { SharePasswords } from './visits/share-passwords.service';
import { ShareSessionEntity } from './visits/share-session.entity';
import { ShareSessionsRepository } from './visits/share-sessions.repository';
import { ShareVisits } from './visits/share-visits.service';
import { SharedArchives } from './visits/shared-archives.service';
import { SharedFilesController } from './visits/shared-files.controller';
import { SharedFilesRepository } from './visits/shared-files.repository';
import { SharedFiles } from './visits/shared-files.service';

/** Imported before the room whose guard shuts all routes: what its own guard lets in has to be in by then. */
@Module({
  imports: [
    FilesModule,
    FoldersModule,
    PasswordsModule,
    UsersModule,
    TypeOrmModule.forFeature([ShareEntity, ShareItemEntity, ShareOpeningEntity, ShareSessionEntity]),
  ],
  controllers: [SharesController, OpenShareController, SharedFilesController, SharePageController],
  providers: [
    ShareCookies,
    ShareCreation,
    ShareLedger,
    ShareOpeningsRepository,
    SharePasswords,
    ShareRetention,
    ShareSessionsRepository,
    ShareVisits,
    SharedArchives,
    SharedFiles,
    SharedFilesRepository,
    SharesRepository,
    SharesService,
    { provide: APP_GUARD, useClass: ShareGuard },
  ],
  exports: [SharesService],
})
export class SharesModule {}
