import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { normalizeEmail } from '../../platform/crypto/blind-index';
import { mailboxContext } from '../../platform/crypto/contexts';
import { sealValue } from '../../platform/crypto/sealed-value';
import { isDeadlock } from '../../platform/database/prepared-statements';
import { noSession } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { UserErrors } from '../../users/users.errors';
import { UsersService } from '../../users/users.service';
import { KeyringService } from '../../vault/keyring.service';
import type { DeletionRequester } from './account-deletion.entity';
import { AccountDeletionsRepository } from './account-deletions.repository';
import { type AccountCounts, ClosingRepository } from './closing.repository';
import { DeletionErrors } from './deletion.errors';
import { DeletionMachine } from './deletion-machine.service';

/** A deletion that whoever runs the vault has asked for, when it is at its end. */
export interface FinishedDeletion {
  readonly id: string;
  /** What was destroyed. */
  readonly counts: AccountCounts;
  /** False when the mail server did not take the mail: a running server tries again. */
  readonly isMailed: boolean;
}

/** Who wants which account to be deleted. */
interface DeletionRequest {
  readonly userId: string;
  /** Normalised. */
  readonly email: string;
  readonly requestedBy: DeletionRequester;
  /** The session that asks, which must be live. */
  readonly sessionId?: string;
}

/** How often the commit is tried when it and another have waited for each other. */
const TRIES = 3;

/** Closes accounts: one commit after which nobody can use, find or open them. {@link DeletionMachine} does the rest. */
@Injectable()
export class AccountDeletion {
  constructor(
    private readonly dataSource: DataSource,
    private readonly closing: ClosingRepository,
    private readonly deletions: AccountDeletionsRepository,
    private readonly machine: DeletionMachine,
    private readonly users: UsersService,
    private readonly keyring: KeyringService,
  ) {}

  /**
   * When it resolves, the account is closed, and the rest is on its way.
   * @param typed its address, as its owner has typed it
   * @returns what is destroyed
   * @throws {AppError} `ACCOUNT.WRONG_EMAIL`; `AUTH.SESSION_REQUIRED` when the session has ended meanwhile; nothing was changed then
   */
  async request({ userId, sessionId }: Principal, typed: string): Promise<AccountCounts> {
    const counts = await this.close({ userId, sessionId, email: normalized(typed), requestedBy: 'owner' });
    this.machine.begin(userId);
    return counts;
  }

  /**
   * The same for whoever runs the vault, to its end: resolves when everything is gone.
   * @param email normalised
   * @param onClosed told once nothing can be taken back any more
   * @throws {AppError} `USER.NOT_FOUND`
   */
  async deleteNow(email: string, onClosed: () => void = () => undefined): Promise<FinishedDeletion> {
    const id = await this.users.findIdByEmailIndex(this.users.emailIndex(email));
    if (id === null) throw UserErrors.notFound();
    const counts = await this.close({ userId: id, email, requestedBy: 'operator' });
    onClosed();
    return { id, counts, isMailed: await this.machine.finish(id) };
  }

  private async close(request: DeletionRequest): Promise<AccountCounts> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.dataSource.transaction((tx) => this.closeIn(tx, request));
      } catch (error) {
        if (!isDeadlock(error) || tries === TRIES) throw error;
      }
    }
  }

  private async closeIn(tx: EntityManager, request: DeletionRequest): Promise<AccountCounts> {
    const { userId, email, requestedBy, sessionId } = request;
    await this.closing.deleteChallenges(tx, userId);
    const current = await this.users.lock(tx, userId);
    if (sessionId !== undefined && !(await this.closing.isLive(tx, userId, sessionId))) throw noSession();
    if (current === null) throw UserErrors.notFound();
    if (!current.equals(this.users.emailIndex(email))) throw DeletionErrors.wrongEmail();
    const shares = await this.closing.countShares(tx, userId);
    await this.closing.shutFolders(tx, userId);
    await this.closing.shutShares(tx, userId);
    await this.closing.endSessions(tx, userId);
    const counts = { ...(await this.closing.countStored(tx, userId)), shares };
    await this.closing.forgetAddress(tx, userId, current);
    await this.closing.destroyUserKey(tx, userId);
    const secret = this.keyring.secret('mailbox');
    const mailboxSealed = sealValue(secret, mailboxContext(userId), Buffer.from(email));
    await this.deletions.insert(tx, { userId, requestedBy, mailboxSealed, ...counts });
    return counts;
  }
}

/** @throws {AppError} `ACCOUNT.WRONG_EMAIL` for what looks like an address but has no possible domain: it is nobody's */
function normalized(typed: string): string {
  try {
    return normalizeEmail(typed);
  } catch (error) {
    throw DeletionErrors.wrongEmail({ cause: error });
  }
}
