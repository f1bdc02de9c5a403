import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Client } from 'pg';
import { type EntityManager, Repository } from 'typeorm';
import type { Canary } from './master-keyring';
import { ServerSecretEntity } from './server-secret.entity';
import { UserKeyEntity } from './user-key.entity';

/** Wrapped keys: the server's own and the users'. */
@Injectable()
export class KeysRepository {
  constructor(
    @InjectRepository(ServerSecretEntity) private readonly secrets: Repository<ServerSecretEntity>,
    @InjectRepository(UserKeyEntity) private readonly userKeys: Repository<UserKeyEntity>,
  ) {}

  /**
   * Makes the secrets that are not there. One statement: of two processes that begin a vault at once, the slower waits at the first
   * row and then finds all of them, so that never half of them are wrapped by another key.
   */
  async insertSecretsUnlessThere(
    secrets: Pick<ServerSecretEntity, 'purpose' | 'version' | 'kid' | 'secretWrapped'>[],
  ): Promise<void> {
    await this.secrets.createQueryBuilder().insert().values(secrets).orIgnore().execute();
  }

  async allSecrets(): Promise<ServerSecretEntity[]> {
    return this.secrets.find({ order: { purpose: 'ASC', version: 'ASC' } });
  }

  async insertUserKey(tx: EntityManager, key: Pick<UserKeyEntity, 'userId' | 'kid' | 'keyWrapped'>): Promise<void> {
    await tx.insert(UserKeyEntity, key);
  }

  async findUserKey(userId: string): Promise<UserKeyEntity | null> {
    return this.userKeys.findOneBy({ userId });
  }
}

/** Reads the canary on a bare connection, before migrations and before anything is written; null on a new database. */
export async function readCanary(client: Client): Promise<Canary | null> {
  const table = await client.query<{ there: boolean }>("SELECT to_regclass('server_secrets') IS NOT NULL AS there");
  if (!table.rows[0]?.there) return null;
  const { rows } = await client.query<Canary>(
    "SELECT kid, version, secret_wrapped AS wrapped FROM server_secrets WHERE purpose = 'canary' ORDER BY version DESC LIMIT 1",
  );
  return rows[0] ?? null;
}
