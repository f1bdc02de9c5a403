import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { mailboxContext } from '../../platform/crypto/contexts';
import { pinMac, subjectMac } from '../../platform/crypto/pin';
import { sealValue } from '../../platform/crypto/sealed-value';
import { KeyringService } from '../../vault/keyring.service';
import { hashChallengeId } from './challenge-hashes';
import { ChallengesRepository } from './challenges.repository';
import type { ChallengePurpose } from './login-challenge.entity';

/** What the requester gets: never the PIN. */
export interface Challenge {
  readonly challengeId: string;
  /** Seconds; the same for everybody, also in step-up. */
  readonly expiresIn: number;
}

/** A challenge as its requester wants it. */
export interface NewChallenge {
  readonly purpose: ChallengePurpose;
  readonly userId: string | null;
  /** Whose budgets it counts in. */
  readonly emailBidx: Buffer;
  readonly deviceHash: Buffer;
  readonly requesterHash: Buffer;
  readonly trustedDeviceId: string | null;
  readonly sessionId: string | null;
  /** The address that is proved, for those that no account has yet. */
  readonly mailbox: string | null;
  /** Null when no PIN fits. */
  readonly secret: string | null;
}

/** Writes challenges down: only hashes, MACs and sealed addresses. */
@Injectable()
export class NewChallenges {
  constructor(
    private readonly config: AppConfig,
    private readonly challenges: ChallengesRepository,
    private readonly keyring: KeyringService,
  ) {}

  /** In the place of the one that the same requester had. @returns what the requester gets, and the row's id for the log */
  async write(tx: EntityManager, challenge: NewChallenge): Promise<{ id: string; challenge: Challenge }> {
    const { mailbox, secret, ...columns } = challenge;
    const id = uuidv7();
    const challengeId = randomBytes(32).toString('base64url');
    const idHash = hashChallengeId(challengeId);
    const expiresIn = this.config.get('PIN_TTL_SECONDS');
    await this.challenges.replace(
      tx,
      {
        ...columns,
        id,
        idHash,
        mailboxSealed:
          mailbox === null ? null : sealValue(this.keyring.secret('mailbox'), mailboxContext(id), Buffer.from(mailbox)),
        // No PIN has a random MAC: such a challenge can be guessed at for ever.
        pinMac:
          secret === null ? randomBytes(32) : pinMac(this.keyring.secret('pin-pepper'), idHash, columns.userId, secret),
        maxAttempts: this.config.get('PIN_GUESSES_PER_CHALLENGE'),
      },
      expiresIn,
    );
    return { id, challenge: { challengeId, expiresIn } };
  }

  /** Whose challenge it is, as far as that can be told; 32 bytes. @param rest each part is hashed, so that none runs into the next */
  requesterHash(purpose: ChallengePurpose, emailBidx: Buffer, ...rest: (Buffer | string)[]): Buffer {
    const parts = rest.map((part) => createHash('sha256').update(part).digest());
    return subjectMac(this.keyring.secret('pin-pepper'), `requester/${purpose}`, emailBidx, ...parts);
  }
}
