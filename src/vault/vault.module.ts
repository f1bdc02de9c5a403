import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BlobsModule } from '../platform/blobs/blobs.module';
import { BlobEntity } from './blob.entity';
import { BlobSweeper } from './blob-sweeper.service';
import { BlobsRepository } from './blobs.repository';
import { KeyRotation } from './key-rotation.service';
import { KeyringService } from './keyring.service';
import { KeysRepository } from './keys.repository';
import { MasterKeyring } from './master-keyring';
import { QuotasRepository } from './quotas.repository';
import { Reservations } from './reservations.service';
import { ServerSecretEntity } from './server-secret.entity';
import { StoreCheck } from './store-check.service';
import { UserKeyEntity } from './user-key.entity';
import { VaultService } from './vault.service';

/** The waist between features and storage. Global, because every feature stands on it. */
@Global()
@Module({})
export class VaultModule {
  /** @param masterKeys opened before the application starts: a wrong key must stop the boot before anything is written */
  static with(masterKeys: MasterKeyring): DynamicModule {
    return {
      module: VaultModule,
      imports: [BlobsModule, TypeOrmModule.forFeature([BlobEntity, ServerSecretEntity, UserKeyEntity])],
      providers: [
        { provide: MasterKeyring, useValue: masterKeys },
        KeysRepository,
        KeyringService,
        KeyRotation,
        BlobsRepository,
        QuotasRepository,
        Reservations,
        VaultService,
        BlobSweeper,
        StoreCheck,
      ],
      exports: [KeyringService, KeyRotation, MasterKeyring, VaultService, BlobSweeper, StoreCheck],
    };
  }
}
