import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { FIRST_VERSION, sealedColumns, wrapFileKey } from '../../src/files/file-sealing';
import { FolderAccess } from '../../src/folders/access/folder-access.service';
import { parseToken } from '../../src/platform/crypto/tokens';
import type { TestApp } from './test-app';
import type { VaultClient } from './vault-client';

/** Rows in one statement. */
const BATCH = 2000;

/**
 * Puts files into an open folder whose rows are real and whose bytes are not there: for what happens to thousands of rows at once.
 * @returns their names, in order
 */
export async function insertManyFiles(
  vault: TestApp,
  client: VaultClient,
  folderId: string,
  count: number,
): Promise<string[]> {
  const token = parseToken('pvs', client.token ?? '') ?? Buffer.alloc(0);
  const principal = { userId: client.userId ?? '', sessionId: uuidv7(), token, device: '', fresh: false };
  const folder = await vault.app.get(FolderAccess, { strict: false }).keyFor(principal, folderId);
  const names = Array.from({ length: count }, (_, n) => `${String(n).padStart(6, '0')}.jpg`);
  for (let first = 0; first < count; first += BATCH) {
    const files = names.slice(first, first + BATCH).map((name) => {
      const id = uuidv7();
      const facts = { contentType: 'image/jpeg', length: 1000, crc32: 0, sha256: randomBytes(32).toString('hex') };
      const takenAt = new Date(Date.UTC(2000, 0, 1) + Math.floor(Math.random() * 8e11)).toISOString();
      const sealed = sealedColumns(folder, id, FIRST_VERSION, { name, takenAt, ...facts });
      return { id, blobId: uuidv7(), dekWrapped: wrapFileKey(folder, id, randomBytes(32)), ...sealed };
    });
    const column = <K extends keyof (typeof files)[number]>(key: K) => files.map((file) => file[key]);
    await vault.database.query(
      `WITH input AS (
         SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::timestamptz[])
                AS u (id, blob_id, dek_wrapped, meta_sealed, name_bidx, content_bidx, taken_at)
       ), blob AS (
         INSERT INTO blobs (id, owner_id, file_id, kind, state, ct_bytes, ct_crc32, header)
         SELECT blob_id, $1, id, 0, 'ready', 1072, 0, decode(repeat('00', 56), 'hex') FROM input
       )
       INSERT INTO files (id, owner_id, folder_id, blob_id, fk_version, dek_wrapped, meta_sealed, name_bidx, content_bidx, taken_at)
       SELECT id, $1, $2, blob_id, $10, dek_wrapped, meta_sealed, name_bidx, content_bidx, taken_at FROM input`,
      [
        folder.ownerId,
        folder.id,
        column('id'),
        column('blobId'),
        column('dekWrapped'),
        column('metaSealed'),
        column('nameBidx'),
        column('contentBidx'),
        column('takenAt'),
        folder.keyVersion,
      ],
    );
  }
  return names;
}
