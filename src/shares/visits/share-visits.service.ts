import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { shareSessionContext } from '../../platform/crypto/contexts';
import { DecryptionError } from '../../platform/crypto/decryption-error';
import { shareSessionKey } from '../../platform/crypto/key-derivation';
import { unwrapKey, wrapKey } from '../../platform/crypto/sealed-value';
import { hashToken, newToken, parseToken } from '../../platform/crypto/tokens';
import { coarseIp } from '../../platform/http/coarse-ip';
import { SecurityLog } from '../../users/events/security-log.service';
import { KeyringService } from '../../vault/keyring.service';
import { orDamaged } from '../../vault/or-damaged';
import { deriveShareKey, openLabel, parseLinkSecret, toSeconds } from '../share-sealing';
import { ShareErrors } from '../shares.errors';
import { type OpenableShare, SharesRepository } from '../shares.repository';
import { ShareOpeningsRepository } from './share-openings.repository';
import { SharePasswords } from './share-passwords.service';
import { ShareSessionsRepository } from './share-sessions.repository';
import type { ShareVisitor, VisitOrigin } from './share-visitor';

/** What somebody shows who wants to see a share. */
export interface ShareKnock {
  /** From the link's fragment. */
  readonly secret: string;
  readonly password?: string;
}

/** An opened share. The token is known to the visitor only. */
export interface OpenedShare {
  readonly token: string;
  readonly expiresAt: Date;
  readonly label: string | null;
}

const AGENT_LENGTH = 256;

/** Opens shares for visitors, and knows visitors again. */
@Injectable()
export class ShareVisits {
  constructor(
    private readonly config: AppConfig,
    private readonly dataSource: DataSource,
    private readonly shares: SharesRepository,
    private readonly sessions: ShareSessionsRepository,
    private readonly openings: ShareOpeningsRepository,
    private readonly passwords: SharePasswords,
    private readonly keyring: KeyringService,
    private readonly log: SecurityLog,
  ) {}

  /**
   * @throws {AppError} `SHARE.NOT_FOUND` for whatever does not open, `SHARE.WRONG_PASSWORD` to whoever has the secret,
   *   `PASSWORD.TOO_MANY_GUESSES`, `PASSWORD.BUSY`
   */
  async open(shareId: string, { secret, password }: ShareKnock, from: VisitOrigin): Promise<OpenedShare> {
    const link = parseLinkSecret(secret);
    const share = await this.shares.findUsable(shareId);
    // Before any slow hash: whoever does not have the link costs one look and learns nothing.
    if (!link || !share || !timingSafeEqual(hashToken(link), share.secretHash)) throw ShareErrors.notFound();
    const userKey = await this.keyring.userKey(share.ownerId);
    const passwordKey = await this.passwords.hash(share, password);
    const key = deriveShareKey(share, { link, passwordKey }, userKey);
    const label = await this.labelOf(share, key, from);
    return { ...(await this.begin(share, key, from)), label };
  }

  /** The visitor of a share whose token this is, or null. */
  async find(shareId: string, text: string): Promise<ShareVisitor | null> {
    const token = parseToken('pvv', text);
    const visit = token && (await this.sessions.findLive(shareId, hashToken(token)));
    if (!visit) return null;
    const { sessionId, keySealed, sessionExpiresAt, ...share } = visit;
    const context = shareSessionContext(shareId, sessionId, toSeconds(sessionExpiresAt));
    const key = orDamaged(() => unwrapKey(shareSessionKey(token, shareId), context, keySealed));
    return { shareId, sessionId, share, key };
  }

  /**
   * For what takes longer than a request usually does.
   * @throws {AppError} `SHARE.NOT_FOUND` when the visit is over
   */
  async confirm({ shareId, sessionId }: ShareVisitor): Promise<void> {
    if (!(await this.sessions.isLive(shareId, sessionId))) throw ShareErrors.notFound();
  }

  /** The label opens with the right key only; what else could be wrong than the password has been changed behind our back. */
  private async labelOf(share: OpenableShare, key: Buffer, from: VisitOrigin): Promise<string | null> {
    if (!share.passwordSalt) return orDamaged(() => openLabel(key, share, share.visitorLabelSealed));
    try {
      const label = openLabel(key, share, share.visitorLabelSealed);
      await this.passwords.forgive(share);
      return label;
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
      await this.passwords.noteWrong(share, from);
      throw ShareErrors.wrongPassword();
    }
  }

  private async begin(
    share: OpenableShare,
    key: Buffer,
    { ip, agent }: VisitOrigin,
  ): Promise<Omit<OpenedShare, 'label'>> {
    const [id, shareId, token] = [uuidv7(), share.id, newToken('pvv')];
    const device = agent?.slice(0, AGENT_LENGTH) ?? null;
    const expiresAt = await this.dataSource.transaction(async (tx) => {
      if (!(await this.shares.countOpening(tx, shareId))) throw ShareErrors.notFound();
      const ends = await this.sessions.endOf(tx, share.expiresAt, this.config.get('SHARE_SESSION_SECONDS'));
      const context = shareSessionContext(shareId, id, toSeconds(ends));
      const keySealed = wrapKey(shareSessionKey(token.raw, shareId), context, key);
      await this.openings.insert(tx, { id, shareId, network: coarseIp(ip), agent: device });
      await this.sessions.insert(tx, { id, shareId, tokenHash: hashToken(token.raw), keySealed, expiresAt: ends });
      await this.log.record({ userId: share.ownerId, kind: 'share.opened', ip, device }, tx);
      return ends;
    });
    return { token: token.text, expiresAt };
  }
}
