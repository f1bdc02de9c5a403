import { DataSource, type DataSourceOptions } from 'typeorm';
import { CreateVault1763640000000 } from '../migrations/1763640000000-create-vault';
import { GuardSignIn1763726400000 } from '../migrations/1763726400000-guard-sign-in';
import { LockFolders1763812800000 } from '../migrations/1763812800000-lock-folders';
import { CreateRenditions1763899200000 } from '../migrations/1763899200000-create-renditions';
import { CreateShares1763985600000 } from '../migrations/1763985600000-create-shares';
import { AddQuotas1764072000000 } from '../migrations/1764072000000-add-quotas';
import { AddTrash1764158400000 } from '../migrations/1764158400000-add-trash';
import { DeleteAccounts1764244800000 } from '../migrations/1764244800000-delete-accounts';
import { DisableUsers1764417600000 } from '../migrations/1764417600000-disable-users';
import { BindFilesToTheirOwnersFolders1764504000000 } from '../migrations/1764504000000-bind-files-to-their-owners-folders';
import { AccountDeletionEntity } from './account/deletion/account-deletion.entity';
import { TrustedDeviceEntity } from './auth/devices/trusted-device.entity';
import { LoginChallengeEntity } from './auth/pin/login-challenge.entity';
import { StepUpCodeEntity } from './auth/pin/step-up/step-up-code.entity';
import { SessionEntity } from './auth/sessions/session.entity';
import { FileEntity } from './files/file.entity';
import { FolderSlotEntity } from './folders/access/folder-slot.entity';
import { UnlockGrantEntity } from './folders/access/unlock-grant.entity';
import { RenditionEntity } from './files/renditions/rendition.entity';
import { FolderEntity } from './folders/folder.entity';
import { BudgetEntity } from './platform/budgets/budget.entity';
import { dataSourceOptions } from './platform/database/data-source-options';
import { PasswordGuessEntity } from './platform/passwords/password-guess.entity';
import { ShareItemEntity } from './shares/share-item.entity';
import { ShareEntity } from './shares/share.entity';
import { ShareOpeningEntity } from './shares/visits/share-opening.entity';
import { ShareSessionEntity } from './shares/visits/share-session.entity';
import { SecurityEventEntity } from './users/events/security-event.entity';
import { UserEntity } from './users/user.entity';
import { BlobEntity } from './vault/blob.entity';
import { ServerSecretEntity } from './vault/server-secret.entity';
import { UserKeyEntity } from './vault/user-key.entity';

const ENTITIES = [
  AccountDeletionEntity,
  BlobEntity,
  BudgetEntity,
  FileEntity,
  FolderEntity,
  FolderSlotEntity,
  LoginChallengeEntity,
  PasswordGuessEntity,
  RenditionEntity,
  SecurityEventEntity,
  ServerSecretEntity,
  SessionEntity,
  ShareEntity,
  ShareItemEntity,
  ShareOpeningEntity,
  ShareSessionEntity,
  StepUpCodeEntity,
  TrustedDeviceEntity,
  UnlockGrantEntity,
  UserEntity,
  UserKeyEntity,
];

const MIGRATIONS = [
  CreateVault1763640000000,
  GuardSignIn1763726400000,
  LockFolders1763812800000,
  CreateRenditions1763899200000,
  CreateShares1763985600000,
  AddQuotas1764072000000,
  AddTrash1764158400000,
  DeleteAccounts1764244800000,
  DisableUsers1764417600000,
  BindFilesToTheirOwnersFolders1764504000000,
];

/** Every entity and every migration, for Nest. */
export function vaultDataSourceOptions(url: string): DataSourceOptions {
  return dataSourceOptions(url, ENTITIES, MIGRATIONS);
}

/** A data source of its own, for migrations and tests. */
export function createDataSource(url: string): DataSource {
  return new DataSource(vaultDataSourceOptions(url));
}
