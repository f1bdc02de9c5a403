import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { serverSecretContext, type ServerSecretPurpose, userKeyContext } from '../platform/crypto/contexts';
import { unwrapKey, wrapKey } from '../platform/crypto/sealed-value';
import { KeysRepository } from './keys.repository';
import { MasterKeyError } from './master-key-error';
import { MasterKeyring } from './master-keyring';
import { orDamaged } from './or-damaged';
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
    const { kid, key } = this.masterKeys.newest;
    await this.repository.insertSecretsUnlessThere(
      PURPOSES.map((purpose) => {
        const secretWrapped = wrapKey(key, serverSecretContext(kid, 1, purpose), randomBytes(KEY_BYTES));
        return { purpose, version: 1, kid, secretWrapped };
      }),
    );
    for (const row of await this.repository.allSecrets()) {
      const context = serverSecretContext(row.kid, row.version, row.purpose);
      if (row.purpose === 'canary') this.born = row.createdAt;
      this.secrets.set(row.purpose, this.openSecret(row.kid, context, row.secretWrapped));
    }
  }

  private openSecret(kid: number, context: Buffer, wrapped: Buffer): Buffer {
    try {
      return unwrapKey(this.masterKeys.key(kid), context, wrapped);
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

  /** A new user's key, and the function that stores it inside the transaction that makes the user, after the user's row. */
  newUserKey(userId: string): { userKey: Buffer; store: (tx: EntityManager) => Promise<void> } {
    const { kid, key } = this.masterKeys.newest;
    const userKey = randomBytes(KEY_BYTES);
    const keyWrapped = wrapKey(key, userKeyContext(userId, kid), userKey);
    return { userKey, store: (tx) => this.repository.insertUserKey(tx, { userId, kid, keyWrapped }) };
  }

  /**
   * A user's key, 32 bytes.
   * @throws {AppError} `VAULT.DAMAGED` when there is none, or the master key does not open it
   */
  async userKey(userId: string): Promise<Buffer> {
    const cached = this.userKeys.get(userId);
    if (cached) return cached;
    const row = await this.repository.findUserKey(userId);
    if (!row) throw VaultErrors.damaged({ cause: new Error('a user without a key') });
    const masterKey = this.masterKeys.key(row.kid);
    const userKey = orDamaged(() => unwrapKey(masterKey, userKeyContext(userId, row.kid), row.keyWrapped));
    if (this.userKeys.size >= CACHED_USER_KEYS) this.userKeys.clear();
    this.userKeys.set(userId, userKey);
    return userKey;
  }
}
