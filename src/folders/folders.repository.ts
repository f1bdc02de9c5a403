import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { type PreparedStatement, PreparedStatements } from '../platform/database/prepared-statements';
import { FolderEntity } from './folder.entity';

/** What it takes to open a folder. */
export type FolderKeyRow = Pick<FolderEntity, 'id' | 'ownerId' | 'fkVersion' | 'fkWrapped' | 'epoch'>;

const COLUMNS = 'id, owner_id AS "ownerId", fk_version AS "fkVersion", fk_wrapped AS "fkWrapped", epoch';

const FIND_OWNED: PreparedStatement = {
  name: 'folders_find_owned',
  text: `SELECT ${COLUMNS} FROM folders WHERE owner_id = $1 AND id = $2`,
};
const FIND_ROOT: PreparedStatement = {
  name: 'folders_find_root',
  text: `SELECT ${COLUMNS} FROM folders WHERE owner_id = $1 AND is_root`,
};

@Injectable()
export class FoldersRepository {
  constructor(
    @InjectRepository(FolderEntity) private readonly rows: Repository<FolderEntity>,
    private readonly statements: PreparedStatements,
  ) {}

  async findOwned(ownerId: string, id: string): Promise<FolderKeyRow | null> {
    return (await this.statements.run<FolderKeyRow>(FIND_OWNED, [ownerId, id]))[0] ?? null;
  }

  async findRoot(ownerId: string): Promise<FolderKeyRow | null> {
    return (await this.statements.run<FolderKeyRow>(FIND_ROOT, [ownerId]))[0] ?? null;
  }

  /** Of two first uploads at once, one makes the root and the other finds it. */
  async insertRootUnlessThere(root: Pick<FolderEntity, 'id' | 'ownerId' | 'fkWrapped'>): Promise<void> {
    await this.rows
      .createQueryBuilder()
      .insert()
      .values({ ...root, isRoot: true })
      .orIgnore()
      .execute();
  }
}
