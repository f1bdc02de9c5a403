import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';
import { violatedUnique } from '../../platform/database/prepared-statements';
import { isUuid } from '../../platform/database/uuid';
import { AppError } from '../../platform/errors/app-error';
import type { Principal } from '../../platform/http/principal';
import { LOGGER } from '../../platform/logging/logging.module';
import { numberedName } from '../../platform/names/numbered-name';
import { UsersService } from '../../users/users.service';
import { KeyringService } from '../../vault/keyring.service';
import { FolderAccess } from '../access/folder-access.service';
import type { OpenFolder } from '../access/open-folder';
import { openFolderName, sealFolderName } from '../folder-naming';
import { FolderErrors } from '../folders.errors';
import { FoldersRepository } from '../folders.repository';
import { FOLDER_LIMIT } from '../folders.service';
import { type DueFolder, TrashedFoldersRepository, type TrashedFolderRow } from './trashed-folders.repository';

/** A folder in the trash, or a locked one of which some files are. */
export interface TrashedFolder {
  readonly row: TrashedFolderRow;
  readonly name: string;
}

/** A folder in the trash that the principal may restore. */
export interface RestorableFolder {
  readonly folder: OpenFolder;
  readonly name: string;
  readonly trashedAt: Date;
}

/** The part of the trash that is folders; what was in them is the files' room. */
@Injectable()
export class FolderTrash {
  constructor(
    private readonly dataSource: DataSource,
    private readonly folders: FoldersRepository,
    private readonly trashed: TrashedFoldersRepository,
    private readonly access: FolderAccess,
    private readonly keyring: KeyringService,
    private readonly users: UsersService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async list(principal: Principal): Promise<TrashedFolder[]> {
    const rows = await this.rows(principal);
    const userKey = await this.keyring.userKey(principal.userId);
    return rows.map((row) => this.named(userKey, row)).filter((folder) => folder !== null);
  }

  /** The same, their names still sealed: whoever purges them does not need to know. */
  async rows({ userId, sessionId }: Principal): Promise<TrashedFolderRow[]> {
    return this.trashed.findShown(userId, sessionId);
  }

  /** One of {@link rows}. */
  async row({ userId, sessionId }: Principal, id: string): Promise<TrashedFolderRow | null> {
    return this.trashed.findShownOne(userId, sessionId, id);
  }

  /**
   * A folder, in the trash or not, as {@link FolderAccess.keyFor} hands it out.
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`
   */
  async keyAnywhere(principal: Principal, id: string): Promise<OpenFolder> {
    const row = isUuid(id) ? await this.folders.findOwnedAnywhere(principal.userId, id) : null;
    if (!row) throw FolderErrors.notFound();
    return this.access.openRow(principal, row);
  }

  /** Null for a folder that is not in the trash. @throws {AppError} `FOLDER.LOCKED` */
  async findRestorable(principal: Principal, id: string): Promise<RestorableFolder | null> {
    const { userId: ownerId } = principal;
    const row = await this.trashed.findOwned(ownerId, id);
    if (!row?.trashedAt || !row.nameSealed) return null;
    const folder = await this.keyAnywhere(principal, id);
    const name = openFolderName(await this.keyring.userKey(ownerId), folder, row.nameSealed);
    return { folder, name, trashedAt: row.trashedAt };
  }

  /**
   * As many as an account may have at all: they are listed at once, like those.
   * @returns since when it is there
   * @throws {AppError} `FOLDER.CHANGED_MEANWHILE`, `FOLDER.TOO_MANY`
   */
  async trash(tx: EntityManager, folder: OpenFolder): Promise<Date> {
    await this.users.lock(tx, folder.ownerId);
    if ((await this.trashed.countTrashed(tx, folder.ownerId)) >= FOLDER_LIMIT)
      throw FolderErrors.tooMany({
        detail: 'There are as many folders in the trash as there may be: purge one of them.',
      });
    const at = await this.trashed.trash(tx, folder);
    if (!at) throw FolderErrors.changedMeanwhile();
    return at;
  }

  /**
   * Takes a folder out of the trash, with a number when another has its name by now.
   * @param alongside restores in the same transaction what was in it
   * @throws {AppError} `FOLDER.TOO_MANY`, `FOLDER.CHANGED_MEANWHILE`
   */
  async restore({ folder, name }: RestorableFolder, alongside: (tx: EntityManager) => Promise<void>): Promise<void> {
    const { id, ownerId, epoch } = folder;
    const userKey = await this.keyring.userKey(ownerId);
    for (let n = 0; ; n++) {
      const sealed = sealFolderName(userKey, folder, n === 0 ? name : numberedName(name, n));
      try {
        return await this.dataSource.transaction(async (tx) => {
          await this.users.lock(tx, ownerId);
          if ((await this.trashed.countOthers(tx, ownerId)) >= FOLDER_LIMIT) throw FolderErrors.tooMany();
          if (!(await this.trashed.restore(tx, { id, ownerId, epoch, ...sealed })))
            throw FolderErrors.changedMeanwhile();
          await alongside(tx);
        });
      } catch (error) {
        if (violatedUnique(error) !== 'uq_folders_owner_id_name_bidx') throw error;
      }
    }
  }

  /**
   * From the end of the transaction on nobody sees the folder.
   * @param trashedAt since when it has to be in the trash: whoever has restored it meanwhile wants to keep it
   * @throws {AppError} `FOLDER.NOT_FOUND`, also for the root
   */
  async markPurged(tx: EntityManager, ownerId: string, id: string, trashedAt?: Date): Promise<void> {
    if (!(await this.trashed.markPurged(tx, ownerId, id, trashedAt))) throw FolderErrors.notFound();
  }

  /** See {@link TrashedFoldersRepository.findDue}. */
  async findDue(days: number, limit: number, after?: DueFolder): Promise<DueFolder[]> {
    return this.trashed.findDue(days, limit, after);
  }

  /** A name that was tampered with must not hide all the others; whoever runs the server hears of it. */
  private named(userKey: Buffer, row: TrashedFolderRow): TrashedFolder | null {
    try {
      return { row, name: row.nameSealed ? openFolderName(userKey, row, row.nameSealed) : '' };
    } catch (error) {
      if (!(error instanceof AppError && error.definition.alert)) throw error;
      const { code, alert } = error.definition;
      this.logger.error({ code, alert, folderId: row.id, err: error }, 'a folder is left out of the trash');
      return null;
    }
  }

  /** When its last file is gone. */
  async deletePurged(ownerId: string, id: string): Promise<void> {
    await this.trashed.deletePurged(ownerId, id);
  }
}
