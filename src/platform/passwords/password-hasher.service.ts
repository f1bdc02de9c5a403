import { Injectable } from '@nestjs/common';
import { ARGON2ID_DEFAULTS, argon2id, type Argon2idParams } from '../crypto/password-kdf';
import { Semaphore } from '../jobs/semaphore';
import { PasswordErrors } from './password.errors';

/** Each hash takes a core and 64 MiB for about 55 ms: more at once would only take longer, and the memory. */
const AT_ONCE = 2;
const QUEUE = 16;
/** What a request that hashes counts in the rate of its session: a session may keep no more than a core busy with it. */
export const HASH_UNITS = 20;

/** Argon2id with bounded memory and a bounded queue: many guesses at once must not take the server down. */
@Injectable()
export class PasswordHasher {
  private readonly turns = new Semaphore(AT_ONCE);

  /**
   * 32 bytes of argon2id; see {@link argon2id}.
   * @throws {AppError} 503 `PASSWORD.BUSY` when too many wait already
   */
  async hash(password: string, salt: Buffer, params: Argon2idParams = ARGON2ID_DEFAULTS): Promise<Buffer> {
    if (this.turns.queued >= QUEUE) throw PasswordErrors.busy({ headers: { 'Retry-After': '1' } });
    return this.turns.run(() => argon2id(password, salt, params));
  }
}
