import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DecryptionError } from '../platform/crypto/decryption-error';
import type { Position } from '../platform/http/cursor';
import type { Principal } from '../platform/http/principal';
import { KeyringService } from '../vault/keyring.service';
import { openLabel } from './share-sealing';
import { ShareErrors } from './shares.errors';
import { type ListedShare, SharesRepository } from './shares.repository';
import type { ShareOpeningEntity } from './visits/share-opening.entity';
import { ShareOpeningsRepository } from './visits/share-openings.repository';

/** A share as its owner sees it. */
export interface OwnedShare {
  readonly row: ListedShare;
  readonly label: string | null;
}

interface Page {
  readonly limit: number;
  readonly after?: Position;
}

/** What owners do with their shares; {@link ShareCreation} makes them. */
@Injectable()
export class SharesService {
  constructor(
    private readonly shares: SharesRepository,
    private readonly openings: ShareOpeningsRepository,
    private readonly keyring: KeyringService,
  ) {}

  /** The newest first. */
  async list({ userId }: Principal, { limit, after }: Page): Promise<{ shares: OwnedShare[]; next: Position | null }> {
    const [rows, userKey] = await Promise.all([
      this.shares.findPageOwned(userId, limit + 1, after),
      this.keyring.userKey(userId),
    ]);
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      shares: shown.map((row) => ({ row, label: row.labelSealed && labelOf(row, row.labelSealed, userKey) })),
      next: last ? { at: last.createdAt, id: last.id } : null,
    };
  }

  /**
   * Who has opened a share, the newest first.
   * @throws {AppError} `SHARE.NOT_FOUND`
   */
  async listOpenings(
    { userId }: Principal,
    id: string,
    { limit, after }: Page,
  ): Promise<{ openings: ShareOpeningEntity[]; next: Position | null }> {
    if (!(await this.shares.isOwned(userId, id))) throw ShareErrors.notFound();
    const rows = await this.openings.findPageOwned(userId, id, limit + 1, after);
    const openings = rows.slice(0, limit);
    const last = rows.length > limit ? openings.at(-1) : undefined;
    return { openings, next: last ? { at: last.openedAt, id: last.id } : null };
  }

  /**
   * Ends a share: whoever looks at it sees nothing more from the next request on.
   * @throws {AppError} `SHARE.NOT_FOUND`
   */
  async revoke({ userId }: Principal, id: string): Promise<void> {
    if (!(await this.shares.deleteOwned(userId, id))) throw ShareErrors.notFound();
  }

  /** A folder gets another key: what wraps the old one for others goes with it. They see nothing of it any more in any case. */
  async revokeOfFolder(tx: EntityManager, { userId }: Principal, folderId: string): Promise<void> {
    await this.shares.deleteOfFolderOwned(tx, userId, folderId);
  }
}

/** A label whose share was tampered with is damaged like anything else, but must not keep its owner from ending the share. */
function labelOf(row: ListedShare, sealed: Buffer, userKey: Buffer): string | null {
  try {
    return openLabel(userKey, row, sealed);
  } catch (error) {
    if (error instanceof DecryptionError) return null;
    throw error;
  }
}
