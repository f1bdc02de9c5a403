import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Client } from 'pg';
import { type EntityManager, In, Not, Repository } from 'typeorm';
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

  async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.secrets.manager.transaction(work);
  }

  /**
   * The number of the master key that wraps whatever is new: the canary's. Held until the transaction ends: a rotation, which begins by
   * rewrapping the canary, waits for it, and who comes later gets the new number. So once the canary has another number, no row is ever
   * written under the old one, whatever the other processes have in memory.
   */
  async holdKid(tx: EntityManager): Promise<number> {
    return this.canaryKid(tx, 'FOR SHARE');
  }

  /** The same, but alone: nobody wraps a key by the master key until the transaction ends. */
  async holdKidAlone(tx: EntityManager): Promise<number> {
    return this.canaryKid(tx, 'FOR UPDATE');
  }

  private async canaryKid(tx: EntityManager, hold: 'FOR SHARE' | 'FOR UPDATE'): Promise<number> {
    const [row] = await tx.query<{ kid: number }[]>(`SELECT kid FROM server_secrets WHERE purpose = 'canary' ${hold}`);
    if (!row) throw new Error('a vault without a canary');
    return row.kid;
  }

  async insertSecretUnlessThere(
    tx: EntityManager,
    secret: Pick<ServerSecretEntity, 'purpose' | 'version' | 'kid' | 'secretWrapped'>,
  ): Promise<void> {
    await tx.createQueryBuilder().insert().into(ServerSecretEntity).values(secret).orIgnore().execute();
  }

  async allSecrets(tx: EntityManager = this.secrets.manager): Promise<ServerSecretEntity[]> {
    return tx.find(ServerSecretEntity, { order: { purpose: 'ASC', version: 'ASC' } });
  }

  async updateSecret(
    tx: EntityManager,
    { purpose, version, kid, secretWrapped }: Pick<ServerSecretEntity, 'purpose' | 'version' | 'kid' | 'secretWrapped'>,
  ): Promise<void> {
    await tx.update(ServerSecretEntity, { purpose, version }, { kid, secretWrapped });
  }

  async insertUserKey(tx: EntityManager, key: Pick<UserKeyEntity, 'userId' | 'kid' | 'keyWrapped'>): Promise<void> {
    await tx.insert(UserKeyEntity, key);
  }

  async findUserKey(userId: string): Promise<UserKeyEntity | null> {
    return this.userKeys.findOneBy({ userId });
  }

  /** Whether somebody's key is gone because the account is, or is on its way: then there is nothing to report. */
  async isAccountGone(userId: string): Promise<boolean> {
    const rows = await this.userKeys.query<unknown[]>('SELECT FROM users WHERE id = $1 AND email_bidx IS NOT NULL', [
      userId,
    ]);
    return rows.length === 0;
  }

  /**
   * Locks some user keys that another master key than `kid` wraps, in the order of their ids. What somebody else holds is left out.
   * @param after the last id of the batch before, or null
   */
  async holdUserKeysNotUnder(
    tx: EntityManager,
    { kid, after, limit }: { kid: number; after: string | null; limit: number },
  ): Promise<Pick<UserKeyEntity, 'userId' | 'kid' | 'keyWrapped'>[]> {
    return tx.query(
      `SELECT user_id AS "userId", kid, key_wrapped AS "keyWrapped" FROM user_keys
        WHERE kid <> $1 AND ($2::uuid IS NULL OR user_id > $2) ORDER BY user_id LIMIT $3 FOR UPDATE SKIP LOCKED`,
      [kid, after, limit],
    );
  }

  /** Whether another master key than `kid` wraps any user's key, but for these users. */
  async areUserKeysNotUnder(kid: number, except: readonly string[]): Promise<boolean> {
    return this.userKeys.existsBy({ kid: Not(kid), userId: Not(In([...except])) });
  }

  /** Compare-and-set on the number: a row that was rewrapped meanwhile stays as it is. */
  async rewrapUserKeys(
    tx: EntityManager,
    kid: number,
    rows: readonly { userId: string; from: number; keyWrapped: Buffer }[],
  ): Promise<void> {
    await tx.query(
      `UPDATE user_keys k SET kid = $1, key_wrapped = r.key_wrapped
         FROM unnest($2::uuid[], $3::int[], $4::bytea[]) AS r (user_id, kid, key_wrapped)
        WHERE k.user_id = r.user_id AND k.kid = r.kid`,
      [kid, rows.map((row) => row.userId), rows.map((row) => row.from), rows.map((row) => row.keyWrapped)],
    );
  }

  /** How many rows each master key wraps, by its number, ascending. */
  async usage(tx: EntityManager = this.secrets.manager): Promise<KeyUsage[]> {
    return tx.query(
      `SELECT kid, count(*) FILTER (WHERE secret)::int AS "serverSecrets", count(*) FILTER (WHERE NOT secret)::int AS "userKeys"
         FROM (SELECT kid, true AS secret FROM server_secrets UNION ALL SELECT kid, false FROM user_keys) AS rows
        GROUP BY kid ORDER BY kid`,
    );
  }
}

/** What one master key wraps. */
export interface KeyUsage {
  readonly kid: number;
  readonly serverSecrets: number;
  readonly userKeys: number;
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

/** Every number of a master key in the database, in the same way as {@link readCanary}; none on a new one. */
export async function readKidsInUse(client: Client): Promise<number[]> {
  if ((await readCanary(client)) === null) return [];
  const { rows } = await client.query<{ kid: number }>(
    'SELECT kid FROM server_secrets UNION SELECT kid FROM user_keys ORDER BY kid',
  );
  return rows.map(({ kid }) => kid);
}
