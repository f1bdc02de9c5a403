import { Injectable } from '@nestjs/common';
import { PasswordGuesses } from '../../platform/passwords/password-guesses.service';
import { PasswordHasher } from '../../platform/passwords/password-hasher.service';
import { SecurityLog } from '../../users/events/security-log.service';
import { ShareErrors } from '../shares.errors';
import { type OpenableShare, SharesRepository } from '../shares.repository';
import type { VisitOrigin } from './share-visitor';

/** Wrong passwords of a share before its owner gets a mail, and before it opens for nobody any more. */
const ALERT_AT = 3;
const SUSPEND_AT = 50;

/** Guessing at a share's password: slow after five, heard of after three, over after fifty. */
@Injectable()
export class SharePasswords {
  constructor(
    private readonly shares: SharesRepository,
    private readonly hasher: PasswordHasher,
    private readonly guesses: PasswordGuesses,
    private readonly log: SecurityLog,
  ) {}

  /**
   * The share's part of its key that comes from its password; null when it has none. Until `forgive`, it counts as wrong.
   * @throws {AppError} `SHARE.WRONG_PASSWORD` when none was given, which counts as no guess; `PASSWORD.TOO_MANY_GUESSES`, `PASSWORD.BUSY`
   */
  async hash(share: OpenableShare, password: string | undefined): Promise<Buffer | null> {
    const { id, passwordSalt, passwordParams } = share;
    if (!passwordSalt || !passwordParams) return null;
    if (password === undefined) throw ShareErrors.wrongPassword();
    await this.guesses.begin(id);
    try {
      return await this.hasher.hash(password.normalize('NFC'), passwordSalt, passwordParams);
    } catch (error) {
      // Nobody has compared anything.
      await this.guesses.forgive(id);
      throw error;
    }
  }

  async forgive({ id }: OpenableShare): Promise<void> {
    await this.guesses.forgive(id);
  }

  /** Counts a wrong password, and tells the owner when it is time to. */
  async noteWrong({ id, ownerId: userId }: OpenableShare, { ip, agent: device }: VisitOrigin): Promise<void> {
    const counted = await this.shares.countWrongPassword(id, SUSPEND_AT);
    if (!counted) return;
    const event = { userId, kind: 'share.wrong_password', ip, device } as const;
    if (counted.wrong === ALERT_AT) this.log.alert(event);
    else this.log.note(event);
    if (counted.isSuspended) this.log.alert({ ...event, kind: 'share.suspended' });
  }
}
