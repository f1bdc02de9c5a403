import { DataSource, type DataSourceOptions } from 'typeorm';
import { CreateVault1763640000000 } from '../migrations/1763640000000-create-vault';
import { LoginChallengeEntity } from './auth/pin/login-challenge.entity';
import { SessionEntity } from './auth/sessions/session.entity';
import { FileEntity } from './files/file.entity';
import { FolderEntity } from './folders/folder.entity';
import { dataSourceOptions } from './platform/database/data-source-options';
import { UserEntity } from './users/user.entity';
import { BlobEntity } from './vault/blob.entity';
import { ServerSecretEntity } from './vault/server-secret.entity';
import { UserKeyEntity } from './vault/user-key.entity';

const ENTITIES = [
  BlobEntity,
  FileEntity,
  FolderEntity,
  LoginChallengeEntity,
  ServerSecretEntity,
  SessionEntity,
  UserEntity,
  UserKeyEntity,
];

const MIGRATIONS = [CreateVault1763640000000];

/** Every entity and every migration, for Nest. */
export function vaultDataSourceOptions(url: string): DataSourceOptions {
  return dataSourceOptions(url, ENTITIES, MIGRATIONS);
}

/** A data source of its own, for migrations and tests. */
export function createDataSource(url: string): DataSource {
  return new DataSource(vaultDataSourceOptions(url));
}
