import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../platform/config/app-config';
import { emailIndex } from '../platform/crypto/blind-index';
import { emailContext } from '../platform/crypto/contexts';
import { openValue, sealValue } from '../platform/crypto/sealed-value';
import { violatedUnique } from '../platform/database/prepared-statements';
import { KeyringService } from '../vault/keyring.service';
import { orDamaged } from '../vault/or-damaged';
import { VaultService } from '../vault/vault.service';
import type { UserEntity } from './user.entity';
import { UserErrors } from './users.errors';
import { type Account, UsersRepository } from './users.repository';

/** What a person sees of their own account. */
export interface Profile {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  readonly usage: { readonly files: number; readonly bytes: number };
  /** Bytes that may be stored; null without a limit. */
  readonly quotaBytes: number | null;
  /** Whether the quota is that of everybody who has none of their own. */
  readonly isQuotaDefault: boolean;
}

/** Who exists. */
@Injectable()
export class UsersService {
  constructor(
    private readonly config: AppConfig,
    private readonly users: UsersRepository,
    private readonly keyring: KeyringService,
    private readonly vault: VaultService,
  ) {}

  /** The address's blind index, which is all that may be looked up. @param email normalised */
  emailIndex(email: string): Buffer {
    return emailIndex(this.keyring.secret('email-index'), email);
  }

  /** The account of an address, or null. */
  async findIdByEmailIndex(index: Buffer, tx?: EntityManager): Promise<string | null> {
    return this.users.findIdByEmailIndex(index, tx);
  }

  /** The same, and whether it is disabled. */
  async findAccountByEmailIndex(tx: EntityManager, index: Buffer): Promise<Account | null> {
    return this.users.findAccountByEmailIndex(tx, index);
  }

  /** Whether nobody signs in to an account. After {@link lock}, it stays as it is until the transaction ends. */
  async isDisabled(tx: EntityManager, id: string): Promise<boolean> {
    return this.users.isDisabled(tx, id);
  }

  /**
   * Shuts an account, or opens it again. Its shares, and uploads that are under way, see it by themselves; sessions are the caller's to end.
   * @returns false when it was so already
   */
  async setDisabled(tx: EntityManager, id: string, disabled: boolean): Promise<boolean> {
    return this.users.setDisabled(tx, id, disabled);
  }

  /**
   * The account of an address, made when there is none: two first sign-ins at once make one account.
   * @param email normalised
   * @param onMade runs in the same transaction when this call has made it
   */
  async ensure(tx: EntityManager, email: string, onMade?: (id: string) => Promise<void>): Promise<string> {
    const emailBidx = this.emailIndex(email);
    const existing = await this.users.findIdByEmailIndex(emailBidx, tx);
    if (existing) return existing;
    const id = uuidv7();
    const { userKey, store } = await this.keyring.newUserKey(tx, id);
    const emailSealed = sealValue(userKey, emailContext(id), Buffer.from(email));
    if (await this.users.insertUnlessThere(tx, { id, emailBidx, emailSealed })) {
      await store();
      await onMade?.(id);
      return id;
    }
    return this.users.getIdByEmailIndex(tx, emailBidx);
  }

  /** @throws {AppError} `USER.NOT_FOUND` */
  async profile(userId: string): Promise<Profile> {
    const user = await this.users.findById(userId);
    if (!user) throw UserErrors.notFound();
    const { id, createdAt, quotaBytes } = user;
    return {
      id,
      email: await this.openEmail(user),
      createdAt,
      usage: await this.vault.usageOf(id),
      quotaBytes: Number(quotaBytes ?? this.config.get('QUOTA_DEFAULT_BYTES')) || null,
      isQuotaDefault: quotaBytes === null,
    };
  }

  /**
   * The address of an account, normalised.
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async emailOf(id: string): Promise<string> {
    const user = await this.users.findById(id);
    if (!user) throw UserErrors.notFound();
    return this.openEmail(user);
  }

  /** Whether there is such an account, which nobody is deleting. */
  async isOpen(id: string): Promise<boolean> {
    return Boolean((await this.users.findById(id))?.emailBidx);
  }

  /** How many accounts there are. */
  async count(tx: EntityManager): Promise<number> {
    return this.users.count(tx);
  }

  /**
   * Keeps every other transaction that would lock the same account, or change its address, waiting: for what has to be counted exactly.
   * @returns the blind index of its address, or null when there is no such account, or it is being deleted
   */
  async lock(tx: EntityManager, id: string): Promise<Buffer | null> {
    return this.users.lock(tx, id);
  }

  /**
   * Gives an account another address, which has been proved.
   * @param email normalised
   * @throws {AppError} `USER.EMAIL_TAKEN` when it is another account's by now
   */
  async changeEmail(tx: EntityManager, id: string, email: string): Promise<void> {
    const userKey = await this.keyring.userKey(id);
    const emailSealed = sealValue(userKey, emailContext(id), Buffer.from(email));
    try {
      await this.users.updateEmail(tx, { id, emailBidx: this.emailIndex(email), emailSealed });
    } catch (error) {
      if (violatedUnique(error) === 'uq_users_email_bidx') throw UserErrors.emailTaken({ cause: error });
      throw error;
    }
  }

  /** @throws {AppError} `USER.NOT_FOUND` when the account is being deleted */
  private async openEmail({ id, emailSealed }: UserEntity): Promise<string> {
    if (!emailSealed) throw UserErrors.notFound();
    const userKey = await this.keyring.userKey(id);
    return orDamaged(() => openValue(userKey, emailContext(id), emailSealed)).toString();
  }
}
