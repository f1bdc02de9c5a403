import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from '../../src/platform/crypto/chunked-encryption';
import {
  blobContext,
  BlobKind,
  emailContext,
  fileKeyContext,
  fileMetadataContext,
  folderKeyContext,
  folderNameContext,
  folderSlotContext,
  grantContext,
  mailboxContext,
  serverSecretContext,
  shareContext,
  shareFileContext,
  shareLabelContext,
  shareSessionContext,
  ShareTarget,
  type ServerSecretPurpose,
  SlotType,
  userKeyContext,
} from '../../src/platform/crypto/contexts';
import {
  folderSlotKey,
  grantKey,
  lockPepper,
  sharePepper,
  shareSessionKey,
} from '../../src/platform/crypto/key-derivation';
import { openValue } from '../../src/platform/crypto/sealed-value';
import { deriveShareKey, type SharedTarget, toSeconds } from '../../src/shares/share-sealing';
import type { TestApp } from './test-app';

export type Row = Record<string, unknown> & { id: string };
export const text = (value: unknown) => String(value);
export const number = (value: unknown) => Number(value);
export const bytes = (value: unknown) => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));

/** Everything that lies on disks when the server is stopped: the database, the objects and the master key. */
export interface Loot {
  /** Every sealed or wrapped value of the database, by where it was found. */
  readonly values: ReadonlyMap<string, Buffer>;
  /** Every context that any of them could have been sealed under. */
  readonly contexts: readonly Buffer[];
  readonly folders: readonly Row[];
  readonly slots: readonly Row[];
  readonly grants: readonly Row[];
  readonly blobs: readonly Row[];
  /** The stored objects, by the ids of their blobs. */
  readonly objects: ReadonlyMap<string, Buffer>;
  readonly shares: readonly SharedTarget[];
  readonly tokenHashes: readonly Buffer[];
  readonly masterKey: Buffer;
}

/** Takes all of it, as it is now. */
export async function steal(vault: TestApp): Promise<Loot> {
  const rows = (sql: string) => vault.database.query<Row>(sql);
  const [users, userKeys, secrets] = [
    await rows('SELECT * FROM users'),
    await rows('SELECT user_id AS id, * FROM user_keys'),
    await rows('SELECT purpose AS id, * FROM server_secrets'),
  ];
  const [folders, slots, grants] = [
    await rows('SELECT * FROM folders'),
    await rows('SELECT s.*, f.owner_id FROM folder_slots s JOIN folders f ON f.id = s.folder_id'),
    await rows('SELECT *, extract(epoch FROM expires_at)::bigint AS expires FROM unlock_grants'),
  ];
  const [files, blobs, sessions] = [
    await rows('SELECT * FROM files'),
    await rows('SELECT * FROM blobs'),
    await rows('SELECT * FROM sessions'),
  ];
  const [shareRows, items, visits] = [
    await rows('SELECT * FROM shares'),
    await rows('SELECT share_id AS id, * FROM share_items'),
    await rows('SELECT *, extract(epoch FROM expires_at)::bigint AS expires FROM share_sessions'),
  ];
  const [challenges, deletions] = [
    await rows('SELECT * FROM login_challenges'),
    await rows('SELECT user_id AS id, * FROM account_deletions'),
  ];
  const shares = shareRows.map((row) => ({
    id: row.id,
    ownerId: text(row['owner_id']),
    folderId: row['folder_id'] as string | null,
    fkVersion: row['fk_version'] as number | null,
    expiresAt: row['expires_at'] as Date,
  }));
  const all = {
    users,
    userKeys,
    secrets,
    folders,
    slots,
    grants,
    files,
    shares: shareRows,
    items,
    visits,
    challenges,
    deletions,
  };
  const values = new Map(
    Object.entries(all).flatMap(([table, list]) =>
      list.flatMap((row) =>
        Object.entries(row).flatMap(([column, value]): [string, Buffer][] =>
          Buffer.isBuffer(value) && value[0] === 1 && value.length >= 73
            ? [[`${table} ${row.id} ${column}`, value]]
            : [],
        ),
      ),
    ),
  );
  const contexts = [
    ...userKeys.map((row) => userKeyContext(row.id, number(row['kid']))),
    ...secrets.map((row) =>
      serverSecretContext(number(row['kid']), number(row['version']), row.id as ServerSecretPurpose),
    ),
    ...users.map((row) => emailContext(row.id)),
    ...[...challenges, ...deletions].map((row) => mailboxContext(row.id)),
    ...folders.map((row) => folderNameContext(text(row['owner_id']), row.id)),
    // Also under keys of the past, and of the future.
    ...folders.flatMap((row) => [1, 2, 3].map((version) => folderKeyContext(text(row['owner_id']), row.id, version))),
    ...slots.flatMap((row) =>
      [SlotType.password, SlotType.recovery].map((type) =>
        folderSlotContext(text(row['owner_id']), text(row['folder_id']), number(row['fk_version']), row.id, type),
      ),
    ),
    ...grants.map((row) =>
      grantContext(
        text(row['session_id']),
        text(row['folder_id']),
        number(row['fk_version']),
        row.id,
        BigInt(text(row['expires'])),
      ),
    ),
    ...files.flatMap((row) => [
      fileKeyContext(
        text(row['owner_id']),
        text(row['folder_id']),
        number(row['fk_version']),
        row.id,
        number(row['blob_version']),
      ),
      fileMetadataContext(text(row['owner_id']), text(row['folder_id']), row.id, number(row['meta_version'])),
    ]),
  ];
  contexts.push(
    ...shares.flatMap(({ id, ownerId, folderId, fkVersion, expiresAt }) => [
      shareLabelContext(id, toSeconds(expiresAt)),
      shareContext(id, ownerId, ShareTarget.folder, folderId ?? id, fkVersion ?? 1, toSeconds(expiresAt)),
      ...items.flatMap((row) => [
        shareContext(
          id,
          ownerId,
          ShareTarget.file,
          text(row['file_id']),
          number(row['blob_version']),
          toSeconds(expiresAt),
        ),
        shareFileContext(id, text(row['file_id'])),
      ]),
    ]),
    ...visits.map((row) => shareSessionContext(text(row['share_id']), row.id, BigInt(text(row['expires'])))),
  );
  const masterKey = Buffer.from(
    readFileSync(join(vault.dataDir, 'master.key'), 'utf8')
      .split(/\s+/)
      .findLast((word) => word.length > 20) ?? '',
    'base64url',
  );
  const tokenHashes = [...sessions, ...visits].map((row) => bytes(row['token_hash']));
  tokenHashes.push(...shareRows.map((row) => bytes(row['secret_hash'])));
  const objects = new Map(
    readdirSync(join(vault.dataDir, 'blobs'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))]),
  );
  return { values, contexts, folders, slots, grants, blobs, objects, shares, tokenHashes, masterKey };
}

