import { Injectable } from '@nestjs/common';
import { FolderAccess } from '../../folders/access/folder-access.service';
import { contentIndex } from '../../platform/crypto/blind-index';
import { AppError } from '../../platform/errors/app-error';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { FilesRepository } from '../files.repository';
import { TrashedFilesRepository } from '../trash/trashed-files.repository';

/** A file that a client could upload. */
export interface CheckedFile {
  readonly clientId: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** The root when undefined. */
  readonly folderId?: string;
}

/** What an upload of it would come to. */
export interface CheckOutcome {
  readonly clientId: string;
  /** Its folder has its bytes already, or has them in its trash: an upload would bring those back. */
  readonly action?: 'upload' | 'duplicate' | 'restorable';
  /** The file that has them. */
  readonly fileId?: string;
  /** Why nothing can be said. */
  readonly error?: AppError;
}

/** Folders of one question: each is opened by itself, and some of them are locked. */
const MOST_FOLDERS = 100;

/** What a folder has of the bytes that were asked for, or why it does not say. Keys are digests in hexadecimal. */
type Found = ReadonlyMap<string, Pick<CheckOutcome, 'action' | 'fileId'>> | AppError;

/** Answers tools that sync what they would have to send, before they send it. Nothing is reserved: an upload finds out for itself. */
@Injectable()
export class FileCheck {
  constructor(
    private readonly access: FolderAccess,
    private readonly files: FilesRepository,
    private readonly trashed: TrashedFilesRepository,
  ) {}

  /**
   * @returns in the order of the question; errors `FOLDER.LOCKED`, `FOLDER.NOT_FOUND`
   * @throws {AppError} `REQUEST.INVALID` for more than {@link MOST_FOLDERS} folders
   */
  async check(principal: Principal, files: readonly CheckedFile[]): Promise<CheckOutcome[]> {
    const asked = new Map<string | undefined, Set<string>>();
    for (const { folderId, sha256 } of files) {
      asked.set(folderId, (asked.get(folderId) ?? new Set()).add(sha256.toLowerCase()));
    }
    if (asked.size > MOST_FOLDERS)
      throw RequestErrors.invalid({
        errors: [{ path: 'items', message: `items must not name more than ${MOST_FOLDERS} folders` }],
      });
    const found = new Map<string | undefined, Found>();
    for (const [folderId, digests] of asked) {
      found.set(folderId, await this.findIn(principal, folderId, [...digests]));
    }
    return files.map(({ clientId, folderId, sha256 }) => {
      const there = found.get(folderId);
      if (there instanceof AppError) return { clientId, error: there };
      return { clientId, ...(there?.get(sha256.toLowerCase()) ?? { action: 'upload' }) };
    });
  }

  /** A file that is there comes before one in the trash: that is what an upload does. */
  private async findIn(principal: Principal, folderId: string | undefined, digests: readonly string[]): Promise<Found> {
    try {
      const folder = await this.access.keyFor(principal, folderId);
      const digestOf = new Map(
        digests.map((digest) => [contentIndex(folder.key, Buffer.from(digest, 'hex')).toString('hex'), digest]),
      );
      const indexes = [...digestOf.keys()].map((index) => Buffer.from(index, 'hex'));
      const live = await this.files.findManyByContent(principal.userId, folder.id, indexes);
      const trashed = await this.trashed.findManyByContent(principal.userId, folder.id, indexes);
      // Of two entries for the same bytes, the later one stays.
      const outcomes = [
        ...trashed.map((file) => ({ ...file, action: 'restorable' as const })),
        ...live.map((file) => ({ ...file, action: 'duplicate' as const })),
      ];
      return new Map(
        outcomes.map(({ contentBidx, action, id }) => [
          digestOf.get(contentBidx.toString('hex')) ?? '',
          { action, fileId: id },
        ]),
      );
    } catch (error) {
      // A folder that is lost or locked keeps nobody from asking for others.
      if (error instanceof AppError && error.definition.status !== 401) return error;
      throw error;
    }
  }
}
