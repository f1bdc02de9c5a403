import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { serverSecretContext, type ServerSecretPurpose, userKeyContext } from '../platform/crypto/contexts';
import { unwrapKey, wrapKey } from '../platform/crypto/sealed-value';
import { noSession } from '../platform/http/http.errors';
import { KeysRepository } from './keys.repository';
import { MasterKeyError } from './master-key-error';
import { MasterKeyring } from './master-keyring';
import { orDamaged } from './or-damaged';
import type { ServerSecretEntity } from './server-secret.entity';
import { VaultErrors } from './vault.errors';

/** Each purpose has a key of its own; the canary proves that key file and database belong together. */
const PURPOSES: readonly ServerSecretPurpose[] = ['canary', 'pin-pepper', 'email-index', 'mailbox'];
const CACHED_USER_KEYS = 10_000;

/** Which key wraps which: master → server secrets, master → user → folder → file. */
@Injectable()
export class KeyringService implements OnModuleInit {
  private readonly secrets = new Map<string, Buffer>();
  /** A user's key never changes, only its wrapping does; a deleted user's requests fail at the session, before any key is asked for. */
  private readonly userKeys = new Map<string, Buffer>();

  private born = new Date(0);

  constructor(
    private readonly masterKeys: MasterKeyring,
    private readonly repository: KeysRepository,
  ) {}

  /** Makes the secrets that are missing and opens them all: the vault does not start on secrets that it cannot open. */
  async onModuleInit(): Promise<void> {
    let rows = await this.repository.allSecrets();
    if (PURPOSES.some((purpose) => !rows.some((row) => row.purpose === purpose))) {
      await this.repository.transaction((tx) => this.makeMissing(tx));
      rows = await this.repository.allSecrets();
    }
    for (const row of rows) {
      if (row.purpose === 'canary') this.born = row.createdAt;
      this.secrets.set(row.purpose, await this.openSecret(row));
    }
  }

  /**
   * Of two processes that begin a vault at once, the slower waits at the canary and then finds all of the other's, so that never half of
   * them are wrapped by another key.
   */
  private async makeMissing(tx: EntityManager): Promise<void> {
    const make = async (purpose: ServerSecretPurpose, kid: number): Promise<void> => {
      const context = serverSecretContext(kid, 1, purpose);
      const secretWrapped = wrapKey(await this.masterKeys.key(kid), context, randomBytes(KEY_BYTES));
      await this.repository.insertSecretUnlessThere(tx, { purpose, version: 1, kid, secretWrapped });
    };
    await make('canary', this.masterKeys.newest.kid);
    const kid = await this.repository.holdKid(tx);
    for (const purpose of PURPOSES) await make(purpose, kid);
  }

  private async openSecret({ kid, version, purpose, secretWrapped }: ServerSecretEntity): Promise<Buffer> {
    try {
      return unwrapKey(await this.masterKeys.key(kid), serverSecretContext(kid, version, purpose), secretWrapped);
    } catch (error) {
      // The key was proved before; another first start with another key has been faster since.
      throw new MasterKeyError(
        'The master key file of this process does not belong to this database: another began it just now, or its secrets were changed.',
        {
          cause: error,
        },
      );
    }
  }

  /** When this vault's database began: nothing older can be one of its objects. */
  get bornAt(): Date {
    return this.born;
  }

  /** The newest secret of a purpose, 32 bytes. */
  secret(purpose: ServerSecretPurpose): Buffer {
    const secret = this.secrets.get(purpose);
    if (!secret) throw new Error(`no server secret for ${purpose}`);
    return secret;
  }

  /**
   * A new user's key, and the function that stores it in the same transaction, which makes the user; after the user's row. A rotation of
   * the master key waits for the transaction.
   */
  async newUserKey(tx: EntityManager, userId: string): Promise<{ userKey: Buffer; store: () => Promise<void> }> {
    const kid = await this.repository.holdKid(tx);
    const userKey = randomBytes(KEY_BYTES);
    const keyWrapped = wrapKey(await this.masterKeys.key(kid), userKeyContext(userId, kid), userKey);
    return { userKey, store: () => this.repository.insertUserKey(tx, { userId, kid, keyWrapped }) };
  }

  /**
   * A user's key, 32 bytes.
   * @throws {AppError} `VAULT.DAMAGED` when there is none, or the master key does not open it; `AUTH.SESSION_REQUIRED` when the account was
   *   deleted under the request
   */
  async userKey(userId: string): Promise<Buffer> {
    const cached = this.userKeys.get(userId);
    if (cached) return cached;
    const row = await this.repository.findUserKey(userId);
    if (!row && (await this.repository.isAccountGone(userId))) throw noSession();
    if (!row) throw VaultErrors.damaged({ cause: new Error('a user without a key') });
    const masterKey = await this.masterKeys.key(row.kid);
    const userKey = orDamaged(() => unwrapKey(masterKey, userKeyContext(userId, row.kid), row.keyWrapped));
    if (this.userKeys.size >= CACHED_USER_KEYS) this.userKeys.clear();
    this.userKeys.set(userId, userKey);
    return userKey;
  }
}