/** What came open: keys and values, by where the value was found. */
export interface Opened {
  readonly keys: Buffer[];
  readonly values: ReadonlyMap<string, Buffer>;
}

/**
 * Tries every value with every key under every context; every 32 bytes that come out are keys for the next round, and so are the keys that can
 * be derived from them.
 * @param before what the same has given already, with fewer keys
 */
export function tryEverything(
  loot: Loot,
  start: readonly Buffer[],
  before: Opened = { keys: [], values: new Map() },
): Opened {
  const keys = new Map(before.keys.map((key) => [key.toString('hex'), key]));
  const values = new Map(before.values);
  let fresh = [...start];
  while (fresh.length > 0) {
    const round = fresh.flatMap((key) => [key, ...derived(loot, key)]).filter((key) => !keys.has(key.toString('hex')));
    for (const key of round) keys.set(key.toString('hex'), key);
    fresh = [];
    for (const key of round) {
      for (const [where, value] of loot.values) {
        if (values.has(where)) continue;
        for (const context of loot.contexts) {
          const plain = opened(key, context, value);
          if (!plain) continue;
          values.set(where, plain);
          if (plain.length === 32) fresh.push(plain);
          break;
        }
      }
    }
  }
  return { keys: [...keys.values()], values };
}

/** Keys that a key can be turned into, with everything that the server stores in the place of what it does not. */
function derived({ folders, slots, grants, shares, tokenHashes }: Loot, key: Buffer): Buffer[] {
  const peppers = folders.flatMap(({ id }) => [lockPepper(key, id), sharePepper(key, id)]);
  const guesses = [
    Buffer.alloc(32),
    key,
    ...tokenHashes,
    ...slots.map((row) => Buffer.concat([bytes(row['salt']), Buffer.alloc(32)]).subarray(0, 32)),
  ];
  const slotKeys = slots.flatMap((row) => {
    const folderId = text(row['folder_id']);
    const slot = { slotId: row.id, userId: text(row['owner_id']), folderId, fkVersion: number(row['fk_version']) };
    return guesses.map((secret) => folderSlotKey({ secret, pepper: lockPepper(key, folderId) }, slot));
  });
  const grantKeys = grants.flatMap((row) =>
    [key, ...tokenHashes].map((token) => grantKey(token, text(row['session_id']), text(row['folder_id']))),
  );
  const shareKeys = shares.flatMap((share) => [
    ...[Buffer.alloc(32), key, ...tokenHashes].map((link) => deriveShareKey(share, { link, passwordKey: null }, key)),
    ...[key, ...tokenHashes].map((token) => shareSessionKey(token, share.id)),
  ]);
  return [...peppers, ...slotKeys, ...grantKeys, ...shareKeys];
}

function opened(key: Buffer, context: Buffer, value: Buffer): Buffer | null {
  try {
    return openValue(key, context, value);
  } catch {
    return null;
  }
}

/** The ids of the files whose bytes come open. @throws when an object is missing that its row says is there */
export function readableFiles({ blobs, objects }: Loot, { keys }: Opened): string[] {
  return blobs
    .filter((row) => row['kind'] === BlobKind.original)
    .filter((row) => {
      const object = objects.get(row.id);
      if (!object) throw new Error('an object is missing');
      const context = blobContext(text(row['owner_id']), text(row['file_id']), row.id, BlobKind.original);
      return keys.some((key) => {
        try {
          return open(key, context, object).length > 0;
        } catch {
          return false;
        }
      });
    })
    .map((row) => text(row['file_id']));
}
