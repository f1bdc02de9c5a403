import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { emailIndex } from '../platform/crypto/blind-index';
import { emailContext } from '../platform/crypto/contexts';
import { openValue, sealValue } from '../platform/crypto/sealed-value';
import type { Principal } from '../platform/http/principal';
import { KeyringService } from '../vault/keyring.service';
import { orDamaged } from '../vault/or-damaged';
import { VaultService } from '../vault/vault.service';
import { UserErrors } from './users.errors';
import { UsersRepository } from './users.repository';

/** What a person sees of their own account. */
export interface Profile {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  readonly usage: { readonly files: number; readonly bytes: number };
}

/** Who exists. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly keyring: KeyringService,
    private readonly vault: VaultService,
  ) {}

  /** The address's blind index, which is all that may be looked up. @param email normalised */
  emailIndex(email: string): Buffer {
    return emailIndex(this.keyring.secret('email-index'), email);
  }

  /** The account of an address, or null. */
  async findIdByEmailIndex(index: Buffer): Promise<string | null> {
    return this.users.findIdByEmailIndex(index);
  }

  /**
   * The account of an address, made when there is none: two first sign-ins at once make one account.
   * @param email normalised
   */
  async ensure(tx: EntityManager, email: string): Promise<string> {
    const emailBidx = this.emailIndex(email);
    const existing = await this.users.findIdByEmailIndex(emailBidx, tx);
    if (existing) return existing;
    const id = uuidv7();
    const { userKey, store } = this.keyring.newUserKey(id);
    const emailSealed = sealValue(userKey, emailContext(id), Buffer.from(email));
    if (await this.users.insertUnlessThere(tx, { id, emailBidx, emailSealed })) {
      await store(tx);
      return id;
    }
    return this.users.getIdByEmailIndex(tx, emailBidx);
  }

  /** @throws {AppError} `USER.NOT_FOUND` */
  async profile(principal: Principal): Promise<Profile> {
    const user = await this.users.findById(principal.userId);
    if (!user) throw UserErrors.notFound();
    const userKey = await this.keyring.userKey(user.id);
    const email = orDamaged(() => openValue(userKey, emailContext(user.id), user.emailSealed)).toString();
    return { id: user.id, email, createdAt: user.createdAt, usage: await this.vault.usageOf(user.id) };
  }
}
