import { folderNameIndex } from '../platform/crypto/blind-index';
import { folderNameContext } from '../platform/crypto/contexts';
import { openValue, sealValue } from '../platform/crypto/sealed-value';
import { orDamaged } from '../vault/or-damaged';
import type { FolderEntity } from './folder.entity';

/** A folder's name as its row has it. @param userKey of its owner: the owner must see it to unlock the folder */
export function sealFolderName(
  userKey: Buffer,
  { id, ownerId }: Pick<FolderEntity, 'id' | 'ownerId'>,
  name: string,
): { nameBidx: Buffer; nameSealed: Buffer } {
  const nameSealed = sealValue(userKey, folderNameContext(ownerId, id), Buffer.from(name));
  return { nameBidx: folderNameIndex(userKey, name), nameSealed };
}

/** @throws {AppError} `VAULT.DAMAGED` when the row was tampered with */
export function openFolderName(
  userKey: Buffer,
  { id, ownerId }: Pick<FolderEntity, 'id' | 'ownerId'>,
  sealed: Buffer,
): string {
  return orDamaged(() => openValue(userKey, folderNameContext(ownerId, id), sealed)).toString();
}
