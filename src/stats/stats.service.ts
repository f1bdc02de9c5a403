import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BlobKind } from '../platform/crypto/contexts';
import { KeyRotation } from '../vault/key-rotation.service';
import type { KeyUsage } from '../vault/keys.repository';
import { StatsRepository } from './stats.repository';

interface Stored {
  readonly count: number;
  /** On the disk, encrypted. */
  readonly bytes: number;
}

/** How much there is of everything, and nothing of anybody. Its names are told to scripts: they stay. */
export interface VaultStats {
  readonly accounts: { readonly active: number; readonly disabled: number };
  /** Bytes are the originals', as quotas count them: with those in the trash. */
  readonly files: { readonly stored: number; readonly trashed: number; readonly bytes: number };
  /** Without the root that everybody has; `all` and `locked` without those in the trash. */
  readonly folders: { readonly all: number; readonly locked: number; readonly trashed: number };
  readonly shares: { readonly live: number };
  readonly sessions: { readonly live: number };
  readonly blobs: Readonly<Record<keyof typeof BlobKind, Stored>> & {
    /** Of uploads that are under way, or were given up a moment ago. */
    readonly pending: number;
    /** Waiting for the sweeper. */
    readonly deleting: number;
  };
  readonly database: { readonly bytes: number };
  readonly keys: { readonly current: number; readonly inUse: readonly KeyUsage[] };
}

/** Figures of the whole vault, for whoever runs it. */
@Injectable()
export class StatsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly repository: StatsRepository,
    private readonly keys: KeyRotation,
  ) {}

  /** All figures are of one moment. */
  async read(): Promise<VaultStats> {
    return this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const counts = await this.repository.counts(tx);
      const groups = await this.repository.blobs(tx);
      const { current, inUse } = await this.keys.status(tx);
      const ready = (kind: BlobKind): Stored => {
        const group = groups.find((each) => each.state === 'ready' && each.kind === kind);
        return { count: group?.count ?? 0, bytes: group?.ctBytes ?? 0 };
      };
      const inState = (state: string): number =>
        groups.filter((group) => group.state === state).reduce((total, { count }) => total + count, 0);
      const originals = groups.find(({ state, kind }) => state === 'ready' && kind === BlobKind.original);
      return {
        accounts: { active: counts.activeAccounts, disabled: counts.disabledAccounts },
        files: { stored: counts.files, trashed: counts.trashedFiles, bytes: originals?.ptBytes ?? 0 },
        folders: { all: counts.folders, locked: counts.lockedFolders, trashed: counts.trashedFolders },
        shares: { live: counts.liveShares },
        sessions: { live: counts.liveSessions },
        blobs: {
          original: ready(BlobKind.original),
          thumbnail: ready(BlobKind.thumbnail),
          preview: ready(BlobKind.preview),
          pending: inState('pending'),
          deleting: inState('deleting'),
        },
        database: { bytes: counts.databaseBytes },
        keys: { current, inUse },
      };
    });
  }
}
