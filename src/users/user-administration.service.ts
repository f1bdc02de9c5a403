import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SecurityLog } from './events/security-log.service';
import { UsersRepository } from './users.repository';
import { UserErrors } from './users.errors';
import { type Profile, UsersService } from './users.service';

/** An account as whoever runs the vault sees it. */
export interface ListedUser {
  readonly id: string;
  /** Null when it cannot be opened: the row or its key is damaged. */
  readonly email: string | null;
  readonly createdAt: Date;
  /** Since when nobody signs in to it, or null. */
  readonly disabledAt: Date | null;
}

const BATCH = 100;

/** What whoever runs the vault may do about its people. For the `vault` command: no route of the API is for administrators. */
@Injectable()
export class UserAdministration {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly repository: UsersRepository,
    private readonly log: SecurityLog,
  ) {}

  /**
   * Makes an account whose owner signs in with a mailed PIN, also where registration is closed.
   * @param email normalised
   * @returns whether this call has made it, or it was there
   */
  async add(email: string): Promise<{ id: string; created: boolean }> {
    let created = false;
    const id = await this.dataSource.transaction((tx) =>
      this.users.ensure(tx, email, async (userId) => {
        created = true;
        await this.log.record({ userId, kind: 'account.created', device: 'vault users add' }, tx);
      }),
    );
    return { id, created };
  }

  /**
   * What an account may store, and does.
   * @param email normalised
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async quota(email: string): Promise<Profile> {
    return this.users.profile(await this.idOf(email));
  }

  /**
   * Sets what an account may store, from its next upload on. What is stored stays, also when it is more.
   * @param email normalised
   * @param bytes null for the default, 0 for no limit
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async setQuota(email: string, bytes: number | null): Promise<Profile> {
    await this.repository.updateQuota(await this.idOf(email), bytes);
    return this.quota(email);
  }

  private async idOf(email: string): Promise<string> {
    const id = await this.users.findIdByEmailIndex(this.users.emailIndex(email));
    if (id === null) throw UserErrors.notFound();
    return id;
  }

  /** Everybody, the oldest account first. */
  async list(): Promise<ListedUser[]> {
    const everybody: ListedUser[] = [];
    for (;;) {
      const batch = await this.repository.findBatch(BATCH, everybody.at(-1)?.id);
      for (const { id, createdAt, disabledAt } of batch) {
        everybody.push({ id, email: await this.users.emailOf(id).catch(() => null), createdAt, disabledAt });
      }
      if (batch.length < BATCH) return everybody;
    }
  }
}
