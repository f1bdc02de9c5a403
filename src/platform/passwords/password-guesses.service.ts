import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RetentionService } from '../jobs/retention.service';
import { PasswordGuessesRepository } from './password-guesses.repository';
import { PasswordErrors } from './password.errors';

/**
 * Makes guessing slow, for each password by itself: five guesses are free, after each further wrong one everybody waits, twice as long each
 * time. A right one takes nothing of it back but itself. Forgotten after a day without a wrong one.
 */
@Injectable()
export class PasswordGuesses implements OnModuleInit {
  constructor(
    private readonly guesses: PasswordGuessesRepository,
    private readonly retention: RetentionService,
  ) {}

  onModuleInit(): void {
    this.retention.register({ what: 'wrong passwords', days: 0, purge: () => this.guesses.deleteExpired() });
  }

  /**
   * Before a password is hashed and compared. It counts as wrong until {@link forgive}.
   * @param subjectId what has the password
   * @returns how many wrong guesses count now, this one included
   * @throws {AppError} 429 `PASSWORD.TOO_MANY_GUESSES` with `Retry-After`
   */
  async begin(subjectId: string): Promise<number> {
    const wrong = await this.guesses.reserve(subjectId);
    if (wrong !== null) return wrong;
    const seconds = await this.guesses.secondsBlocked(subjectId);
    throw PasswordErrors.tooManyGuesses({ headers: { 'Retry-After': String(seconds) } });
  }

  /** The guess was right. */
  async forgive(subjectId: string): Promise<void> {
    await this.guesses.giveBack(subjectId);
  }
}
