import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { folderKeyContext } from '../platform/crypto/contexts';
import { wrapKey } from '../platform/crypto/sealed-value';
import { isForeignKeyViolation, violatedUnique } from '../platform/database/prepared-statements';
import { noSession } from '../platform/http/http.errors';
import type { Principal } from '../platform/http/principal';
import { storedName } from '../platform/names/stored-name';
import { UsersService } from '../users/users.service';
import { KeyringService } from '../vault/keyring.service';
import { FIRST_KEY_VERSION, FolderAccess } from './access/folder-access.service';
import { openFolderName, sealFolderName } from './folder-naming';
import { FolderErrors } from './folders.errors';
import { FoldersRepository, type ShownFolderRow } from './folders.repository';

/** All of them are listed at once. */
export const FOLDER_LIMIT = 1000;

/** A folder as its owner sees it. */
export interface ShownFolder {
  readonly row: ShownFolderRow;
  /** null for the root, which needs none. */
  readonly name: string | null;
}

/** Folders of one level, each with a key of its own. What is in them is the files' room; how they are locked is `locks/`. */
@Injectable()
export class FoldersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly folders: FoldersRepository,
    private readonly access: FolderAccess,
    private readonly keyring: KeyringService,
    private readonly users: UsersService,
  ) {}

  /** @throws {AppError} `FOLDER.BAD_NAME`, `FOLDER.NAME_TAKEN`, `FOLDER.TOO_MANY`; `AUTH.SESSION_REQUIRED` when the account was just deleted */
  async create(principal: Principal, name: string): Promise<ShownFolder> {
    const { userId: ownerId } = principal;
    const id = uuidv7();
    const userKey = await this.keyring.userKey(ownerId);
    const fkWrapped = wrapKey(userKey, folderKeyContext(ownerId, id, FIRST_KEY_VERSION), randomBytes(KEY_BYTES));
    const folder = { id, ownerId, fkWrapped, ...sealFolderName(userKey, { id, ownerId }, validName(name)) };
    const inserted = this.dataSource.transaction(async (tx) => {
      if ((await this.users.lock(tx, ownerId)) === null) throw noSession();
      return this.folders.insertOwned(tx, folder, FOLDER_LIMIT);
    });
    if (!(await orNameTaken(inserted))) throw FolderErrors.tooMany();
    return this.get(principal, id);
  }

  /** The root first, then by name. */
  async list(principal: Principal): Promise<ShownFolder[]> {
    await this.access.keyFor(principal);
    const rows = await this.folders.findShown(principal.userId, principal.sessionId);
    const shown = await Promise.all(rows.map((row) => this.shown(row)));
    const { compare } = new Intl.Collator('en', { numeric: true });
    return shown.sort((a, b) => (a.row.isRoot ? -1 : b.row.isRoot ? 1 : compare(a.name ?? '', b.name ?? '')));
  }

  /** @throws {AppError} `FOLDER.NOT_FOUND` */
  async get({ userId, sessionId }: Principal, id: string): Promise<ShownFolder> {
    const row = await this.folders.findShownOne(userId, sessionId, id);
    if (!row) throw FolderErrors.notFound();
    return this.shown(row);
  }

  /** @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.LOCKED`, `FOLDER.IS_ROOT`, `FOLDER.BAD_NAME`, `FOLDER.NAME_TAKEN` */
  async rename(principal: Principal, id: string, name: string): Promise<ShownFolder> {
    const { isRoot, ownerId } = await this.access.keyFor(principal, id);
    if (isRoot) throw FolderErrors.isRoot();
    const sealed = sealFolderName(await this.keyring.userKey(ownerId), { id, ownerId }, validName(name));
    await orNameTaken(this.folders.rename(ownerId, id, sealed));
    return this.get(principal, id);
  }

  /**
   * Only an empty one; that needs no grant, because there is nothing in it to protect.
   * @throws {AppError} `FOLDER.NOT_FOUND`, `FOLDER.IS_ROOT`, `FOLDER.NOT_EMPTY`
   */
  async deleteEmpty(principal: Principal, id: string): Promise<void> {
    const { row } = await this.get(principal, id);
    if (row.isRoot) throw FolderErrors.isRoot();
    try {
      await this.folders.deleteOwned(principal.userId, id);
    } catch (error) {
      throw isForeignKeyViolation(error) ? FolderErrors.notEmpty({ cause: error }) : error;
    }
  }

  private async shown(row: ShownFolderRow): Promise<ShownFolder> {
    if (!row.nameSealed) return { row, name: null };
    return { row, name: openFolderName(await this.keyring.userKey(row.ownerId), row, row.nameSealed) };
  }
}

function validName(raw: string): string {
  const stored = storedName(raw, 'folder');
  if (!stored.ok) throw FolderErrors.badName({ detail: stored.reason });
  return stored.name;
}

async function orNameTaken<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    throw violatedUnique(error) === null ? error : FolderErrors.nameTaken({ cause: error });
  }
}
